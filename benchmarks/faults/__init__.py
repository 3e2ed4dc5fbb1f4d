"""Breaks the whole system at chosen steps of a turn, under load, and accounts for every message it had accepted."""
