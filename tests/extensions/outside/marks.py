"""A stage of a user's own: how many exclamation marks a text has."""

from curate import Doc


def count(doc: Doc) -> Doc:
    """Count exclamation marks.

    Makes: n_marks: int
    """
    doc.columns["n_marks"] = doc.text.count("!")
    return doc
