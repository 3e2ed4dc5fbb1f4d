"""Time and the order of things, nothing else."""
