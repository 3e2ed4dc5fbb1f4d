"""Everything that is stored in a Temporal history: names and types only. A change must keep old histories readable."""
