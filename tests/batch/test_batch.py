"""Batches: columns in, buffers out, nothing copied that need not be."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import Batch, Doc, Verdicts
from curate.errors import StageError

TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=8)


def batch_of(*texts: str) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": list(texts)})


@given(TEXTS, st.data())
def test_text_buffers_give_every_text_back_also_of_a_slice(texts, data):
    batch = batch_of(*texts)
    start = data.draw(st.integers(0, len(texts)))
    length = data.draw(st.integers(0, len(texts) - start))
    offsets, raw = batch.slice(start, length).text_buffers()
    assert offsets.dtype == np.int64 and raw.dtype == np.uint8
    assert [bytes(raw[a:b]).decode() for a, b in itertools.pairwise(offsets)] == texts[start : start + length]


def test_text_buffers_do_not_copy_the_text():
    batch = batch_of("one", "two")
    assert batch.text_buffers()[1].ctypes.data == batch["text"].buffers()[2].address


def test_null_text_is_empty_in_buffers_and_in_docs():
    batch = Batch.from_columns({"id": ["a", "b"], "text": [None, "x"]})
    assert list(batch.text_buffers()[0]) == [0, 0, 1]
    assert [doc.text for doc in batch.docs()] == ["", "x"]


def test_binary_columns_have_buffers_too():
    batch = Batch.from_columns({"id": ["a"], "html": pa.array([b"\xff\x00"], pa.large_binary())})
    assert bytes(batch.text_buffers("html")[1]) == b"\xff\x00"


def test_documents_come_back_as_they_were():
    doc = Doc("a", "text", "http://a.example/", "2024-01-01", "crawl", {"score": 0.5})
    assert list(Batch.from_docs([doc]).docs()) == [doc]


def test_a_batch_without_ids_is_refused():
    with pytest.raises(StageError, match="needs the column `id`"):
        Batch(pa.RecordBatch.from_pydict({"text": ["a"]}))


def test_a_lone_surrogate_is_an_error_that_names_the_column():
    with pytest.raises(StageError, match="column `text` does not fit large_string"):
        batch_of("\ud800")


def test_a_column_of_the_wrong_length_is_refused():
    with pytest.raises(StageError, match="column `n` has 1 values for 2 documents"):
        batch_of("a", "b").with_columns({"n": [1]})


def test_a_missing_column_lists_those_there_are():
    with pytest.raises(StageError, match="no column `lang`; this batch has id, text"):
        batch_of("a")["lang"]


def test_replacing_a_column_keeps_its_place():
    assert batch_of("a").with_columns({"n": [1]}).with_text(["b"]).names == ["id", "text", "n"]


def test_taking_rows_forgets_verdicts_and_counts():
    batch = batch_of("a", "b").judged(Verdicts.of(["bad", None])).counted({"seen": 1}).counted({"seen": 2})
    assert batch.counts == {"seen": 3}
    kept = batch.take(batch.verdicts.is_kept)
    assert kept.texts() == ["b"] and kept.verdicts is None and kept.counts == {}


def test_a_part_of_a_batch_keeps_its_verdicts_and_the_first_one_the_counts():
    verdicts = Verdicts.of([None, "bad", None], value=[0, 1, 2], evidence=["x", "y", "z"])
    whole = batch_of("a", "b", "c").judged(verdicts).counted({"seen": 3})
    head, rest = whole.part(0, 2), whole.part(2, 3)
    assert list(head.verdicts.code) == [-1, 0] and list(head.verdicts.value) == [0, 1]
    assert (rest.texts(), rest.verdicts.evidence, head.counts, rest.counts) == (["c"], ["z"], {"seen": 3}, {})


def test_verdicts_must_be_as_many_as_documents():
    with pytest.raises(StageError, match="1 verdicts for 2 documents"):
        batch_of("a", "b").judged(Verdicts.keep_all(1))
