"""The phases between the one at whose end a barrier emits and the one at whose start it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from curate.barrier import Barrier, Reduction
from curate.errors import StageError
from curate.plan.partitions import Partitions
from curate.plan.phases import AnyPhase, MapPhase, MergePhase, ReducePhase, Shuffled, StageRef
from curate.runs.layout import check_word


def reductions(label: str, barrier: Barrier, partitions: Partitions) -> tuple[Reduction, ...]:
    """Return the reductions of a barrier.

    Raises:
        StageError: they cannot run: none at all, a name that cannot be a folder, no part.
    """
    found = barrier.reductions(partitions.n_parts)
    if not isinstance(found, tuple) or not found or not all(isinstance(each, Reduction) for each in found):
        raise StageError(f"{label}: `reductions` must return a tuple of at least one Reduction, got {found!r:.80}")
    for reduction in found:
        check_word(reduction.name, f"{label}: the name of a reduction")
        if reduction.n_parts < 1:
            raise StageError(
                f"{label}: the reduction {reduction.name} has {reduction.n_parts} parts; it must be at least 1"
            )
    return found


def phases(
    ref: StageRef,
    steps: Sequence[Reduction],
    partitions: Partitions,
    emitting: MapPhase,
    common: Mapping[str, Any],
    closed: Callable[[AnyPhase], AnyPhase],
) -> Iterator[AnyPhase]:
    """Yield the merge and reduce phases of a barrier, in their order.

    Args:
        steps: its reductions.
        emitting: the phase at whose end it emits.
        common: what all phases of the run have.
        closed: gives a phase its number and its fingerprint.
    """
    n_groups = partitions.n_groups
    shared = {"number": 0, **common, "barrier": ref, "reductions_for": partitions.n_parts}
    merges = {"n_tasks": n_groups, "shards_per_task": partitions.per_group}
    rows = Shuffled(emitting.folder, emitting.n_tasks)
    if n_groups:
        title = f"{ref.label}-gather"
        merged = closed(MergePhase(**shared, **merges, title=title, is_before=True, rows=rows, into=steps[0].n_parts))
        yield merged
        rows = Shuffled(merged.folder, n_groups)
    counted_in = rows
    into = [*(step.n_parts for step in steps[1:]), n_groups or partitions.n_shards]
    for k, step in enumerate(steps):
        is_last = k + 1 == len(steps)
        reduced = closed(
            ReducePhase(
                **shared, title=f"{ref.label}-{step.name}", reduction=k, is_last=is_last, rows=rows, n_parts=step.n_parts,
                n_tasks=partitions.n_tasks(step.n_parts), into=into[k],
                shards_per_part=partitions.per_group if is_last and n_groups else 1,
                emitted_in=emitting.folder, counted_in=counted_in,
            )
        )  # fmt: skip
        yield reduced
        rows = Shuffled(reduced.folder, reduced.n_tasks)
    if n_groups:
        title = f"{ref.label}-scatter"
        yield closed(MergePhase(**shared, **merges, title=title, is_before=False, rows=rows, into=partitions.per_group))


def results(last: AnyPhase) -> Shuffled:
    """Return the results of a barrier, by shard, from the last of its phases."""
    return Shuffled(last.folder, last.n_tasks, last.into if isinstance(last, MergePhase) else 0)
