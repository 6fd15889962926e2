"""A barrier of your own: one class in one file. Used by examples/my_recipe.yaml."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import xxhash

from curate import Barrier, Batch, Emitted, Reduction, Verdicts


class at_most_per_site(Barrier):
    """Keep at most `count` pages of each site, the first ones of the input. Pages without a URL count as one site.

    Needs: url
    Drops:
        too_many_of_site: the site has more pages.
    """

    def __init__(self, *, count: int = 100):
        self.count = count

    def emit(self, batch: Batch) -> Emitted:  # one row of numbers per document; texts stay where they are
        hosts = [url.partition("//")[2].partition("/")[0].lower() for url in batch.texts("url")]
        sites = [xxhash.xxh3_64_intdigest(host) for host in hosts]
        return Emitted(pa.RecordBatch.from_pydict({"site": pa.array(sites, pa.uint64())}))

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:  # here one part, of all rows
        return (Reduction("sites", 1, lambda rows: np.zeros(len(rows), np.int64), self.reduce),)

    def reduce(self, rows: Iterable[pa.RecordBatch], context) -> Iterator[pa.RecordBatch]:
        table = pa.Table.from_batches(rows).sort_by([(name, "ascending") for name in ("site", "shard", "row")])
        site, shard, row = (table[name].to_numpy() for name in ("site", "shard", "row"))
        too_many = np.arange(len(site)) - np.searchsorted(site, site) >= self.count
        context.report({"sites": len(np.unique(site)), "sites_cut": len(np.unique(site[too_many]))})
        yield pa.RecordBatch.from_pydict({"shard": shard[too_many], "row": row[too_many]})

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:  # the result rows of this batch
        reasons: list[str | None] = [None] * len(batch)
        for row in results["row"].to_pylist():
            reasons[row] = "too_many_of_site"
        return Verdicts.of(reasons)
