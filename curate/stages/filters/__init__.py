"""Filters: bounds on measurements of a text, and edits that take lines out."""
