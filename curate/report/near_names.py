"""What to say when no document has an id or URL: the nearest ones that there are."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.runs import Role, RunFolder
from curate.statistics.record import JudgementRecord

SHOWN, COMPARED, LEAST = 3, 1000, 3
"""Names that are shown; those with the longest common beginning that are compared as a whole; characters that it must have."""


def nothing_found(folder: RunFolder, manifest: Mapping[str, Any], asked: str) -> str:
    """Return the message, with the nearest names of the run."""
    said = f'no document of {folder.url} has the id, URL or domain "{asked}", or has it in its id or URL.  '
    if not any(output["role"] == Role.JUDGEMENTS for output in manifest["outputs"]):
        return f"{said}Ids look like part-00000.warc.gz/4711."
    column = "url" if "://" in asked else "id"

    def names() -> Iterator[pa.Array]:
        batches = JudgementRecord(folder, manifest).batches([column], with_threads=False)
        yield from (batch[column] for batch in batches)

    near, example = nearest(asked, names())
    if not near:  # the beginning may be what is wrong
        backwards, _ = nearest(asked[::-1], map(pc.utf8_reverse, names()))
        near = [name[::-1] for name in backwards]
    if near:
        return f"{said}The nearest: {', '.join(near)}."
    like = f'; they look like "{example}"' if example else ""
    return f"{said}No {'URL' if column == 'url' else 'id'} of the run is near it{like}."


def nearest(asked: str, names: Iterator[pa.Array]) -> tuple[list[str], str]:
    """Return the names that are most like one, of those with the longest beginning in common, and the first of all names."""
    longest, candidates, first = 0, [], ""
    for array in names:
        if not first:
            first = next((name for name in array[:1].to_pylist() if name), "")
        while longest < len(asked) and len(found := _beginning(array, asked[: longest + 1])):
            longest, candidates = longest + 1, found.slice(0, COMPARED).to_pylist()
            array = found
        if longest and len(candidates) < COMPARED:
            more = _beginning(array, asked[:longest]).slice(0, COMPARED - len(candidates)).to_pylist()
            candidates = list(dict.fromkeys([*candidates, *more]))
    if longest < min(LEAST, len(asked)):
        return [], first
    return _alike(asked, candidates), first


def _beginning(array: pa.Array, with_this: str) -> pa.Array:
    return array.filter(pc.fill_null(pc.starts_with(array, with_this), False))


def _alike(asked: str, candidates: Sequence[str]) -> list[str]:
    def likeness(name: str) -> float:
        return difflib.SequenceMatcher(None, asked, name, autojunk=False).ratio()

    return sorted(candidates, key=likeness, reverse=True)[:SHOWN]
