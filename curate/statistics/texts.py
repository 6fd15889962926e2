"""The texts of some documents of a run, in one pass over the files that have them.

Kept ones are in `data/`. Of dropped ones the texts are in `rejects/`, by default of a sample only; else, as the document was
before the phase that dropped it, in what the phase before wrote down.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import formats
from curate.formats import PARQUET, Format
from curate.runs import Role, RunFolder, arrow_files, layout, reading
from curate.runs.layout import PhaseFolder, phase_title
from curate.statistics.corpus import Corpus

LONGEST = 50_000
"""Characters of a text that are read."""


@dataclass(frozen=True, slots=True)
class Place:
    """A document of a run.

    Args:
        shard: it is in. stage, reason: for which it was dropped; None for a kept one.
    """

    shard: int
    id: str
    stage: str | None = None
    reason: str | None = None

    @property
    def is_kept(self) -> bool:
        return self.stage is None


@dataclass(frozen=True, slots=True)
class Text:
    """A text, at most `LONGEST` characters of it.

    Args:
        where: the file it was read from.
        is_earlier: it is the text before the phase that dropped the document, which may have changed it.
        kept_id: of a copy: the document that was kept instead.
        value, evidence: what the stage says it found.
    """

    text: str
    where: str
    is_earlier: bool = False
    kept_id: str | None = None
    evidence: str | None = None
    value: float | None = None


def fetch(corpus: Corpus, places: Iterable[Place], modules: Sequence[str] = ()) -> dict[Place, Text]:
    """Return the texts of documents, as far as the run has them.

    Args:
        modules: modules of the user's that bring file formats.

    Raises:
        InputError, DamagedFile: a file of the run is damaged.
    """
    wanted = list(places)
    found = dict(_kept(corpus, [place for place in wanted if place.is_kept], modules))
    found |= _rejected(corpus, [place for place in wanted if not place.is_kept])
    return found | dict(_waiting(corpus, [place for place in wanted if place not in found]))


# ---------------------------------------------------------------------- kept documents


def _kept(corpus: Corpus, wanted: Sequence[Place], modules: Sequence[str]) -> Iterator[tuple[Place, Text]]:
    """Yield texts from the data. A file of the number of a document's shard is likely to have it, and is read first."""
    left: dict[str, list[Place]] = {}
    for place in wanted:
        left.setdefault(place.id, []).append(place)
    kinds, shards = formats.with_modules(modules), {place.shard for place in wanted}
    paths = sorted(_there(corpus, Role.DATA), key=lambda path: _number_of(path) not in shards)
    for path in paths:
        kind = formats.of_file(path, kinds)
        if not left or kind is None:
            continue
        with reading.whole(corpus.folder, path), corpus.folder.open(path) as file:
            for id, text in _of_ids(kind, file, path, left):
                of_id = left[id]
                yield of_id.pop(0), Text(text, path)
                if not of_id:
                    del left[id]


def _number_of(path: str) -> int:
    digits = path.rpartition("/")[2].partition(".")[0].partition("_")[0]
    return int(digits) if digits.isdigit() else -1


def _of_ids(kind: Format, file: Any, path: str, ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (id, text) of the rows of a file with these ids; a document is yielded as long as `ids` has its id."""
    if kind is not PARQUET:
        for _, row in kind.rows(file, path):
            if isinstance(row, dict) and row.get("id") in ids:
                yield row["id"], (row.get("text") or "")[:LONGEST]
        return
    stored = pq.ParquetFile(file, pre_buffer=False)
    for group in range(stored.num_row_groups):
        found = stored.read_row_group(group, columns=["id"], use_threads=False)["id"].cast(pa.string())
        if pc.any(pc.is_in(found, value_set=pa.array(list(ids), pa.string()))).as_py():
            for batch in stored.iter_batches(1024, row_groups=[group], columns=["id", "text"], use_threads=False):
                yield from ((id, text) for id, text in _matching(batch, ids) if id in ids)


def _matching(batch: pa.RecordBatch, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    hits = pc.is_in(batch["id"].cast(pa.string()), value_set=pa.array(list(ids), pa.string()))
    for at in pc.indices_nonzero(hits).to_pylist():
        yield batch["id"][at].as_py(), _text_at(batch, at)


def _text_at(batch: pa.RecordBatch, at: int) -> str:
    """Return the beginning of a text; a very long one is not copied as a whole."""
    cut = pc.binary_slice(batch["text"].slice(at, 1).cast(pa.large_binary()), 0, 4 * LONGEST)[0].as_py() or b""
    return cut.decode(errors="ignore")[:LONGEST]


def _there(corpus: Corpus, role: Role) -> list[str]:
    """Return the files of a role that are in the folder: others may have been removed to save space."""
    paths = corpus.files(role)
    folders = {path.rpartition("/")[0] for path in paths}
    there = {f"{folder}/{name}" for folder in folders for name in corpus.folder.files(folder)}
    return [path for path in paths if path in there]


# ---------------------------------------------------------------------- dropped documents


def _rejected(corpus: Corpus, wanted: Sequence[Place]) -> dict[Place, Text]:
    """Return the texts that are in the rejects."""
    found: dict[Place, Text] = {}
    of_shard: dict[int, dict[tuple[str, str | None, str | None], Place]] = {}
    for place in wanted:
        of_shard.setdefault(place.shard, {})[place.id, place.stage, place.reason] = place
    columns = ["id", "stage", "reason", "text", "kept_id", "evidence", "value"]
    for path in _there(corpus, Role.REJECTS):
        of_file = of_shard.get(layout.shard_of_rejects(path), {})
        if not of_file:
            continue
        ids = pa.array(list({id for id, _, _ in of_file}), pa.string())
        with reading.whole(corpus.folder, path), corpus.folder.open(path) as file:
            for batch in pq.ParquetFile(file, pre_buffer=False).iter_batches(1024, columns=columns, use_threads=False):
                for at in pc.indices_nonzero(pc.is_in(batch["id"], value_set=ids)).to_pylist():
                    place = of_file.get(tuple(batch[name][at].as_py() for name in ("id", "stage", "reason")))
                    if place is not None and batch["text"][at].is_valid:
                        about = {name: batch[name][at].as_py() for name in ("kept_id", "evidence", "value")}
                        found[place] = Text(_text_at(batch, at), path, **about)
    return found


def _waiting(corpus: Corpus, wanted: Sequence[Place]) -> Iterator[tuple[Place, Text]]:
    """Yield the texts that a phase wrote down for the next one: the last that has the document."""
    of_shard: dict[int, list[Place]] = {}
    for place in wanted:
        of_shard.setdefault(place.shard, []).append(place)
    for shard, places in of_shard.items():
        left = {place.id: place for place in places}
        for name in reversed(corpus.phases):
            place = PhaseFolder(corpus.folder, name).task(shard)
            if not left or not corpus.folder.exists(place.docs):
                continue
            where = f"{layout.PHASES}/{phase_title(name)}"
            for id, text in _of_docs(corpus.folder, place, left):
                if id in left:
                    yield left.pop(id), Text(text, where, is_earlier=True)


def _of_docs(folder: RunFolder, place: Any, ids: dict[str, Any]) -> Iterator[tuple[str, str]]:
    with closing(arrow_files.open_file(place, place.docs)) as reader:
        for batch in reader.batches():
            if "text" in batch.schema.names:
                yield from _matching(batch, ids)
