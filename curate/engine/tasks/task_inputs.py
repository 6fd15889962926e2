"""What a map task reads, and the key made from it: if the task's record has the same key, it need not run again."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from curate import fingerprint, formats, inputs, plan
from curate.engine.barriers import references, shuffle
from curate.errors import InputError
from curate.plan import MapPhase
from curate.runs.layout import PhaseFolder, TaskFolder
from curate.runs.records import need_record
from curate.stage import Shard, Split


@dataclass(frozen=True, slots=True)
class TaskInputs:
    """What a map task works on.

    Args:
        shard: of the input; None if the documents come from an earlier phase.
        splits: the files that must not change while it runs, those of reference data too. digests: of all that it reads,
            as `Record.inputs`.
        results: of the barrier that decides at the start, about this shard's documents, sorted by row.
        key: what the task's results depend on.
    """

    phase: MapPhase
    key: str
    shard: Shard | None = None
    splits: tuple[Split, ...] = ()
    digests: dict[str, str] = field(default_factory=dict)
    results: pa.RecordBatch | None = None

    def check_unchanged(self) -> None:
        """Make sure that no file changed while it was read.

        Raises:
            InputError: one did.
        """
        for split in self.splits:
            before = self.digests[split.range_name].partition(" ")[0]
            inputs.check_unchanged(replace(split, mark=before), inputs.mark(split.url))
        if self.shard:
            _check_reader(self.phase, self.shard)


def find(phase: MapPhase, place: TaskFolder, known: Mapping[str, str]) -> TaskInputs:
    """Return the inputs of a task.

    A trial may read a little of anything: the mark that a file had when the trial was planned, and its address, stand for
    its content. If the file changes meanwhile, the next run has another mark.

    Args:
        known: what was known of files when the task ran before, as `Record.inputs`; those with the same address and mark
            are not digested again.
    """
    shard = plan.read_shard(place.run, place.number) if phase.sources else None
    own = shard.splits if shard else ()
    trusted = {
        split.range_name: f"{split.mark} {split.mark}@{_address(split)} {_address(split)}"
        for split in own
        if shard.limit and "-" in split.mark
    }
    checked = tuple(split for split in own if split.range_name not in trusted)
    compared = references.of_task(place.run, phase, place.number) if phase.emit else ()
    referred = tuple(split for _, reference in compared for split in reference.shard.splits)
    digests = trusted | _digests(phase, (*checked, *referred), known)
    rows = None
    if phase.apply:
        rows = list(shuffle.about_shard(place.run, phase.apply.results, place.number))
    read = _from_source(phase, shard, digests) if shard else _from_phase(phase, place)
    key = fingerprint.combine(
        phase.fingerprint,
        place.number,
        read,
        shuffle.digest(rows) if rows is not None else "",
        [[split.name, _content(digests, split)] for split in referred],
        phase.emit.n_parts if phase.emit else 0,
    )
    results = shuffle.by_row(rows) if rows is not None else None
    return TaskInputs(phase, key, shard, (*checked, *referred), digests, results)


def _from_source(phase: MapPhase, shard: Shard, digests: dict[str, str]) -> list:
    if not shard.splits:
        _check_reader(phase, shard)
        mark = shard.mark or str(time.time_ns())  # without a mark it is never known to be unchanged
        return [shard.n_ranks, shard.limit, mark]
    splits = [[s.name, s.start, s.end, s.source, s.is_source_given, _content(digests, s)] for s in shard.splits]
    return [*([shard.input] if shard.input else []), *([shard.limit] if shard.limit else []), *splits]


def _from_phase(phase: MapPhase, place: TaskFolder) -> list[str]:
    before = PhaseFolder(place.run, phase.docs_from).task(place.number)
    judged = [PhaseFolder(place.run, name).task(place.number) for name in phase.judged_in]
    read = [(before, before.docs), *((each, each.judged) for each in judged)]
    return [output.digest for task, path in read for output in need_record(task).outputs if output.path == path]


def _check_reader(phase: MapPhase, shard: Shard) -> None:
    """Make sure that the files of a datatrove reader are those that the run was planned for."""
    from curate.engine.datatrove.blocks import mark

    source = phase.source_of(shard.input).stage
    if not shard.splits and shard.mark != mark(source.find(phase.modules), source.params):
        raise InputError(
            f"{source.label}: the files that it reads have changed since the run was planned, so this task kept "
            "nothing.  Run again."
        )


def _digests(phase: MapPhase, splits: tuple[Split, ...], known: Mapping[str, str]) -> dict[str, str]:
    """Return `mark digest address` for each split; bytes are read only of files that are not known as they are now."""
    kinds = formats.with_modules(phase.modules)
    found = {}
    for split in splits:
        mark = inputs.mark(split.url)
        inputs.check_unchanged(split, mark)
        is_known = _is_known(split, mark, known)
        found[split.range_name] = (
            known[split.range_name] if is_known else f"{mark} {inputs.digest(split, kinds)} {_address(split)}"
        )
    return found


def are_known(splits: Sequence[Split], known: Mapping[str, str]) -> bool:
    """Return whether these splits, as they were listed, are all that a task has read, from `Record.inputs`."""
    return len(splits) == len(known) and all(_is_known(split, split.mark, known) for split in splits)


def _is_known(split: Split, mark: str, known: Mapping[str, str]) -> bool:
    before = known.get(split.range_name, "").split(" ")
    return [*before[:1], *before[2:]] == [mark, _address(split)]


def _address(split: Split) -> str:
    """Return a digest of where a split's file is: files of other runs may have the same name."""
    return fingerprint.combine(split.url)[:16]


def _content(digests: Mapping[str, str], split: Split) -> str:
    return digests[split.range_name].split(" ")[1]
