"""Reference data of a barrier: datasets and indexes that the documents of a run are compared with.

All reference data is listed once, before the first task, and written down. Reference shards are numbered after the
run's own; each is read by one task of the phase in which the barrier emits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from curate import formats, inputs, registry
from curate.barrier import Barrier, Emitted
from curate.engine.barriers import index
from curate.errors import InputError, SpecError
from curate.formats import Format
from curate.plan import MapPhase, Plan, StageRef
from curate.runs import Role, RunFolder, layout, reading
from curate.runs.reading import EACH
from curate.stage import Shard, Split

SHARD_BYTES = 64 << 20

INDEX = "index"
"""The reader of an index, where datasets have the name of a source."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One shard of reference data: a part of a dataset, read by a source, or one file of an index."""

    reader: str  # a source, or INDEX
    shard: Shard


def prepare(folder: RunFolder, planned: Plan, runner: index.Runner) -> dict[str, list[dict[str, Any]]]:
    """Make the folders of indexes, and return the reference shards of every barrier, as references.json has them.

    Raises:
        SpecError: reference data lies in the run's own folder.
    """
    listed = find(planned, runner)
    for phase in _emitting(planned):
        barrier = phase.emit.barrier.construct(phase.modules)
        if barrier.index:
            index.make(barrier.index)
    refuse_own(folder, listed)
    return listed


