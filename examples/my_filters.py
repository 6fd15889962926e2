"""A filter of your own: one function in one file. Used by examples/my_recipe.yaml."""

from curate import Doc


def not_shouty(doc: Doc, *, max_upper_share: float = 0.3) -> bool | str:
    """Drop pages written mostly in capitals."""
    upper = sum(c.isupper() for c in doc.text)
    return upper <= max_upper_share * len(doc.text) or "mostly_capitals"
