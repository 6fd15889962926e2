"""Which documents someone asks for: by id, by address with or without its scheme, by domain, or by a part of these."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_SCHEME = r"(?i:[a-z][a-z0-9+.-]*://)"
_ESCAPE = re.compile(r"(\\(?:n|t|x[0-9a-f]{2}|u(?!d[89a-f])[0-9a-f]{4}))")
_WITH_SCHEME = re.compile(rf"{_SCHEME}(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The documents whose id or URL fits a pattern as a whole.

    Args:
        id, url: patterns of RE2, where `.` is any character; None fits nothing.
        is_one: whether what is asked for is one page, which may have been fetched several times.
        meaning: what was asked for, in words that go on with the documents: `is the domain of`.
    """

    id: str | None
    url: str | None
    is_one: bool
    meaning: str

    def mask(self, table: Any) -> Any:
        """Return which rows of an Arrow table are such documents, as an Arrow array of truth values."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = pa.chunked_array([pa.repeat(False, table.num_rows)])
        for name, pattern in self._patterns():
            if name in table.schema.names:
                hits = pc.match_substring_regex(table[name].cast(pa.large_string()), rf"(?s)\A(?:{pattern})\z")
                found = pc.or_(found, hits.fill_null(False))
        return found

    def fits(self, rows: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Return for each of some documents whether it is one of them; an id or URL that is not a text fits nothing."""
        import pyarrow as pa

        texts = {name: [_text(row.get(name)) for row in rows] for name, _ in self._patterns()}
        return self.mask(
            pa.table({name: pa.array(values, pa.large_string()) for name, values in texts.items()})
        ).to_pylist()

    def _patterns(self) -> Iterator[tuple[str, str]]:
        yield from ((name, pattern) for name, pattern in (("id", self.id), ("url", self.url)) if pattern is not None)


def _text(value: Any) -> str | None:
    """Return a value if it is a text that Arrow can hold."""
    try:
        return value.encode().decode() if isinstance(value, str) else None
    except UnicodeEncodeError:  # half of a character
        return None


def _is_domain(text: str) -> bool:
    is_host = not any(character in "/?#@:" or character.isspace() for character in text)
    return text == "localhost" or (is_host and "." in text[1:-1])


def exactly(text: str) -> Wanted:
    """Return the documents with this id or URL."""
    return Wanted(re.escape(text), re.escape(text), True, "is the id or URL of")


def _printed(text: str) -> Wanted:
    r"""Return the documents whose id or URL is printed like this: control characters are printed as `\x1b`, `\u202e`, `\n`."""
    parts = _ESCAPE.split(text)  # what is between escapes, and the escapes
    pattern = "".join(_either(part) if k % 2 else re.escape(part) for k, part in enumerate(parts))
    return Wanted(pattern, pattern, True, "is the id or URL of")


def _either(escape: str) -> str:
    """Return a pattern for an escape, or for the character that is printed so."""
    code = {"n": 0x0A, "t": 0x09}.get(escape[1]) or int(escape[2:], 16)
    return rf"(?:{re.escape(escape)}|\x{{{code:x}}})"


def meant(text: str) -> Iterator[Wanted]:
    """Yield what a text may mean, the most exact first."""
    yield exactly(text)
    if _ESCAPE.search(text):
        yield _printed(text)
    match = _WITH_SCHEME.fullmatch(text)
    address = match[1] if match else text
    if _is_domain(address) and not match:
        yield _of_domain(address)
    if address:
        yield _at_address(address)
    if _is_domain(address.removesuffix("/")):
        yield _of_domain(address.removesuffix("/"))
    if text:
        part = f".*{re.escape(text)}.*"
        yield Wanted(part, part, False, "is in the id or URL of")


def _spellings(host: str) -> str:
    """Return a pattern for a host without `www.`, as it is, in Unicode and in ASCII (`xn--`)."""
    plain = re.sub(r"\Awww\.", "", host, flags=re.IGNORECASE)
    found = {plain}
    for spelt in (lambda: plain.encode("idna").decode(), lambda: plain.lower().encode("ascii").decode("idna")):
        with suppress(UnicodeError):  # no host name, or none that can be spelt so
            found.add(spelt())
    return f"(?:{'|'.join(map(re.escape, sorted(found)))})"


def _at_address(address: str) -> Wanted:
    """Return the documents at an address, whatever its scheme, with or without `www.`, a last slash or a fragment."""
    host, slash, path = address.rstrip("/").partition("/")
    same = rf"{_SCHEME}(?i:www\.)?(?i:{_spellings(host)}){re.escape(slash + path)}/*(?:#.*)?"
    return Wanted(None, same, True, "is the address of")


def _of_domain(domain: str) -> Wanted:
    """Return the documents of a domain and of those below it."""
    name = _spellings(domain)
    return Wanted(
        None,
        rf"{_SCHEME}(?:[^/?#]*@)?(?:[^/?#:@]*\.)?(?i:{name})\.?(?::[0-9]*)?(?:[/?#].*)?",
        False,
        "is the domain of",
    )