def refuse_own(folder: RunFolder, listed: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Refuse reference data, as `find` returns it, that a run in this folder writes.

    Raises:
        SpecError: it lies in the folder.
    """
    for label, found in listed.items():
        for split in (split for reference in found for split in reference["shard"]["splits"]):
            if folder.holds(split["url"]):
                raise SpecError(
                    f"{label} > reference: {split['url']} lies in the run folder {folder.url}, which this run writes.  "
                    "Choose another --output."
                )


def find(planned: Plan, runner: index.Runner | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return the reference shards of every barrier of a plan, as JSON-like data.

    Args:
        runner: the run, if it has a folder; what a former state of it stored in an index does not count.

    Raises:
        InputError, SpecError: there is no such data, or an index was made with other settings.
    """
    listed: dict[str, list[dict[str, Any]]] = {}
    indexes: dict[str, str] = {}
    kinds = formats.with_modules(planned.spec.modules)
    own = runner or index.runner(planned)
    for phase in _emitting(planned):
        ref = phase.emit.barrier
        barrier = ref.construct(phase.modules)
        if barrier.index and (other := indexes.setdefault(RunFolder(barrier.index).address, ref.label)) != ref.label:
            raise SpecError(f"{other} and {ref.label} have the same index, {barrier.index}.  Give each its own.")
        found = [r for url in barrier.reference for r in _find(url, ref, barrier, own, kinds)]
        listed[ref.label] = [asdict(reference) for reference in found]
        if barrier.index:
            index.check(barrier.index, ref.name, barrier.index_settings())
    return listed


def indexes(planned: Plan) -> Iterator[tuple[str, str]]:
    """Yield the label of each barrier of a plan that has an index, and where this is."""
    for phase in _emitting(planned):
        barrier = phase.emit.barrier.construct(phase.modules)
        if barrier.index:
            yield phase.emit.barrier.label, barrier.index


def of_task(folder: RunFolder, phase: MapPhase, task: int) -> Iterator[tuple[int, Reference]]:
    """Yield the reference shards that a task of the emitting phase reads, with their numbers."""
    for i, reference in enumerate(of_barrier(folder, phase.emit.barrier.label)):
        if i % phase.n_shards == task:
            yield phase.n_shards + i, reference


def of_barrier(folder: RunFolder, label: str) -> list[Reference]:
    """Return every reference shard of a barrier, in order."""
    listed = reading.read_json(folder, layout.REFERENCES, {EACH: [{"reader": str, "shard": {"splits": [dict]}}]})
    with reading.whole(folder, layout.REFERENCES):
        found = []
        for data in listed.get(label, []):
            shard = data["shard"]
            splits = tuple(Split(**split) for split in shard["splits"])
            found.append(Reference(data["reader"], Shard(shard["index"], shard["n_shards"], splits)))
        return found


def emitted(
    folder: RunFolder, phase: MapPhase, reference: Reference, barrier: Barrier
) -> Iterator[tuple[Emitted, pa.Array]]:
    """Yield what the barrier emits about a reference shard, with the ids of its documents."""
    if reference.reader == INDEX:
        known = enumerate(of_barrier(folder, phase.emit.barrier.label), phase.n_shards)
        numbers = {each.shard.splits[0].name: number for number, each in known}
        for rows in index.read(reference.shard.splits[0], numbers):
            yield barrier.recall(rows), rows["id"]
        return
    source = registry.find(reference.reader, phase.modules).open({})
    for batch in source(reference.shard):
        kept = batch if batch.verdicts is None else batch.take(batch.verdicts.is_kept)
        yield barrier.emit(kept), kept["id"]


def _emitting(planned: Plan) -> Iterator[MapPhase]:
    yield from (phase for phase in planned.phases if isinstance(phase, MapPhase) and phase.emit)


def _find(url: str, ref: StageRef, barrier: Barrier, own: index.Runner, kinds: Sequence[Format]) -> Iterator[Reference]:
    folder = RunFolder(url)
    if folder.exists(index.HEADER):
        for file in index.files(url, ref.name, barrier.index_settings(), own):
            yield Reference(INDEX, Shard(0, 1, (file,)))
        return
    if url == barrier.index:  # the first of the runs that share an index
        return
    for shard in inputs.cut(inputs.resolve(_patterns(url, folder, ref.label, kinds)), SHARD_BYTES, kinds):
        yield Reference(_reader(shard.splits, ref.label, kinds), shard)


def _patterns(url: str, folder: RunFolder, label: str, kinds: Sequence[Format]) -> list[str]:
    """Return the globs of a dataset: of the data of a run, of all readable files in a folder, or what was given."""
    if folder.exists(layout.MANIFEST):
        return _data_of_run(folder, label)
    if not folder.fs.isdir(folder.root):
        return [url]
    endings = [f"**/*{suffix}*" for kind in kinds if kind.reader for suffix in kind.suffixes]
    found = [f"{url.rstrip('/')}/{ending}" for ending in endings if folder.fs.glob(folder.path(ending))]
    if not found:
        raise SpecError(f"{label} > reference: {url} holds neither an index nor a run nor {_readable(kinds)} files.")
    return found


def _data_of_run(folder: RunFolder, label: str) -> list[str]:
    """Return the files of documents of a finished run, as its manifest lists them.

    Raises:
        InputError: one is missing or has another size, so that documents would not be compared.
    """
    shape = {"outputs": [{"path": str, "role": str, "bytes": int}]}
    advice = "Copy the run folder again, or run again what made it."
    listed = reading.read_json(folder, layout.MANIFEST, shape, advice)["outputs"]
    found = [output for output in listed if output["role"] == Role.DATA]
    for output in found:
        size = folder.fs.size(folder.path(output["path"])) if folder.exists(output["path"]) else None
        if size != output["bytes"]:
            state = "is missing" if size is None else f"has {size:,} bytes, expected {output['bytes']:,}"
            raise InputError(f"{label} > reference: {folder.path(output['path'])} {state}.  {advice}")
    return [f"{folder.url.rstrip('/')}/{output['path']}" for output in found]


def _reader(splits: tuple[Split, ...], label: str, kinds: Sequence[Format]) -> str:
    found = {formats.of_file(split.name, kinds) for split in splits}
    readers = {kind.reader if kind else None for kind in found}
    if None in readers or len(readers) > 1:
        raise SpecError(
            f"{label} > reference: {splits[0].url} is not a dataset of {_readable(kinds)} files, and not an index.  "
            "Name one kind of file an entry."
        )
    return readers.pop()


def _readable(kinds: Sequence[Format]) -> str:
    return " or ".join(kind.name for kind in kinds if kind.reader)
