"""Into how many parts a barrier's rows are divided, over how many tasks, and when they are merged in between.

A shuffle from m tasks to n opens m * n files, or ranges of files. So there are as many parts as the size of the input asks
for and not as many as there are shards; and with many shards, rows are merged on their way: what the shards of a group
emitted into one file before the reductions, results about the shards of a group into one file behind them. This is the
two-level shuffle of Spark's Magnet and of Exoshuffle. With s shards, p tasks and groups of g shards, no task opens more than
max(g, s / g, p) files, and all tasks of a barrier together open s + p * s / g before the reductions, and as many behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curate.stage import Shard

PART_BYTES = 16 << 20
"""Of the input, as stored, for each part. Rows of numbers about it are about a tenth of it, but ten times as much for texts of a
few words."""

PARTS_PER_TASK = 32
"""A task takes as many of its parts at a time as fit into memory. With fewer, a shuffle between two reductions, which is from all
tasks to all, opens too many files: 1,024 tasks a million, which took nine minutes of processor time."""

MOST_PARTS = 1 << 13

SHARDS_PER_GROUP = 256
"""With more shards than this, rows are merged by groups of so many shards."""

UNKNOWN_BYTES = 128 << 20
"""What a shard counts of which only a reader of datatrove knows the files."""


@dataclass(frozen=True, slots=True)
class Partitions:
    """How the rows of every barrier of a run are divided.

    Args:
        n_shards: of the run.
        n_parts: the most parts that a reduction may have; a power of two, so that a little more input does not change it.
        per_group: the number of shards whose rows are merged, if there are more shards than this.
    """

    n_shards: int
    n_parts: int
    per_group: int

    @classmethod
    def of(cls, shards: Sequence[Shard]) -> Partitions:
        """Return the partitions for an input."""
        n_bytes = sum(
            sum(split.end - split.start for split in shard.splits) if shard.splits else UNKNOWN_BYTES
            for shard in shards
        )
        wanted = max(1, -(-n_bytes // PART_BYTES))
        return cls(len(shards), min(MOST_PARTS, 1 << (wanted - 1).bit_length()), SHARDS_PER_GROUP)

    @staticmethod
    def n_tasks(n_parts: int) -> int:
        """Return over how many tasks some parts are divided."""
        return -(-n_parts // PARTS_PER_TASK)

    @property
    def n_groups(self) -> int:
        """The number of groups of shards whose rows are merged; 0 if they are not."""
        return -(-self.n_shards // self.per_group) if self.n_shards > self.per_group else 0
