"""The counts add up, and adding ledgers is a monoid, also after a JSON round trip."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import StageError
from curate.ledger import Ledger, StageLedger

NAMES = st.sampled_from(["a", "b", "c"])
COUNTS = st.dictionaries(NAMES, st.integers(0, 9))
BOOKS = st.builds(
    StageLedger,
    NAMES,
    n_in=st.integers(0, 99),
    n_born=st.integers(0, 99),
    n_out=st.integers(0, 99),
    dropped=COUNTS,
    failed=COUNTS,
    counts=COUNTS,
    bytes_in=st.integers(0, 99),
)
LEDGERS = st.lists(BOOKS, max_size=3, unique_by=lambda b: b.stage).map(Ledger)


def total(*ledgers: Ledger) -> dict:
    whole = Ledger()
    for ledger in ledgers:
        whole.add(Ledger.from_json(json.loads(json.dumps(ledger.to_json()))))
    return {entry["name"]: entry for entry in whole.to_json()["stages"]}


@given(LEDGERS, LEDGERS, LEDGERS)
def test_adding_is_associative_commutative_and_the_empty_ledger_changes_nothing(a, b, c):
    left, right = Ledger(), Ledger()
    left.add(a), left.add(b)
    right.add(b), right.add(c)
    assert total(left, c) == total(a, right) == total(c, b, a) == total(Ledger(), a, b, c)


def test_a_missing_document_is_an_error_with_the_numbers():
    with pytest.raises(StageError, match="lost count of documents: 3 in"):
        StageLedger("x", n_in=3, n_out=1, dropped={"bad": 1}).check()


def test_documents_cannot_vanish_between_stages():
    with pytest.raises(StageError, match="a handed on 2 documents, b took in 1"):
        Ledger([StageLedger("a", n_born=2, n_out=2), StageLedger("b", n_in=1, n_out=1)]).check()
