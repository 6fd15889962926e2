"""Removing what the corpus holds more than once."""
