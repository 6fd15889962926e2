"""The consoles of the command line, and the only printers of JSON and of tables. Data goes to stdout, messages to stderr."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

OUT = Console(highlight=False, soft_wrap=True)
"""Data: lines are never broken at the width of the terminal."""

ERR = Console(stderr=True, highlight=False, soft_wrap=True)
"""Messages to the user."""

LIVE = Console(stderr=True, highlight=False)
"""Progress bars, which are redrawn in place and therefore cut at the width of the terminal."""


def print_json(data: object) -> None:
    """Print JSON-like data, NumPy numbers included, as indented JSON on stdout."""
    import orjson

    option = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    print(orjson.dumps(data, default=str, option=option).decode())


def print_table(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a title, a table that is fitted to the width of the terminal, and an empty line."""
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    OUT.print(title, style="italic", markup=False, soft_wrap=False)
    OUT.print(table, soft_wrap=False)
    OUT.print()


def many(n: int, what: str) -> str:
    """Return a number with its noun: `1 task`, `2 tasks`."""
    return f"{n:,} {what}{'s' * (n != 1)}"
