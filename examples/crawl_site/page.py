"""Define `Page`, the record that all modules here use: a page as the server sends it, and the facts about it."""

from dataclasses import dataclass, replace

FIRST_DUMP = "2023-50"
SECOND_DUMP = "2024-10"


@dataclass(frozen=True)
class Page:
    """The response of the server to one URL during one dump, and the ground truth about it.

    Args:
        url: absolute URL under a reserved `.example` host
        kind: the kind of page, as a reader would name it (`article`, `near_duplicate`, `spam_casino`, ...)
        body: bytes of the payload before any content coding
        language: ISO 639-1 code of the main text, empty if there is none
        charset: the charset that decodes the body correctly, empty for binary bodies
        text: main text as plain text, empty if there is none
        family: the same for all pages that are copies of each other, exact or not
        duplicate_of: URL of the page whose main text this one repeats exactly
        coding: `identity`, `gzip` or `deflate`
        revisit_of: URL captured in the first dump; this capture is then written as a revisit record of it
    """

    url: str
    kind: str
    body: bytes
    dump: str
    language: str = ""
    charset: str = "utf-8"
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    text: str = ""
    family: str = ""
    duplicate_of: str = ""
    coding: str = "identity"
    is_chunked: bool = False
    location: str = ""
    revisit_of: str = ""

    @property
    def host(self) -> str:
        """Host part of the URL."""
        return self.url.split("/")[2]

    @property
    def target(self) -> str:
        """Path and query, as in the request line."""
        return "/" + self.url.split("/", 3)[3]

    def changed(self, **fields: object) -> "Page":
        """Return a copy with some fields replaced."""
        return replace(self, **fields)
