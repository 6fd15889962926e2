"""Exact duplicates: against a plain dictionary, whatever the shards."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import Batch
from curate.stages.dedup.exact import exact, normal_url

TEXT = st.sampled_from(["a", "A", "a ", "b", "b\n\nb", "B b", "", " ", "ß", "SS"])
DATE = st.sampled_from([None, "2023-01-01T00:00:00Z", "2024-01-01", "not a date"])
DOCS = st.lists(st.tuples(TEXT, DATE), max_size=12)


def decide(barrier: exact, shards: list[Batch]) -> list[tuple[int, int, float, int, int]]:
    """Run emit, reduce and apply by hand; return (shard, row, copies, shard and row of the kept copy) of what is dropped."""
    emitted = []
    for shard, batch in enumerate(shards):
        rows = barrier.emit(batch).rows
        place = {"shard": np.full(len(batch), shard, np.uint32), "row": np.arange(len(batch), dtype=np.uint32)}
        emitted.append(
            pa.RecordBatch.from_arrays(
                [*rows.columns, *map(pa.array, place.values())], names=[*rows.schema.names, *place]
            )
        )
    (reduction,) = barrier.reductions(len(shards))
    (results,) = reduction.reduce(emitted, SimpleNamespace(n_own=len(shards)))
    dropped = []
    for shard, batch in enumerate(shards):
        mine = results.filter(pa.array(results["shard"].to_numpy() == shard))
        verdicts = barrier.apply(batch, mine)
        kept = verdicts.kept_copy
        dropped += [
            (shard, int(row), float(verdicts.value[row]), int(kept.shard[row]), int(kept.row[row]))
            for row in np.flatnonzero(~verdicts.is_kept)
        ]
    return dropped


def number(date: str | None) -> int:
    digits = "".join(c for c in date or "" if c.isdigit())[:14]
    return int(digits.ljust(14, "0")) if digits else -1


@given(DOCS, st.sampled_from(["newest", "first"]), st.integers(1, 4))
def test_what_is_dropped_is_what_a_dictionary_says(docs, keep, n_shards):
    shards = [docs[i::n_shards] for i in range(n_shards)]
    groups: dict[str, list[tuple[int, int, int]]] = {}
    for shard, members in enumerate(shards):
        for row, (text, date) in enumerate(members):
            if key := " ".join(text.lower().split()):
                groups.setdefault(key, []).append((-number(date) if keep == "newest" else 0, shard, row))
    expected = []
    for members in groups.values():
        (_, kept_shard, kept_row), *lost = sorted(members)
        expected += [(shard, row, float(len(members)), kept_shard, kept_row) for _, shard, row in lost]
    batches = [
        Batch.from_columns(
            {"id": [str(i) for i in range(len(m))], "text": [t for t, _ in m], "date": [d for _, d in m]}
        )
        for m in shards
    ]
    assert sorted(decide(exact(keep=keep), batches)) == sorted(expected)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://www.a.example/x/", "https://a.example/x"), ("https://a.example/x?b=2&a=1", "https://a.example/x?a=1&b=2#top"), ("https://a.example:443/x", "http://a.example:80/x"),
        ("https://a.example/x?utm_source=mail&id=3", "https://a.example/x?id=3"), ("https://A.Example/x", "https://a.example/x"), ("https://a.example/%7Ejo/", "https://a.example/~jo"),
    ],
)  # fmt: skip
def test_addresses_of_the_same_page_are_the_same(one, other):
    assert normal_url(one) == normal_url(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x", "https://a.example/X"),
        ("https://a.example/?id=1", "https://a.example/?id=2"),
        ("https://a.example:8080/", "https://a.example/"),
        ("https://b.a.example/", "https://a.example/"),
        ("https://a.example/?q=caf%E9", "https://a.example/?q=caf%E8"),  # Latin-1, not UTF-8
    ],
)
def test_addresses_of_different_pages_stay_different(one, other):
    assert normal_url(one) != normal_url(other)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("", ""),
        (" http://[::1 ", "http://[::1"),
        ("://", ":"),
        ("http://a.example:99999999/", "http://a.example:99999999/"),
        ("http://\x00", "\x00"),
        ("%ff%fe", "%FF%FE"),
        ("http://a.example/%ff?%ff=%fe", "a.example/%FF?%FF=%FE"),
    ],
)
def test_a_broken_address_is_no_error(url, normal):
    assert normal_url(url) == normal


def test_documents_without_an_address_are_no_duplicates_of_each_other():
    batch = Batch.from_columns({"id": ["a", "b"], "text": ["x", "y"], "url": [None, ""]})
    assert decide(exact(by="url"), [batch]) == []
