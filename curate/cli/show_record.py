"""What `curate show` prints: bytes as they are into a pipe or file, harmless on a terminal."""

from __future__ import annotations

import sys

from curate.cli.console import ERR, OUT, ReaderIsGone, quoted
from curate.report import stored_document
from curate.report.stored_document import Document, Text


def print_bytes(data: bytes) -> None:
    """Print bytes: unchanged, unless somebody reads them on a terminal, where control characters could do harm."""
    if sys.stdout.isatty():
        OUT.print(quoted(data.decode("utf-8", "backslashreplace").replace("\r\n", "\n"), lines=True))
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise ReaderIsGone(sys.stdout) from None


def print_text(found: Text) -> None:
    """Print a text, and on stderr what must be said of it."""
    if found.note:
        ERR.print(f"note: {found.note}")
    print_bytes(found.text.encode("utf-8", "surrogatepass"))
    if not found.text.endswith("\n"):
        print_bytes(b"\n")


def extracted_again(document: Document) -> Text:
    """Return the text of a document that the run has not kept, made again from its record.

    Raises:
        SpecError: it cannot be made again, with how to keep it. InputError: the input is gone or has changed.
    """
    from curate.engine import extracted

    text = extracted.text_of(document)
    note = f"the run has not kept this text; it was made again from the raw record.  {stored_document.KEEP_TEXTS}"
    return Text(text, note)
