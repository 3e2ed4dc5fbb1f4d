"""Real servers on this machine: PostgreSQL and Temporal as children that are watched, restarted, stopped in order."""
