"""Stages of a user's own, one of each kind, for recipes that list `modules: [tests.engine.my_stages]`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from curate import Batch, Doc, Rules, Verdicts, at_least


def not_shouty(doc: Doc, *, max_upper_share: float = 0.3) -> bool | str:
    """Drop pages written mostly in capitals."""
    upper = sum(c.isupper() for c in doc.text)
    return upper <= max_upper_share * len(doc.text) or "mostly_capitals"


def has_text(doc: Doc) -> bool:
    """Drop empty pages."""
    return bool(doc.text)


def long_enough(batch: Batch, *, min_characters: int = 5) -> Verdicts:
    """Drop short texts, by the batch."""
    lengths = np.array([len(text) for text in batch.texts()], np.float32)
    return Verdicts(("too_short",), np.where(lengths < min_characters, 0, -1).astype(np.int16), lengths)


def exclaim(doc: Doc) -> Doc | str:
    """Add an exclamation mark; refuse questions.

    Makes: text, n_marks: int
    """
    if doc.text.endswith("?"):
        return "is_a_question"
    doc.text += "!"
    doc.columns["n_marks"] = doc.text.count("!")
    return doc


def marked(*, min_marks: int = 1) -> Rules:
    """Keep texts with enough exclamation marks."""
    return Rules(too_few_marks=at_least("n_marks", min_marks))


def loses_rows(batch: Batch) -> Batch:
    """Break the contract: drop the first row without a word."""
    return Batch(batch.rows.slice(1))


def halves(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Turn each document into two."""
    for batch in batches:
        docs = []
        for doc in batch.docs():
            middle = len(doc.text) // 2
            docs += [
                Doc(f"{doc.id}#{k}", part, source=doc.source)
                for k, part in enumerate((doc.text[:middle], doc.text[middle:]))
            ]
        yield Batch.from_docs(docs, batch.rows.schema)


def fails_on_x(doc: Doc) -> bool:
    """Raise on one document."""
    if doc.text == "x":
        raise ZeroDivisionError("a bug of the user's own")
    return True


def undeclared(doc: Doc) -> Doc:
    """Make a column and not say so."""
    doc.columns["secret"] = 1
    return doc


class remembers:
    """Count what it has seen; opened on the worker."""

    def __init__(self, *, start: int = 0):
        self.start = start

    def setup(self) -> None:
        self.seen = self.start

    def __call__(self, batch: Batch) -> Batch:
        self.seen += len(batch)
        return batch.counted({"seen": len(batch)})

    def close(self) -> None:
        del self.seen


def dies(doc: Doc) -> bool:
    """Take the whole process down, as the kernel does when memory runs out."""
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
    return True


def exits(doc: Doc) -> bool:
    """Leave the program, as a library that calls `exit` does."""
    raise SystemExit(0)


def answers_nothing(batch: Batch) -> Verdicts:
    """Forget to return."""


def unknown_code(batch: Batch) -> Verdicts:
    """Point at a reason that is not there."""
    return Verdicts(("a",), np.full(len(batch), 7, np.int16), np.zeros(len(batch), np.float32))


def forgets_the_doc(doc: Doc) -> Doc:
    """Forget to return."""


def empty_reason(doc: Doc) -> bool | str:
    """Give a reason that says nothing."""
    return ""


def loses_a_column(batch: Batch) -> Batch:
    """Take the text away and not say so."""
    return batch.without("text")


def talks(doc: Doc) -> bool:
    """Print, as people do while they try things out."""
    print("here I am")
    return True


def slow(doc: Doc, *, seconds: float = 0.02) -> bool:
    """Take a while for each document."""
    import time

    time.sleep(seconds)
    return True


def divides(doc: Doc) -> bool:
    """Keep texts that are numbers one can divide by; fail on all others."""
    return 1 / int(doc.text) > 0


def divides_batch(batch: Batch) -> Verdicts:
    """Do the same on a batch."""
    return Verdicts.of([None if 1 / int(text) > 0 else "negative" for text in batch.texts()])


def divides_edit(doc: Doc) -> Doc:
    """Make a column of it.

    Makes: inverse: float
    """
    doc.columns["inverse"] = 1 / int(doc.text)
    return doc


def divides_batch_edit(batch: Batch) -> Batch:
    """Do the same on a batch.

    Makes: inverse: float
    """
    return batch.with_columns({"inverse": np.array([1 / int(text) for text in batch.texts()], np.float64)})


def mislabels(doc: Doc) -> Doc:
    """Make a number, and a word of some documents; return nothing for others.

    Makes: size: float
    """
    doc.columns["size"] = {"2": 2.0, "x": "high"}.get(doc.text, 1)
    return doc if doc.text != "0" else None
