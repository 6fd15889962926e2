"""The only printers of the command line. Data goes to stdout, messages to stderr.

Nothing that is printed is read as markup. A plain string is printed without secrets, and with control characters and
marks of direction as `\\x1b`; what has a style, or comes from a document, is made here and nowhere else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import IO, NoReturn

from rich.console import Console
from rich.table import Table
from rich.text import Text

from curate.report.escaping import json_escaped, one_line, visible
from curate.runs.redaction import hidden


class ReaderIsGone(SystemExit):
    """Nobody reads a stream any more. It ends the process as SIGPIPE would; what else is printed there goes nowhere.

    Args:
        stream: stdout or stderr.
    """

    def __init__(self, stream: IO[str]):
        super().__init__(141)  # 128 + SIGPIPE, as shells report it
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class _Console(Console):
    def on_broken_pipe(self) -> NoReturn:
        raise ReaderIsGone(self.file) from None


LIVE = _Console(stderr=True, highlight=False, markup=False, emoji=False)
"""Progress bars, which are redrawn in place and therefore cut at the width of the terminal."""

Piece = str | Text
"""What can be printed: a string, which is ours or of the user; or a text that `styled` or `quoted` made."""


class Printer:
    """Prints lines that are never broken at the width of the terminal."""

    def __init__(self, *, stderr: bool = False):
        self._console = _Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)

    @property
    def width(self) -> int | None:
        """Characters per line of the terminal; None if this is none."""
        return self._console.width if self._console.is_terminal else None

    @property
    def columns(self) -> int:
        """Characters that fit in a line: of the terminal, or what COLUMNS says, or 80."""
        return self._console.width

    @property
    def is_unicode(self) -> bool:
        """Whether blocks and other characters beyond ASCII arrive as they are."""
        try:
            "▁█│≥".encode(self._console.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    @property
    def has_colours(self) -> bool:
        """Whether styles are seen."""
        return self._console.color_system is not None

    def print(self, *pieces: Piece, style: str = "") -> None:
        """Print pieces as one line, nothing between them."""
        self._console.print(joined(*pieces), style=style or None)

    def print_table(self, heads: Sequence[Piece], rows: Iterable[Sequence[Piece]], *, is_wide: bool = False) -> None:
        """Print a table that is fitted to the width of the terminal.

        Args:
            is_wide: the columns share the whole width, and their texts are broken into lines.
        """
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(1, 3, 0, 0) if is_wide else (0, 1))
        for head in heads:
            table.add_column(_cell(head), ratio=1 if is_wide else None, overflow="fold" if is_wide else "ellipsis")
        for row in rows:
            table.add_row(*map(_cell, row))
        self._console.print(table, soft_wrap=False)


OUT = Printer()
"""Data."""

ERR = Printer(stderr=True)
"""Messages to the user."""


def joined(*pieces: Piece) -> Text:
    """Return pieces as one, nothing between them."""
    return Text().join([piece if isinstance(piece, Text) else Text(visible(hidden(piece))) for piece in pieces])


def styled(value: str, style: str) -> Text:
    """Return a string of one line, without secrets, that is printed in a style."""
    return Text(one_line(hidden(value)), style)


def quoted(text: str, style: str = "", *, lines: bool = False) -> Text:
    """Return a text that comes from a document, for printing as it is: URLs in it are data, and no secrets of the user's.

    Args:
        lines: keep its line feeds.
    """
    return Text(visible(text) if lines else one_line(text), style)


def print_json(data: object, *, is_document: bool = False) -> None:
    """Print JSON-like data, NumPy numbers included, as indented JSON on stdout.

    Args:
        is_document: it comes from a document, whose URLs are data.
    """
    import orjson

    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
    plain = orjson.loads(orjson.dumps(data, default=str, option=option))
    shown = plain if is_document else hidden(plain)
    try:
        sys.stdout.write(json_escaped(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode()) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        raise ReaderIsGone(sys.stdout) from None


def print_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a title, a table that is fitted to the width of the terminal, and an empty line."""
    OUT.print(title, style="italic")
    OUT.print_table(heads, [[str(cell) for cell in row] for row in rows])
    OUT.print()


def many(n: int, what: str) -> str:
    """Return a number with its noun: `1 task`, `2 tasks`."""
    return f"{n:,} {what}{'s' * (n != 1)}"


def _cell(value: Piece) -> Text:
    return value if isinstance(value, Text) else Text(one_line(hidden(value)))
