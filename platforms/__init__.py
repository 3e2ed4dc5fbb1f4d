"""One folder per messaging platform; see `base.py` for the protocol and `registry.py` for the list."""
