"""Golden flows: whole conversations, as files, on the time-skipping server."""
