"""Find repeated lines and paragraphs in plain Python: with a dictionary, one text at a time."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from tests.reference.lines import strip
from tests.reference.shingles import MASK, hash_token, is_format, lower, mix
from tests.reference.words import category, is_space, is_unspaced


@dataclass
class Piece:
    """A blank line (`content` is empty) or a unit, with all its bytes."""

    raw: str
    content: str


def pieces(text: str, unit: str) -> list[Piece]:
    """Cut a text into blank lines and units."""
    found: list[Piece] = []
    for line in text.splitlines(keepends=True):
        content = strip(line)
        if unit == "paragraph" and content and found and found[-1].content:
            found[-1] = Piece(found[-1].raw + line, strip(found[-1].raw + line))
        else:
            found.append(Piece(line, content))
    return found


def normal(content: str, *, one_number: bool) -> str:
    """Return the normal form in which a unit is compared."""
    out: list[str] = []
    has_space = was_number = False
    for char in content:
        if is_space(char):
            has_space = True
        elif not is_format(char):
            is_number = one_number and category(char)[0] == "N"
            if has_space and out:
                out.append(" ")
            if not (is_number and was_number and not has_space):
                out.append("0" if is_number else lower(char))
            has_space, was_number = False, is_number
    return "".join(out)


def counts(content: str, *, one_number: bool, least: int) -> bool:
    """Return whether a unit is long enough and has a letter."""
    form = normal(content, one_number=one_number)
    return any(category(char)[0] == "L" for char in content) and _length(form) >= least


def _length(form: str) -> int:
    return len(form) + sum(map(is_unspaced, form))


def hash_unit(form: str) -> int:
    """Return the hash of a normal form."""
    return mix(hash_token(form) + len(form) & MASK) or 1


def without(text: str, unit: str, is_removed) -> tuple[str, int, int, int]:
    """Remove units; return the text, the number removed, their characters, and the characters of all units."""
    kept: list[Piece] = []
    n = gone = total = 0
    has_gap = False
    every = pieces(text, unit)
    for piece in every:
        total += len(piece.content)
        if piece.content and is_removed(piece.content):
            n, gone, has_gap = n + 1, gone + len(piece.content), True
        elif piece.content or not has_gap or (kept and kept[-1].content):
            kept.append(piece)
            has_gap = False
    if has_gap:
        while kept and not kept[-1].content:
            kept.pop()
    raws = [piece.raw for piece in kept]
    if has_gap and raws and not _is_ended(every[-1].raw):
        last = raws[-1].splitlines(keepends=True)
        raws[-1] = "".join(last[:-1]) + last[-1].splitlines()[0]
    return "".join(raws), n, gone, total


def _is_ended(raw: str) -> bool:
    last = raw.splitlines(keepends=True)[-1]
    return last.splitlines() != [last]


def curate(
    documents: list[tuple[str, object]], *, unit: str, max_documents: int, keep: str, one_number: bool, least: int,
    max_removed_share: float,
) -> list[tuple[str, float | None]]:  # fmt: skip
    """Return for each `(text, scope)` the text that is kept and, if it is dropped, the share that would be removed."""
    holders: dict[tuple[object, str], list[int]] = defaultdict(list)
    for i, (text, scope) in enumerate(documents):
        forms = {
            normal(piece.content, one_number=one_number)
            for piece in pieces(text, unit)
            if counts(piece.content, one_number=one_number, least=least)
        }
        for form in forms:
            holders[scope, form].append(i)
    results = []
    for i, (text, scope) in enumerate(documents):

        def is_removed(content: str, i: int = i, scope: object = scope) -> bool:
            held = holders.get((scope, normal(content, one_number=one_number)), [])
            is_counted = counts(content, one_number=one_number, least=least)
            return is_counted and len(held) > max_documents and not (keep == "first" and held[0] == i)

        left, n, gone, total = without(text, unit, is_removed)
        is_dropped = n > 0 and (gone == total or gone > max_removed_share * total)
        results.append((text, gone / total) if is_dropped else (left, None))
    return results
