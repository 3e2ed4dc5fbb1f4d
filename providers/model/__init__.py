"""The language model: the real one, one that plays a script, and the patience around either."""
