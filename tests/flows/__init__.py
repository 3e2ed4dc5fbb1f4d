"""What customers say, and what they hear."""
