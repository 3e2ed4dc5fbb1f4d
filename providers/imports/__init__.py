"""Files that shops bring: goods as tables, knowledge as documents."""
