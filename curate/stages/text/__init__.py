"""Edits of the text itself."""
