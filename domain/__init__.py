"""The nouns of the house: frozen values, no IO, no imports of ours."""
