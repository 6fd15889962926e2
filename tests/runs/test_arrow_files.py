"""Intermediate Arrow files: every change of content is noticed, and no layout of the same content is."""

import io
import random
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.runs import RunFolder
from curate.runs.arrow_files import ArrowReader, ArrowWriter, DamagedFile
from curate.runs.layout import PhaseFolder

TYPES = {
    "text": (pa.large_string(), ["", "ein Text", None, "𝒳\u0000\u202e", "x" * 300]),
    "id": (pa.string(), ["a", None, "", "é", "b"]),
    "bytes": (pa.binary(), [b"", b"\x00\xff", None, b"abc", b"z"]),
    "number": (pa.int64(), [1, None, -3, 2**62, 0]),
    "float": (pa.float32(), [0.5, None, float("inf"), -0.0, 3.25]),
    "flag": (pa.bool_(), [True, None, False, True, True]),
    "list": (pa.list_(pa.string()), [["a", None], None, [], ["b", "c"], [""]]),
    "nested": (pa.list_(pa.struct({"n": pa.int32(), "s": pa.string()})), [[{"n": 1, "s": "x"}], None, [], [None], []]),
    "signature": (pa.list_(pa.uint32(), 2), [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10]]),
    "key": (pa.binary(4), [b"abcd", None, b"0000", b"\x00\x01\x02\x03", b"zzzz"]),
    "decimal": (pa.decimal128(10, 2), [Decimal("1.25"), None, Decimal("-3.50"), Decimal("0.00"), Decimal("9.99")]),
    "code": (pa.dictionary(pa.int8(), pa.string()), ["a", "b", None, "a", "c"]),
    "nothing": (pa.null(), [None] * 5),
}
ROWS = pa.RecordBatch.from_arrays([pa.array(v, t) for t, v in TYPES.values()], names=list(TYPES))


def written(batches: list[pa.RecordBatch], compression: str | None = "lz4") -> bytes:
    file = io.BytesIO()
    writer = ArrowWriter(file, batches[0].schema, compression)
    for batch in batches:
        writer.write(batch)
    writer.close()
    return file.getvalue()


def read(data: bytes) -> list[pa.RecordBatch]:
    place = PhaseFolder(RunFolder("memory://run"), "01-x").task(0)
    return list(ArrowReader(io.BytesIO(data), len(data), place, place.docs).batches())


@pytest.mark.parametrize("compression", ["lz4", None])
@pytest.mark.parametrize(("start", "n"), [(0, 5), (1, 3), (3, 2), (4, 1), (2, 0)])
def test_slices_of_every_type_are_read_as_they_were_written(start, n, compression):
    (back,) = read(written([ROWS.slice(start, n)], compression))
    assert back.to_pylist() == ROWS.slice(start, n).to_pylist()


def test_a_file_without_batches_has_one_empty_batch():
    file = io.BytesIO()
    ArrowWriter(file, ROWS.schema).close()
    (batch,) = read(file.getvalue())
    assert batch.num_rows == 0 and batch.schema.names == ROWS.schema.names


@given(
    st.lists(st.tuples(st.text(), st.none() | st.text(), st.none() | st.integers(-(2**31), 2**31)), min_size=1),
    st.data(),
)
def test_random_slices_are_read_as_they_were_written(rows, data):
    texts, ids, numbers = zip(*rows, strict=True)
    kinds = [pa.large_string(), pa.string(), pa.int64()]
    columns = [
        pa.array([None if v is None else str(v).encode("utf-8", "replace").decode() for v in column], pa.string()).cast(
            kind
        )
        for column, kind in zip((texts, ids, numbers), kinds, strict=True)
    ]
    batch = pa.RecordBatch.from_arrays(columns, names=["text", "id", "n"])
    start = data.draw(st.integers(0, len(rows)))
    part = batch.slice(start, data.draw(st.integers(0, len(rows) - start)))
    (back,) = read(written([part]))
    assert back.to_pylist() == part.to_pylist()


@pytest.mark.parametrize("compression", ["lz4", None])
def test_every_flipped_bit_is_noticed(compression):
    batches = [ROWS, ROWS.slice(1, 3), ROWS.slice(2)]
    data, right = written(batches, compression), [b.to_pylist() for b in batches]
    chance = random.Random(5)
    assert [b.to_pylist() for b in read(data)] == right
    for _ in range(3000):
        at, bit = chance.randrange(len(data)), chance.randrange(8)
        damaged = bytearray(data)
        damaged[at] ^= 1 << bit
        try:
            found = [b.to_pylist() for b in read(bytes(damaged))]
        except DamagedFile:
            continue
        is_end_of_stream = found == right  # the message after the last batch is not read
        assert is_end_of_stream and len(data) - 150 < at < len(data), (at, bit)


def test_a_cut_file_and_a_lost_batch_are_noticed():
    data = written([ROWS, ROWS])
    for n in np.linspace(0, len(data) - 1, 40, dtype=int):
        with pytest.raises(DamagedFile):
            read(data[:n])


def test_any_arrow_reader_reads_the_files():
    batches = pa.ipc.open_stream(written([ROWS, ROWS.slice(3)])).read_all()
    assert batches.to_pylist() == [*ROWS.to_pylist(), *ROWS.slice(3).to_pylist()]


def test_dictionaries_become_plain_columns():
    first = pa.RecordBatch.from_pydict({"c": pa.array(["a", "b"]).dictionary_encode()})
    other = pa.RecordBatch.from_pydict({"c": pa.array(["z", None]).dictionary_encode()})
    assert [b.to_pylist() for b in read(written([first, other]))] == [first.to_pylist(), other.to_pylist()]
    nested = pa.RecordBatch.from_pydict({"c": pa.array([["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string())))})
    assert [b.schema.field("c").type for b in read(written([nested]))] == [pa.list_(pa.string())]


def test_dictionaries_can_stay_and_each_batch_has_its_own():
    kind = pa.dictionary(pa.int8(), pa.string())
    columns = {"flat": (kind, [["a", "b"], ["z", None]]), "nested": (pa.list_(kind), [[["a"], ["b"]], [["z"], None]])}
    batches = [
        pa.RecordBatch.from_pydict({name: pa.array(values[i], type_) for name, (type_, values) in columns.items()})
        for i in range(2)
    ]
    file = io.BytesIO()
    writer = ArrowWriter(file, batches[0].schema, keeps_dictionaries=True)
    for batch in batches:
        writer.write(batch)
    writer.close()
    assert [(b.schema, b.to_pylist()) for b in read(file.getvalue())] == [(b.schema, b.to_pylist()) for b in batches]
    assert read(file.getvalue())[1].equals(batches[1])
