"""Everything that is stored in a Temporal history: names and types only. A change must keep old histories readable.

Fields at their defaults are not written, so a default is part of the format: never change one, add a field instead.
"""
