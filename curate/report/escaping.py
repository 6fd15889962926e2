"""Texts of others as they may be shown: on a terminal without control characters, in Markdown without markup."""

from __future__ import annotations

import re

_NOT_SHOWN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for the tab and the line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reorder what follows
    "\ud800-\udfff]"  # halves of pairs, from file names that are not UTF-8
)
_MARKUP = re.compile(r"(?m)[\\`*\[\]|~]|(?<!\w)_|_(?!\w)|^[#>+=-]")


def visible(text: str) -> str:
    r"""Return a text with control characters and marks of direction as `\x1b` and `\u202e`; tabs and line feeds stay."""
    return _NOT_SHOWN.sub(escaped, text)


def one_line(text: str) -> str:
    r"""Return a text as `visible` does, on one line: line feeds and tabs are written `\n` and `\t`."""
    return visible(text.replace("\n", "\\n").replace("\t", "\\t"))


def escaped(match: re.Match) -> str:
    r"""Return the character that a pattern found as `\x1b` or `\u202e`."""
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def json_escaped(text: str) -> str:
    r"""Return JSON in which these characters are written `\u001b`, which means the same."""
    return _NOT_SHOWN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def markdown(text: str) -> str:
    """Return a text as Markdown that shows it: neither HTML nor markup in it has an effect; its paragraphs stay."""
    lines = (line.strip() for line in visible(text).split("\n"))
    quoted = "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;")
    return _MARKUP.sub(r"\\\g<0>", quoted)


def code(text: str) -> str:
    """Return a text as an inline code span of Markdown, on one line."""
    shown = one_line(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", shown)), default=0))
    # CommonMark 6.1: a code span that begins or ends with a backtick needs a space there
    space = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{space}{shown}{space}{fence}" if shown else ""
