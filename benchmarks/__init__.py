"""What Everturn costs, measured on the real servers and always beside the bare floor of the same run."""
