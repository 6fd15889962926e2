"""Which input files two finished runs have in common, and which of their documents come from these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from curate.stage import Shard


@dataclass(frozen=True, slots=True)
class InputChanges:
    """How the input files of two runs, A and B, differ. Files are named as in ids, with the input's name before.

    Args:
        only_a, only_b: files of one run.
        changed: files of both whose content differs.
        unsure: files of both that were cut at other places, or are those of a trial, so that their digests cannot be compared;
            they have the same size.
        common: files of both, those of `unsure` included.
    """

    only_a: tuple[str, ...]
    only_b: tuple[str, ...]
    changed: tuple[str, ...]
    unsure: tuple[str, ...]
    common: frozenset[str]

    @property
    def is_same(self) -> bool:
        """Whether both runs have read the same files, as far as is known."""
        return not (self.only_a or self.only_b or self.changed)


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> InputChanges:
    """Compare the inputs of two manifests."""
    of_a, of_b = _files(a["inputs"]), _files(b["inputs"])
    both = [name for name in of_a if name in of_b]
    sizes = {name: (max(end for _, end in of_a[name]), max(end for _, end in of_b[name])) for name in both}
    is_trial = bool(a["limit"] or b["limit"])
    recut = {name for name in both if is_trial or of_a[name].keys() != of_b[name].keys()}
    changed = [
        name for name in both if (sizes[name][0] != sizes[name][1] if name in recut else of_a[name] != of_b[name])
    ]
    common = frozenset(both) - set(changed)
    return InputChanges(
        tuple(name for name in of_a if name not in of_b),
        tuple(name for name in of_b if name not in of_a),
        tuple(changed),
        tuple(name for name in both if name in recut and name in common and of_a[name] != of_b[name]),
        common,
    )


def _files(inputs: Iterable[Mapping[str, Any]]) -> dict[str, dict[tuple[int, int], str]]:
    """Return file -> (start, end) -> digest."""
    found: dict[str, dict[tuple[int, int], str]] = {}
    for split in inputs:
        name = _named(split.get("input", ""), split["name"])
        found.setdefault(name, {})[split["start"], split["end"]] = split["digest"]
    return found


def _named(input: str, name: str) -> str:
    return f"{input}/{name}" if input else name


class CommonFiles:
    """Says which documents of a run come from files that both runs have.

    An id that the run made begins with the file; of a document with an id of its own, its shard says it, if all files of the shard
    are common, or none is. `n_unsure` counts the documents of which neither says it; they are compared.
    """

    def __init__(self, common: frozenset[str], shards: Sequence[Shard]):
        self.common, self.n_unsure = common, 0
        self._files = [{_named(shard.input, split.name) for split in shard.splits} for shard in shards]

    def are_common(self, ids: pa.Array, shard: int) -> np.ndarray:
        """Return bool[n] for documents of a shard."""
        files = self._files[shard] if shard < len(self._files) else set()
        are_in = {file in self.common for file in files}
        if len(are_in) == 1:
            return np.full(len(ids), are_in.pop())
        origins = [id.rpartition("/")[0] for id in ids.to_pylist()]
        self.n_unsure += sum(origin not in files for origin in origins)
        return np.array([origin in self.common or origin not in files for origin in origins], bool)
