"""Statistics of data sets that no run made: what is measured, how samples are drawn, and how far they may be off."""

from __future__ import annotations

import json
import math

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.batch import Batch
from curate.errors import InputError, SpecError
from curate.inputs import resolve
from curate.signals import SIGNALS, measure
from curate.statistics import dataset, groups, measuring, overview, sampling
from curate.statistics.dataset import Asked
from curate.statistics.distribution import Values
from curate.statistics.error import Sampled


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def sorted_rows(n=4000):
    return [{"text": "word " * (1 + k * k // 40_000) + "end.", "k": k} for k in range(n)]


def column(found, name):
    return found.record.read([name])[name].to_pylist()


def test_all_documents_have_the_values_that_signals_have(tmp_path):
    rows = sorted_rows(300)
    url = write_lines(tmp_path / "a.jsonl", rows)
    found = dataset.measure(url, Asked(sample=None))
    assert found.sampled is None and found.ledger.n_out == 300 and not found.is_run
    batch = Batch.from_columns({"id": [str(row["k"]) for row in rows], "text": [row["text"] for row in rows]})
    expected = measure(SIGNALS, batch)
    for name in ("words.count", "text.letter_share", "repetition.top_2_gram_share"):
        np.testing.assert_array_equal(np.array(column(found, name), SIGNALS[name].dtype), expected[name])
    assert column(found, "k") == list(range(300))


def test_a_sample_larger_than_the_data_set_is_no_sample(tmp_path):
    for name, write in (("a.jsonl", write_lines), ("a.parquet", lambda path, rows: pq.write_table(pa.Table.from_pylist(rows), path))):  # fmt: skip
        write(tmp_path / name, sorted_rows(50))
        found = dataset.measure(str(tmp_path / name))
        assert found.sampled is None and found.ledger.n_out == 50
        assert overview.glance(found, ["words.count"])["sample"] is None


@pytest.mark.parametrize("kind", ["lines", "one group", "many groups", "gzip"])
def test_percentiles_of_sorted_input_are_within_the_stated_margin(tmp_path, kind):
    rows = sorted_rows()
    if kind == "lines":
        url = write_lines(tmp_path / "a.jsonl", rows)
    elif kind == "gzip":
        url = str(tmp_path / "a.jsonl.gz")
        with fsspec.open(url, "wt", compression="gzip") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows))
    else:
        url = str(tmp_path / "a.parquet")
        pq.write_table(pa.Table.from_pylist(rows), url, row_group_size=4000 if kind == "one group" else 100)
    truth = np.array([row["k"] for row in rows], float)
    n_within = 0
    for seed in range(8):
        found = dataset.measure(url, Asked(sample=500), seed)
        assert 300 < found.sampled.n < 800
        assert found.sampled.n_documents is None or abs(found.sampled.n_documents - 4000) < 800
        values = np.array(column(found, "k"), float)
        for share in (0.05, 0.25, 0.5, 0.75, 0.95):
            at = Values(values).quantile(share)
            n_within += abs((truth <= at).mean() - share) <= found.sampled.margin(values, share) + 1 / len(values)
    assert n_within >= 36  # of 40; 38 are expected


def test_the_margin_of_documents_drawn_by_themselves_is_that_of_a_proportion():
    values = np.random.default_rng(0).random(1000)
    assert Sampled(1000, None, False, "").margin(values) == pytest.approx(1.96 * math.sqrt(0.25 / 1000))
    assert Sampled(1000, 1000, False, "").margin(values) == 0


def test_the_margin_grows_where_the_documents_of_a_place_are_alike():
    places = np.repeat(np.random.default_rng(0).random(20), 50)
    assert Sampled(1000, None, False, "", (50,) * 20).margin(places) > 3 * Sampled(1000, None, False, "").margin(places)


def test_every_document_can_be_drawn_and_none_is_drawn_twice(tmp_path):
    url = write_lines(tmp_path / "a.jsonl", sorted_rows(200))
    seen = set()
    for seed in range(30):
        ids = column(dataset.measure(url, Asked(sample=60), seed), "id")
        assert len(ids) == len(set(ids))
        seen |= set(ids)
    assert len(seen) == 200
    assert column(dataset.measure(url, Asked(sample=60), 3), "id") == column(dataset.measure(url, Asked(sample=60), 3), "id")  # fmt: skip


def test_the_parts_of_all_files_are_all_of_them(tmp_path):
    for k in range(3):
        write_lines(tmp_path / f"{k}.jsonl", sorted_rows(10))
    places = sampling.everything(resolve([str(tmp_path)], "", "sources.jsonl")).places
    assert sum(split.end - split.start for place in places for split in place.splits) == sum(
        path.stat().st_size for path in tmp_path.iterdir()
    )


def test_a_text_over_the_limit_is_counted_and_not_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "LARGEST", 1000)
    monkeypatch.setattr(dataset, "LARGEST", 1 << 20)
    url = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["a b c", "x " * 600, None]}), url)
    found = dataset.measure(url)
    assert column(found, "words.count") == [3, None] and "1 text of more than 1 MiB has no values" in found.missing[0]
    assert found.ledger.stages[0].dropped == {"no_text": 1}


def test_the_longest_column_of_words_is_taken_if_there_is_no_text(tmp_path):
    rows = [{"content": f"some words and number {k}", "title": f"a title {k}", "url": f"https://a.org/{k}", "date": f"201{k % 3}-01-01"} for k in range(40)]  # fmt: skip
    url = write_lines(tmp_path / "a.jsonl", rows)
    found = dataset.measure(url)
    assert column(found, "words.count") == [5] * 40 and "`content`" in found.missing[0]
    assert {each["value"]: each["documents"] for each in groups.count(found, "year")["groups"]} == {"2010": 14, "2011": 13, "2012": 13}  # fmt: skip
    chosen = dataset.measure(url, Asked("title"))
    assert column(chosen, "words.count") == [3] * 40


