"""Whose rows an operator sees, and how long an account's rows are kept."""
