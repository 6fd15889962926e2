"""How good a text is, as numbers."""
