"""The shell of every HTML page that curate writes: one file with its stylesheet inside, which opens offline."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

STYLESHEET = Path(__file__).with_name("style.css")


def page(title: str, body: Iterable[str]) -> str:
    """Return a complete HTML page.

    Args:
        title: plain text; it is escaped here.
        body: pieces of HTML, in order; text that comes from documents must be escaped already.
    """
    style = STYLESHEET.read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>\n{style}</style>{''.join(body)}</html>\n"
    )
