"""What differs between two runs, against a comparison document by document."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.spec import Case
from curate.statistics.difference import cases, pairing, recipes
from curate.statistics.difference.documents import Difference
from curate.statistics.difference.fates import Fates, Names, fate_numbers
from tests.reference.run_difference import compared

FATES = [(None, None), ("filters.a", "too_short"), ("filters.a", "too_long"), ("dedup.exact", "too_short")]
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c", "a\x00", "ä", ""]) | st.text(max_size=2),
            "fate": st.sampled_from(FATES),
            "source": st.sampled_from(["x", "y"]),
            "language": st.sampled_from([None, "en", "zh"]),
        }
    ),
    max_size=30,
)


def arrays(documents: list[dict], names: Names) -> Fates:
    stage, reason = ([d["fate"][k] for d in documents] for k in (0, 1))
    source, language = ([d[name] for d in documents] for name in ("source", "language"))
    return Fates(
        pairing.hashes(pa.array([d["id"] for d in documents], pa.string())),
        fate_numbers(pa.array(stage, pa.string()), pa.array(reason, pa.string()), names.fates),
        names.sources.of_strings(pa.array(source, pa.string())),
        names.languages.of_strings(pa.array(language, pa.string())),
        {"tokens": np.arange(len(documents), dtype=np.float32)},
    )


def difference(a: list[dict], b: list[dict]) -> Difference:
    names = Names.empty()
    return Difference(arrays(a, names), arrays(b, names), names)


@given(DOCUMENTS, DOCUMENTS)
def test_all_numbers_are_those_of_a_plain_comparison(a, b):
    found = difference(a, b)
    expected = compared(a, b, found.names.fates.values)
    assert found.counts() == expected["counts"]
    groups = found.groups(2)
    assert {(g.kind, g.before, g.after): g.n for g in groups} == dict(expected["groups"])
    for group in groups:
        assert len(group.a) == len(group.b) == min(2, group.n)
        assert all(
            (a[i]["fate"], b[k]["fate"]) == (group.before, group.after) for i, k in zip(group.a, group.b, strict=True)
        )
        assert all(a[i]["id"] == b[k]["id"] for i, k in zip(group.a, group.b, strict=True))
    for column in ("source", "language") if expected["counts"]["repeated_ids"]["ids"] == 0 else ():
        rows = {(row[column], kind): row[kind] for row in found.by(column) for kind in ("gained", "lost", "moved")}
        assert {key: n for key, n in rows.items() if n} == {
            key: n for key, n in expected[column].items() if key[1] in ("gained", "lost", "moved")
        }


@given(DOCUMENTS, DOCUMENTS)
def test_in_parts_the_numbers_are_the_same(a, b):
    whole = difference(a, b)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairing, "AT_ONCE", 5)
        parts = difference(a, b)
    assert parts.counts() == whole.counts()
    assert {(g.kind, g.before, g.after): g.n for g in parts.groups(2)} == {
        (g.kind, g.before, g.after): g.n for g in whole.groups(2)
    }


@given(DOCUMENTS, DOCUMENTS)
def test_the_other_way_round_gained_is_lost(a, b):
    there, back = difference(a, b), difference(b, a)
    one, other = there.counts(), back.counts()
    assert (one["gained"], one["lost"], one["moved"]) == (other["lost"], other["gained"], other["moved"])
    assert (one["only_a"], one["only_b"]) == (other["only_b"], other["only_a"])


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_nothing_differs_from_the_same_documents_in_another_order(a, random):
    shuffled = random.sample(a, len(a))
    found = difference(a, shuffled).counts()
    assert found["kept"] + found["dropped"] == found["compared"] == len(a)


@given(DOCUMENTS, DOCUMENTS)
def test_the_shift_is_the_sum_of_its_parts(a, b):
    found = difference(a, b)
    shift, pairs = found.shift("tokens"), found.pairs
    alone = [
        sum(run.sizes["tokens"][rows][run.fate[rows] == 0])
        for run, rows in ((found.a, pairs.only_a), (found.b, pairs.only_b))
    ]
    assert shift["b"] - shift["a"] == shift["gained"] - shift["lost"] + shift["changed"] + alone[1] - alone[0]


LANGUAGES, SOURCES = ["en", "de", "zh", "zh-Hant"], ["x", "y"]
WHEN = st.fixed_dictionaries(
    {},
    optional={
        "language": st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=3, unique=True),
        "source": st.lists(st.sampled_from(SOURCES), min_size=1, max_size=2, unique=True),
    },
)
PARAMS = st.fixed_dictionaries({"least": st.sampled_from([None, 0, 1, False, [1]]), "most": st.sampled_from([5, 6])})
CASES = st.lists(st.builds(Case, WHEN, PARAMS), min_size=1, max_size=4)


def met(stage: list[Case], document: dict) -> Case | None:
    return next((case for case in stage if case.fits(document)), None)


def of_documents(change: cases.CaseChange, document: dict) -> bool:
    is_unless = any(Case({column: values}, {}).fits(document) for column, values in change.unless.items())
    return Case(change.when, {}).fits(document) and not is_unless


@given(CASES, CASES)
def test_the_changes_of_cases_are_those_of_every_document(a, b):
    found = cases.changes(a, b)
    for language in [*LANGUAGES, "fr", None]:
        for source in [*SOURCES, "z"]:
            document = {"language": language, "source": source}
            sides = met(a, document), met(b, document)
            expected = {cases.APPLIES: tuple(side is not None for side in sides)}
            if None not in sides:
                expected |= {name: tuple(side.params[name] for side in sides) for name in ("least", "most")}
            changes = {c.param: (c.a, c.b) for c in found if of_documents(c, document)}
            assert changes == {name: pair for name, pair in expected.items() if repr(pair[0]) != repr(pair[1])}
            assert len(changes) == sum(of_documents(change, document) for change in found)


def described(*some: Case) -> dict:
    stage = {"label": "f", "name": "f", "cases": [{"when": case.when, "params": case.params} for case in some]}
    versions = {"curate": "1", "python": "3", "packages": {}}
    return {"stages": [stage], "recipe": {}, "limit": None, "phases": [{"folder": repr(some)}], **versions}


def test_cases_in_another_order_do_the_same():
    de, zh = (Case({"language": [code]}, {"least": n}) for code, n in (("de", 1), ("zh", 2)))
    found = recipes.changes(described(de, zh), described(zh, de))
    assert found["rewritten"] == ["f"] and not found["changed"] and not found["code"]
