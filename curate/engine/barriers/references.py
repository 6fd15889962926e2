"""Reference data of a barrier: datasets and indexes that the documents of a run are compared with.

What there is is listed once, before the first task, and written down. Reference shards are numbered after the run's
own; each is read by one task of the phase that asks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from curate import inputs
from curate.barrier import Barrier, Emitted
from curate.engine.barriers import index
from curate.errors import SpecError
from curate.plan import Phase, Plan
from curate.runs import DATA, MANIFEST, RunFolder
from curate.stage import Shard, Split

REFERENCES = "references.json"
SHARD_BYTES = 64 << 20
_READERS = {".parquet": "sources.parquet", ".jsonl": "sources.jsonl", ".ndjson": "sources.jsonl"}


@dataclass(frozen=True, slots=True)
class Reference:
    """One shard of reference data: a part of a dataset, read by a source, or one file of an index."""

    reader: str  # a source, or "index"
    shard: Shard


def write(folder: RunFolder, planned: Plan) -> None:
    """List the reference data of every barrier of a plan and write the list down.

    Raises:
        SpecError: reference data lies in the run's own folder.
    """
    listed = find(planned)
    for phase in planned.phases:
        barrier = phase.apply.open(phase.modules) if phase.apply else None
        if getattr(barrier, "index", None):
            index.make(barrier.index)
    inside = os.path.realpath(folder.root) + os.sep if folder.is_local else folder.url
    for label, found in listed.items():
        for reference in found:
            for split in reference["shard"]["splits"]:
                if (os.path.realpath(split["url"]) if folder.is_local else split["url"]).startswith(inside):
                    raise SpecError(
                        f"{label} > reference: {split['url']} lies in the run folder {folder.url}, which this run writes.  "
                        "Choose another --output."
                    )
    folder.write_json(REFERENCES, listed)


def find(planned: Plan) -> dict[str, list[dict[str, Any]]]:
    """Return the reference shards of every barrier of a plan, as JSON-like data.

    Raises:
        InputError, SpecError: there is no such data, or an index was made with other settings.
    """
    listed = {}
    for phase in planned.phases:
        if phase.emit and not phase.is_reduce:
            barrier = phase.emit.open(phase.modules)
            own = index.entry_name(planned)
            found = [r for url in getattr(barrier, "reference", ()) or () for r in _find(url, phase, barrier, own)]
            listed[phase.emit.label] = [asdict(reference) for reference in found]
            if getattr(barrier, "index", None):
                index.check(barrier.index, phase.emit.name, barrier.index_settings())
    return listed


def of_task(folder: RunFolder, phase: Phase, task: int) -> Iterator[tuple[int, Reference]]:
    """Yield the reference shards that this task of the emitter phase reads, with their numbers."""
    for i, reference in enumerate(of_barrier(folder, phase.emit.label)):
        if i % phase.n_shards == task:
            yield phase.n_shards + i, reference


def of_barrier(folder: RunFolder, label: str) -> list[Reference]:
    """Return every reference shard of a barrier, in order."""
    found = []
    for data in folder.read_json(REFERENCES).get(label, []):
        shard = data["shard"]
        splits = tuple(Split(**split) for split in shard["splits"])
        found.append(Reference(data["reader"], Shard(shard["index"], shard["n_shards"], splits)))
    return found


def asked(
    folder: RunFolder, phase: Phase, reference: Reference, barrier: Barrier
) -> Iterator[tuple[Emitted, pa.Array]]:
    """Yield what the barrier asks about a reference shard, with the ids of its documents."""
    if reference.reader == "index":
        numbers = {
            r.shard.splits[0].name: phase.n_shards + i for i, r in enumerate(of_barrier(folder, phase.emit.label))
        }
        for rows in index.read(reference.shard.splits[0], numbers):
            yield barrier.recall(rows), rows["id"]
        return
    from curate import registry

    source = registry.find(reference.reader).open({"paths": []})
    for batch in source(reference.shard):
        kept = batch if batch.verdicts is None else batch.take(batch.verdicts.is_kept)
        yield barrier.emit(kept), kept["id"]


def _find(url: str, phase: Phase, barrier: Barrier, own: str) -> Iterator[Reference]:
    folder = RunFolder(url)
    if url == getattr(barrier, "index", None) and not folder.exists(index.HEADER):
        return  # the first of the runs that share an index
    if folder.exists(index.HEADER):
        for file in index.files(url, phase.emit.name, barrier.index_settings(), own):
            yield Reference("index", Shard(0, 1, (file,)))
        return
    patterns = [url]
    if folder.exists(MANIFEST):
        patterns = [f"{url.rstrip('/')}/{DATA}/*"]
    elif folder.fs.isdir(folder.root):
        patterns = [f"{url.rstrip('/')}/**/*{ending}" for ending in (".parquet", ".jsonl*") if _has(folder, ending)]
        if not patterns:
            raise SpecError(
                f"{phase.emit.label} > reference: {url} holds neither an index nor a run nor parquet or JSON lines files."
            )
    for shard in inputs.cut(inputs.resolve(patterns), SHARD_BYTES):
        yield Reference(_reader(shard.splits, phase.emit.label), shard)


def _has(folder: RunFolder, ending: str) -> bool:
    return bool(folder.fs.glob(folder.path("**", f"*{ending.rstrip('*')}*")))


def _reader(splits: tuple[Split, ...], label: str) -> str:
    readers = {_of_name(split.name) for split in splits}
    if None in readers or len(readers) > 1:
        raise SpecError(
            f"{label} > reference: {splits[0].url} is no dataset of parquet or JSON lines files, and no index.  "
            "Name one kind of file an entry."
        )
    return readers.pop()


def _of_name(name: str) -> str | None:
    for ending, reader in _READERS.items():
        if name.lower().endswith(ending) or f"{ending}." in name.lower():
            return reader
    return None
