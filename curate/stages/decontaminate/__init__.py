"""Removing what models are to be tested with."""
