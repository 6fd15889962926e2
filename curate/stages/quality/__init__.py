"""How good a text is, as numbers, and what is kept for them."""
