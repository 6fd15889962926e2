"""Hosts, addresses and hash tables are those of their slow twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.kernels import urls
from tests.reference import urls as slow

PARTS = [
    "http://", "HTTPS://", "//", "\\\\", "ftp:/", "mailto:", "user:pw@", "@", "www.", "WWW.", "a.example", "b.a.example", "co.uk", "Example",
    ".", "..", ":", ":80", ":8080", "/", "//", "?", "#", "&", "x=1", "%7e", "%41", "%2F", "%", "%d0", "é", "пример.рф", "[::1]", "[2001:DB8::1", "]",
    "1.2.3.4", "127.1", "0x7f.1", "256.1.1.1", "010.0.0.1", "1", " ", "\t", "\n", "-", "_", "~", "a", "\x00", "\u3002",
]  # fmt: skip
ADDRESSES = st.one_of(
    st.builds("".join, st.lists(st.sampled_from(PARTS), max_size=12)),
    st.text(st.characters(codec="utf-8"), max_size=20),
)


def buffers(values: list[bytes]):
    offsets = np.cumsum([0, *map(len, values)]).astype(np.int64)
    return offsets, np.frombuffer(b"".join(values), np.uint8)


@given(st.lists(ADDRESSES, max_size=6))
def test_hosts_and_their_parents_are_those_of_the_slow_twin(texts):
    values = [text.encode() for text in texts]
    offsets, data = buffers(values)
    bounds, hashes, starts, ends, _ = urls.host_suffixes(offsets, data)
    for i, value in enumerate(values):
        mine = range(bounds[i], bounds[i + 1])
        assert [slow.fold(data[starts[k] : ends[i]].tobytes()) for k in mine] == slow.suffixes(value)
        assert [int(hashes[k]) for k in mine] == [slow.digest(s[::-1]) for s in slow.suffixes(value)]


@given(st.lists(ADDRESSES, max_size=6))
def test_prefixes_of_urls_are_those_of_the_slow_twin(texts):
    values = [text.encode() for text in texts]
    bounds, hashes, _, _ = urls.url_prefixes(*buffers(values))
    for i, value in enumerate(values):
        assert hashes[bounds[i] : bounds[i + 1]].tolist() == [slow.digest(prefix) for prefix in slow.prefixes(value)]


@given(st.lists(st.integers(1, 2**64 - 1), unique=True, max_size=300), st.lists(st.integers(1, 2**64 - 1), max_size=30))
def test_a_table_contains_what_was_put_in_and_nothing_else(put, others):
    made = urls.table(np.array(sorted(put), np.uint64))
    wanted = np.array([*put, *others, *(x ^ 1 or 1 for x in put)], np.uint64)
    bounds = np.arange(len(wanted) + 1)
    assert (urls.first_found(made, bounds, wanted) >= 0).tolist() == [int(x) in set(put) for x in wanted]


def test_hashes_that_crowd_at_the_end_of_a_table_are_found():
    crowd = np.arange(2**64 - 50, 2**64, dtype=np.uint64)
    made = urls.table(crowd)
    assert (urls.first_found(made, np.arange(51), crowd) >= 0).all()
    assert urls.first_found(made, np.array([0, 2]), np.array([1, 2**64 - 51], np.uint64)).tolist() == [-1]


def test_different_names_have_different_hashes():
    names = [f"{i:x}.{i % 977}.example".encode() for i in range(100_000)]
    _, hashes, _, _, _ = urls.host_suffixes(*buffers(names))
    assert len(np.unique(hashes)) == len(names) + 977
