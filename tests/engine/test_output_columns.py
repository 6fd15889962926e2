"""Which columns come out, under which names, and the dates among them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.batch import Batch
from curate.engine.run import prepare
from curate.engine.tasks import outgoing
from curate.errors import SpecError
from curate.ledger import StageLedger
from curate.plan import Output
from curate.report import finished_run
from curate.spec.output import ALWAYS, ColumnChoice

DOCS = [
    {"text": "The ship left the harbour in the morning.", "url": "http://a.example/1", "date": "2024-03-01T10:00:00Z"},
    {"text": "Nobody had seen the keeper of the light.", "date": "Fri, 01 Mar 2024 10:00:00 GMT"},
    {"text": "It rained for a week, and then it stopped.", "date": "soon"},
    {"text": "She wrote down what the others had said."},
]
STAGES = ["language.detect", {"text.measure": {"signals": ["words.count", "words.mean_length", "lines.count"]}}]
CORE = ["id", "text", "url", "date", "source"]


@pytest.fixture
def recipe(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", [{**doc, "topic": "sea", "stars": k} for k, doc in enumerate(DOCS)])

    def write(columns=None, sink="sinks.parquet", **more) -> str:
        paths = {"paths": [str(Path(write_jsonl("b.jsonl", [])).parent / "*.jsonl")]}
        extra = {"topic": "string", "stars": "int"}
        output = {sink: {**({"columns": columns} if columns is not None else {}), **more}}
        return write_recipe(STAGES, inputs={"sources.jsonl": {**paths, "extra": extra}}, output=output)

    return write


def result(recipe: str, folder: Path) -> pa.Table:
    curate.run(recipe, output=str(folder), workers=1)
    return pa.concat_tables(pq.read_table(path) for path in sorted((folder / "data").iterdir()))


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        (None, [*CORE, "topic", "stars", "language", "language_score"]),
        ({"keep": ["url", "words.*"]}, ["id", "text", "url", "words.count", "words.mean_length"]),
        ({"keep": []}, ["id", "text"]),
        ({"add": ["*.count"]}, [*CORE, "topic", "stars", "language", "language_score", "words.count", "lines.count"]),
        ({"drop": ["lang*", "topic"]}, [*CORE, "stars"]),
        ({"keep": "*", "drop": "words.*"},
         [*CORE, "topic", "stars", "language", "language_score", "language_reliable", "language_guesses", "lines.count"]),
        ({"keep": ["url"], "rename": {"words.count": "n_words", "url": "link"}}, ["id", "text", "link", "n_words"]),
        ({"keep": ["topic"], "rename": {"language": "stars", "stars": "language"}}, ["id", "text", "topic", "language", "stars"]),
    ],
)  # fmt: skip
def test_the_columns_that_come_out(recipe, tmp_path, columns, wanted):
    made = recipe(columns)
    planned = prepare(made)
    assert sorted(planned.columns) == sorted(wanted)
    found = result(made, tmp_path / "run")
    assert found.column_names == list(planned.columns)
    assert len(planned.columns) + len(planned.left_out) == 14


def test_the_histograms_and_the_rejects_have_what_is_left_out(recipe, tmp_path):
    result(recipe({"keep": []}), tmp_path / "run")
    statistics = finished_run.read(str(tmp_path / "run")).statistics
    assert {"words.count", "stars", "language_score"} <= statistics.columns.keys()


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"keep": ["wrods.*"]}, r"keep: no column of this recipe fits `wrods\.\*`.  Did you mean words"),
        ({"drop": ["titel"]}, "drop: no column of this recipe fits `titel`"),
        ({"add": ["repetition.*"]}, "add: no column of this recipe fits"),
        ({"rename": {"word.count": "n"}}, r"rename: this recipe makes no column `word\.count`.*words\.count"),
        ({"rename": {"url": "topic"}}, "`url` cannot be called `topic`, as another column is.*drop or rename `topic`"),
        ({"rename": {"topic": "url"}}, "`url` is a core column, by which documents are found"),
        ({"rename": {"url": "a", "date": "a"}}, "cannot be called `a`"),
        ({"rename": {"text": "content"}}, "`id` and `text` always come out under these names"),
        ({"drop": ["t*"]}, r"`t\*` drops the column `text`, which always comes out"),
        ({"drop": ["url"], "rename": {"url": "link"}}, "drops the column `url`, which `rename` names"),
        ({"rename": {"url": ""}}, "a column needs a name"),
        ({"kep": ["url"]}, 'has no parameter "kep".  Did you mean keep'),
        ({"keep": [1]}, "expected list of str"),
        (["url"], "expected mapping with keep, add, drop, rename"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_its_place(recipe, columns, message):
    with pytest.raises(SpecError, match=message) as error:
        prepare(recipe(columns))
    assert "test.yaml:" in str(error.value) and "output" in str(error.value)


def test_a_renamed_column_of_one_name_in_both_forms_is_not_a_pattern(recipe, tmp_path):
    made = recipe({"keep": ["[uU]rl"], "rename": {"language": "lang*"}})
    assert result(made, tmp_path / "run").column_names == ["id", "text", "url", "lang*"]


# ---------------------------------------------------------------------- dates


def test_dates_are_timestamps_and_those_that_cannot_be_read_are_null_and_counted(recipe, tmp_path):
    found = result(recipe(), tmp_path / "run")
    assert found.schema.field("date").type == pa.timestamp("us", "UTC")
    ten = datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert found["date"].to_pylist() == [ten, ten, None, None]
    *_, sink = json.loads((tmp_path / "run" / "ledger.json").read_text())["stages"]
    assert sink["counts"] == {"unreadable_date": 1}


def test_dates_in_json_lines_are_iso_8601(recipe, tmp_path):
    curate.run(recipe(sink="sinks.jsonl", compression="none"), output=str(tmp_path / "run"), workers=1)
    lines = [json.loads(line) for line in (tmp_path / "run" / "data" / "00000.jsonl").read_text().splitlines()]
    assert [line["date"] for line in lines] == ["2024-03-01T10:00:00.000000Z"] * 2 + [None] * 2


@pytest.mark.parametrize("sink", ["sinks.parquet", "sinks.jsonl"])
def test_the_output_can_be_read_again(recipe, write_recipe, tmp_path, sink):
    curate.run(recipe(sink=sink), output=str(tmp_path / "run"), workers=1)
    source = {"sinks.parquet": "sources.parquet", "sinks.jsonl": "sources.jsonl"}[sink]
    inputs = {source: {"paths": [str(tmp_path / "run" / "data" / "*")], "fields": {"id": "id"}}}
    again = result(write_recipe([], inputs=inputs, name="again"), tmp_path / "again")
    ten = datetime(2024, 3, 1, 10, tzinfo=UTC)
    assert again["date"].to_pylist() == [ten, ten, None, None]
    assert again["text"].to_pylist() == [doc["text"] for doc in DOCS]


def test_a_kept_document_is_explained(recipe, tmp_path):
    result(recipe(), tmp_path / "run")
    from curate.cli.show_document import print_fate
    from curate.report import fate

    found = fate.find(str(tmp_path / "run"), "http://a.example/1")
    print_fate(found)
    assert found["fate"] == "kept" and found["columns"]["topic"] == "sea"


@given(st.lists(st.none() | st.text(max_size=12) | st.datetimes(timezones=st.just(UTC)).map(str) | st.from_regex(r"[0-9]{10}|[0-9]{13}", fullmatch=True)
                | st.just("0001-01-01T00:00:00+14:00") | st.just("9999-12-31T23:59:59-01:00"), max_size=8))  # fmt: skip
def test_any_string_is_a_date_that_python_can_hold_or_null(dates):
    entry = StageLedger("sink")
    batch = Batch.from_columns({"id": [str(k) for k in range(len(dates))], "date": pa.array(dates, pa.string())})
    (out,) = outgoing.through(Output("sink", ColumnChoice(), ()), iter([batch]), entry)
    found = out["date"].to_pylist()
    n_blank = sum(date is None or not date.strip() for date in dates)
    assert sum(each is None for each in found) == n_blank + entry.counts.get("unreadable_date", 0)
    assert all(each is None or 1 <= each.year <= 9999 for each in found)


# ---------------------------------------------------------------------- any choice

NAME = st.sampled_from(["url", "date", "a.b", "a.c", "words.count", "Ä", "x[y]"])
PATTERN = st.one_of(NAME, st.sampled_from(["*", "a.*", "[uÄ]*", "?"]))
PATTERNS = st.lists(PATTERN, max_size=3).map(tuple)


@given(st.lists(NAME, unique=True), st.none() | PATTERNS, PATTERNS, PATTERNS, st.dictionaries(NAME, st.text(max_size=3), max_size=2), st.sets(NAME))  # fmt: skip
def test_a_choice_keeps_the_order_and_what_always_comes_out(names, keep, add, drop, rename, measured):
    names = [*names[:2], *ALWAYS, *names[2:]]
    chosen = ColumnChoice(keep, add, drop, rename).of(names, measured)
    assert list(chosen) == [name for name in names if name in chosen] and {*ALWAYS} <= chosen.keys()
    everything = ColumnChoice(("*",), (), (), {}).of(names, measured)
    assert list(everything) == names
