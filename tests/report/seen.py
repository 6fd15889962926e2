"""What a reader sees of a page, and what its elements are."""

from __future__ import annotations

import html.parser

INLINE = {"b", "bdi", "code", "span", "wbr"}
"""Elements that do not divide words."""


class Seen(html.parser.HTMLParser):
    """A page that was read.

    Args:
        page: HTML.
    """

    def __init__(self, page: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self._pieces: list[str] = []
        self._is_style = False
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        """The text without the stylesheet, its white space as single spaces."""
        return " ".join("".join(self._pieces).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self._is_style = tag == "style"
        self._pieces.append("" if tag in INLINE else " ")

    def handle_endtag(self, tag):
        self._is_style = False
        self._pieces.append("" if tag in INLINE else " ")

    def handle_data(self, data):
        if not self._is_style:
            self._pieces.append(data)
