"""The sub-commands of `everturn`, one file per family; `cli.py` names them."""