@pytest.mark.parametrize("odd", [5, ["a", "b"], None, {"a": 1}, True])
@pytest.mark.parametrize("at", [0, 30])
def test_one_record_of_another_kind_is_one_unreadable_record(tmp_path, odd, at):
    rows = sorted_rows(40)
    url = write_lines(tmp_path / "a.jsonl", [*rows[:at], {"text": odd, "k": -1}, *rows[at:]])
    for asked in (Asked(), Asked("text")):
        found = dataset.measure(url, asked)
        assert column(found, "k") == [row["k"] for row in rows]
        assert found.ledger.stages[0].dropped == {"no_text": 1}


def test_columns_of_one_name_are_said_and_cost_no_other(tmp_path):
    url = str(tmp_path / "a.parquet")
    pq.write_table(pa.table([pa.array(["a b c"]), pa.array([1]), pa.array([2])], names=["text", "n", "n"]), url)
    found = dataset.measure(url)
    assert column(found, "words.count") == [3] and any("two columns `n`" in note for note in found.missing)
    pq.write_table(pa.table([pa.array(["a b c"]), pa.array(["d"])], names=["text", "text"]), url)
    with pytest.raises(InputError, match=r"a\.parquet: the file has two columns `text`"):
        dataset.measure(url)


def test_object_stores_are_read(tmp_path):
    with fsspec.open("memory://stats/a.jsonl", "w") as file:
        file.write("".join(json.dumps(row) + "\n" for row in sorted_rows(20)))
    assert dataset.measure("memory://stats/*.jsonl").ledger.n_out == 20


@pytest.mark.parametrize(
    ("rows", "asked", "said"),
    [
        ([{"n": 1}, {"n": 2}], Asked(), r"no key holds texts; keys seen: n \(a number\).*--text COLUMN"),
        ([{"id": "a1", "label": "x"}], Asked(), r"Columns of strings: id, label\.  Choose one: --text COLUMN"),
        ([{"text": "a b c"}], Asked("txet"), r"`txet` is not there.*Columns of strings: text"),
        ([{"text": "a b c", "n": 1}], Asked("n"), r"`n` holds no texts"),
    ],
)
def test_a_data_set_without_text_names_its_columns_and_the_option(tmp_path, rows, asked, said):
    with pytest.raises(SpecError, match=said):
        dataset.measure(write_lines(tmp_path / "a.jsonl", rows), asked)


def test_nothing_and_damaged_files_are_told_apart(tmp_path):
    with pytest.raises(dataset.NotFound, match="no such file"):
        dataset.measure(str(tmp_path / "a.jsonl"))
    (tmp_path / "b.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(InputError, match=r"b\.parquet") as error:
        dataset.measure(str(tmp_path / "b.parquet"))
    assert not isinstance(error.value, dataset.NotFound)


@pytest.mark.parametrize(
    "values", ["1e308", '1e308, "t": 1}\n{"text": "two", "s": -1e308', 'NaN}\n{"text": "two", "s": 1e-320']
)
def test_numbers_of_any_size_are_shown(tmp_path, values, capsys):
    from curate.cli.stats import stats

    (tmp_path / "a.jsonl").write_text(f'{{"text": "one", "s": {values}}}\n')
    stats(str(tmp_path / "a.jsonl"))
    assert "distributions" in capsys.readouterr().out


def test_files_that_are_measured_and_those_that_are_left_out_are_named(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "one"}\n')
    (tmp_path / "b.parquet").write_text("junk")
    (tmp_path / "c.txt").symlink_to(tmp_path / "nowhere")
    (note,) = dataset.measure(str(tmp_path)).missing
    assert "1 file for sources.jsonl measured: a.jsonl; 1 other file left out, such as b.parquet" in note
    assert "1 entry left out that leads to no file" in note and "c.txt" in note


def test_columns_with_the_names_of_curates_are_there_under_others(tmp_path):
    rows = [{"text": "a b c", "stage": "x", "words.count": -5, "language": "mine", "k": 1}] * 3
    for url in (write_lines(tmp_path / "a.jsonl", rows), str(tmp_path / "a.parquet")):
        if url.endswith(".parquet"):
            pq.write_table(pa.Table.from_pylist(rows), url)
        found = dataset.measure(url)
        assert column(found, "dataset.words.count") == [-5] * 3 and column(found, "words.count") == [3] * 3
        assert column(found, "dataset.stage") == ["x"] * 3 and column(found, "stage") == [None] * 3
        assert column(found, "dataset.language") == ["mine"] * 3
        assert any("`stage` as `dataset.stage`" in note for note in found.missing)


def test_files_of_several_schemas_are_measured_by_their_texts(tmp_path):
    for k, value in enumerate((1, "one")):
        pq.write_table(pa.Table.from_pylist([{"text": "a b c", "n": value}]), tmp_path / f"{k}.parquet")
    found = dataset.measure(str(tmp_path))
    assert column(found, "words.count") == [3, 3]
    assert any("cannot be read as one table" in note and "extra:" not in note for note in found.missing)


def test_each_row_group_gives_its_share_if_there_are_few(tmp_path):
    url = str(tmp_path / "a.parquet")
    pq.write_table(pa.Table.from_pylist(sorted_rows()), url, row_group_size=1000)
    found = dataset.measure(url, Asked(sample=500))
    k = np.array(column(found, "k"), float)
    assert np.bincount((k // 1000).astype(int)).tolist() == [125] * 4
    assert found.sampled.margin(k) < 0.05
