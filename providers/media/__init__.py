"""Media: fetched from where they may lie, looked at by content, kept in an object store."""
