"""A barrier of a user's own: keep the loudest document of each source, and say which one that was."""

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from curate import Barrier, Batch, Columns, Emitted, Places, Reduction, Verdicts

EVIDENCE = pa.schema({"source": pa.string(), "id": pa.string()})


class keep_loudest(Barrier):
    """Keep the document with the most exclamation marks."""

    names_kept_copies = True

    def __init__(self, *, by: str = "n_marks"):
        self.by = by
        self.columns = Columns(needs=(by,))

    def emit(self, batch: Batch) -> Emitted:
        return Emitted(pa.RecordBatch.from_pydict({"n": pa.array(batch.numbers(self.by).astype(np.int64))}))

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        return (Reduction("loudest", 1, lambda rows: np.zeros(rows.num_rows, np.int64), self.find),)

    def find(self, rows: Iterable[pa.RecordBatch], context) -> Iterator[pa.RecordBatch]:
        table = pa.Table.from_batches(rows).sort_by([("n", "descending"), ("shard", "ascending"), ("row", "ascending")])
        shard, row = (table[name].to_numpy() for name in ("shard", "row"))
        ids = context.lookup(["id"], shard[:1], row[:1])["id"]
        with context.evidence("loudest", EVIDENCE) as file:
            file.write(pa.RecordBatch.from_arrays([pa.array(["all"]), ids], schema=EVIDENCE))
        context.report({"documents": len(table), "most_marks": int(table["n"][0].as_py())})
        rest = {"shard": shard[1:], "row": row[1:], "kept_shard": np.repeat(shard[:1], len(table) - 1)}
        rest["kept_row"] = np.repeat(row[:1], len(table) - 1)
        yield pa.RecordBatch.from_pydict({name: pa.array(values, pa.uint32()) for name, values in rest.items()})

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        rows = results["row"].to_numpy()
        verdicts = Verdicts.keep_all(len(batch))
        verdicts.code[rows] = 0
        kept = Places(np.zeros(len(batch), np.uint32), np.zeros(len(batch), np.uint32))
        kept.shard[rows], kept.row[rows] = results["kept_shard"].to_numpy(), results["kept_row"].to_numpy()
        return Verdicts(("less_loud",), verdicts.code, verdicts.value, kept_copy=kept)
