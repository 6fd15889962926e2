"""Sums over kept and dropped documents: equal to those of the slow twin, whatever the record holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate.report import sums
from curate.sketches import Histogram
from curate.statistics.record import Record
from tests.reference import sums as reference

STAGES = ["a.filter", "b.filter", "c.filter"]
FATES = st.one_of(st.none(), st.tuples(st.sampled_from(STAGES), st.sampled_from(["short", "loud"])))
ROW = st.fixed_dictionaries(
    {
        "fate": FATES,
        "source": st.sampled_from(["web", "books", "", "it is\nlong"]),
        "language": st.sampled_from(["en", "zh", None]),
        "words": st.one_of(st.none(), st.integers(0, 100)),
        "score": st.one_of(st.none(), st.floats(width=32)),
        "is_good": st.booleans(),
    }
)
SCHEMA = pa.schema(
    {"source": pa.string(), "language": pa.string(), "stage": pa.string(), "reason": pa.string(), "words": pa.int32(),
     "score": pa.float32(), "is_good": pa.bool_()}
)  # fmt: skip


class RecordInMemory(Record):
    """A record of rows, in batches of a few."""

    def __init__(self, rows, n_batch: int):
        super().__init__("memory", {name: f"about {name}" for name in SCHEMA.names})
        self.table, self.n_batch = pa.Table.from_pylist(rows, SCHEMA), n_batch

    def by_shard(self, columns, *, with_threads=True, coded=False):
        for batch in self.table.select(columns).to_batches(self.n_batch):
            yield 0, batch

    def schema(self, columns):
        return pa.schema([SCHEMA.field(name) for name in columns])


@given(st.lists(ROW, max_size=40), st.integers(1, 7))
def test_sums_are_those_of_the_slow_twin(rows, n_batch):
    rows = [{**row, "stage": row["fate"] and row["fate"][0], "reason": row["fate"] and row["fate"][1]} for row in rows]
    found = sums.count(RecordInMemory(rows, n_batch), STAGES)
    expected = reference.columns(rows, ["words", "score"])
    assert [*found.columns] == ["words", "score"], "truth values are not drawn"
    for name, of_stage in expected.items():
        assert _counts(found.columns[name].kept) == _counts(_histogram(of_stage.get(None, {})))
        for stage in STAGES:
            dropped = found.columns[name].dropped.get(stage, Histogram())
            assert _counts(dropped) == _counts(_histogram(of_stage.get(stage, {})))
    for by in sums.GROUPINGS:
        assert found.groups[by] == reference.groups(rows, by)


def _histogram(counted) -> Histogram:
    found = Histogram()
    found.count(np.repeat([*counted], [*counted.values()]) if counted else np.zeros(0))
    return found


def _counts(histogram: Histogram):
    return sorted(histogram.counts.items()), histogram.lowest, histogram.highest
