"""What a shard of a trial reads: as many documents from each of its splits, and more from others where one has too few."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from curate.batch import Batch
from curate.plan import trial
from curate.stage import Shard


def read(source: Callable[[Shard], Iterator[Batch]], shard: Shard) -> Iterator[Batch]:
    """Yield `shard.limit` documents, or all there are if these are fewer; at least one batch, which may be empty."""
    missing = shard.limit
    parts = [replace(shard, splits=(split,)) for split in shard.splits] or [shard]
    n_places = trial.places(shard.limit)
    for start in range(0, len(parts), n_places):
        places = [_Place(source(part)) for part in parts[start : start + n_places]]
        while places and missing:
            share = max(1, missing // len(places))
            for place in places:
                for batch in place.take(min(share, missing)):
                    missing -= len(batch)
                    yield batch
            places = [place for place in places if not place.is_dry]
        if not missing:
            return


class _Place:
    """A place of the input at which documents are read bit by bit."""

    def __init__(self, batches: Iterator[Batch]):
        self.batches = iter(batches)
        self.rest: Batch | None = None
        self.is_dry = False

    def take(self, share: int) -> Iterator[Batch]:
        """Yield the next documents: a share of them, or all that are left."""
        while share > 0:
            batch = self.rest if self.rest is not None else next(self.batches, None)
            if batch is None:
                self.is_dry = True
                return
            taken = batch.part(0, share)
            self.rest = batch.part(share, len(batch)) if share < len(batch) else None
            share -= len(taken)
            yield taken
