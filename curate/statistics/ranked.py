"""The documents of a run that are nearest to the cut of a ranking, on either side of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from curate import registry
from curate.barrier import Barrier
from curate.errors import CurateError
from curate.runs import Role
from curate.statistics.corpus import Corpus
from curate.statistics.decided import Decided


@dataclass(frozen=True, slots=True)
class Ranked:
    """A document and its place in a ranking.

    Args:
        rank: of the document. cut: the lowest rank that is kept among those it is compared with.
    """

    id: str
    rank: float
    cut: float


def nearest(
    corpus: Corpus, label: str, reason: str, n: int, modules: Sequence[str] = ()
) -> tuple[list[Ranked], list[Ranked]] | None:
    """Return the kept documents and those dropped for a reason that are nearest to the cut, the nearest first.

    Args:
        label: of the stage. n: documents on each side.
        modules: modules of the user's that may be imported.

    Returns:
        None if the stage does not rank, or the record does not say by what.

    Raises:
        InputError: the record is damaged.
    """
    barrier = _barrier(corpus, label, modules)
    if barrier is None:
        return None
    labels = [stage["label"] for stage in corpus.stages]
    decided = Decided(corpus.folder, corpus.need_record(), labels, label, corpus.files(Role.EVIDENCE))
    found = barrier.ranks(decided)
    if found is None:
        return None
    rank, cut = found
    table = decided.columns(["id", "stage", "reason"])
    is_kept = pc.is_null(table["stage"]).to_numpy()
    is_dropped = pc.and_kleene(pc.equal(table["stage"], label), pc.equal(table["reason"], reason)).fill_null(False)
    sides = []
    for mask in (is_kept, is_dropped.to_numpy()):
        rows = np.flatnonzero(mask & ~np.isnan(rank - cut))
        rows = rows[np.argsort(np.abs(rank - cut)[rows], kind="stable")][:n]
        sides.append([Ranked(table["id"][int(at)].as_py(), float(rank[at]), float(cut[at])) for at in rows])
    return sides[0], sides[1]


def _barrier(corpus: Corpus, label: str, modules: Sequence[str]) -> Barrier | None:
    """Return a stage as the run had it, if it is a barrier and may be imported."""
    described = next(stage for stage in corpus.stages if stage["label"] == label)
    if described.get("cases"):
        return None
    try:
        stage = registry.find(described["name"], tuple(modules))
        params = described.get("params", {})
        made = stage.construct({name: stage.params[name].convert(value) for name, value in params.items()})
    except CurateError:  # a stage of the user's whose module was not given
        return None
    return made if isinstance(made, Barrier) else None
