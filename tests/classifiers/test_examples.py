"""Labelled texts: what is read, what is left out and counted, what is refused, and how they are split."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.classifiers.examples import Examples, read_examples, read_texts, split
from curate.errors import InputError, SpecError


def write(path, rows) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_rows_without_text_or_label_are_counted(tmp_path):
    rows = [
        {"text": "a", "label": "x"},
        {"text": " ", "label": "x"},
        {"text": None, "label": "x"},
        {"text": 5, "label": "x"},
        {"text": "b", "label": None},
        {"text": "c", "label": "y"},
        {"text": "d"},
        {"text": "e", "label": float("nan")},
    ]
    found = read_examples([write(tmp_path / "a.jsonl", rows)], positive="x")
    assert found.texts == ["a", "c"] and found.is_positive.tolist() == [True, False]
    assert found.left_out == {"text empty or missing": 3, "label missing": 3}


@pytest.mark.parametrize("labels", [[1, 0], [True, False], [1.0, 0.0], ["1", "0"]])
def test_zero_and_one_need_no_name(tmp_path, labels):
    path = write(tmp_path / "a.jsonl", [{"text": "a", "label": label} for label in labels])
    assert read_examples([path]).is_positive.tolist() == [True, False]


def test_many_labels_become_one_and_the_rest(tmp_path):
    path = write(tmp_path / "a.jsonl", [{"text": "a", "label": name} for name in "xyzx"])
    with pytest.raises(SpecError, match=r"positive is missing: the labels in .* are x \(2\), y \(1\), z \(1\)"):
        read_examples([path])
    with pytest.raises(SpecError, match="there is no such label"):
        read_examples([path], positive="w")
    assert read_examples([path], positive="x").is_positive.tolist() == [True, False, False, True]


def test_parquet_columns_inside_others_and_slices(tmp_path):
    rows = [{"text": t, "metadata": {"label": t, "who": "me"}, "source": None} for t in ("a", "b")]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    path = str(tmp_path / "*.parquet")
    found = read_examples(
        [path], label="metadata.label", positive="a", group="metadata.who", slices=["source", "metadata.who"]
    )
    assert found.groups == ["me", "me"] and found.slices == {"metadata.who": ["me", "me"]}
    assert len(next(iter(found.origins.values()))) == 64
    with pytest.raises(InputError, match=r"the column `label` is missing.  The columns are metadata, source, text"):
        read_examples([path], positive="a")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[1, 2]\n", b'{"text": ', b"PAR1 is not parquet"])
def test_a_damaged_file_is_refused(tmp_path, content):
    for name in ("a.jsonl", "a.parquet"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            read_examples([str(tmp_path / name)])


def test_labelled_data_may_be_in_a_format_of_the_users(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "tab_files.py").write_text(
        "from curate.formats import Format\n\n\n"
        "class Tabs(Format):\n"
        "    name = 'tabs'\n"
        "    suffixes = ('.tab',)\n\n"
        "    def rows(self, file, file_name):\n"
        "        for number, line in enumerate(file):\n"
        "            label, text = line.decode().split('\\t')\n"
        "            yield number, {'label': label, 'text': text.strip()}\n\n\n"
        "TABS = Tabs()\n"
    )
    (tmp_path / "a.tab").write_text("1\tone\n0\tnone\n")
    found = read_examples([str(tmp_path / "a.tab")], modules=["tab_files"])
    assert found.texts == ["one", "none"] and found.is_positive.tolist() == [True, False]
    assert [row["text"] for row in read_texts([str(tmp_path / "a.tab")], modules=["tab_files"])] == ["one", "none"]
    (tmp_path / "a.tab").write_text("no tab")
    with pytest.raises(InputError, match=r"a.tab: cannot be read as tabs: not enough values"):
        read_examples([str(tmp_path / "a.tab")], modules=["tab_files"])


@pytest.mark.parametrize("name", ["a.warc.gz", "a.txt"])
def test_a_format_without_labelled_rows_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"a line")
    with pytest.raises(InputError, match=rf"{name}: (WARC files cannot be read row by row|row 0 is not a JSON object)"):
        read_examples([str(tmp_path / name)])


def test_copies_stay_together_and_the_split_does_not_depend_on_order():
    texts = [f"text {i % 300}" + " " * (i % 3) for i in range(1200)]
    texts = [text.upper() if i % 2 else text for i, text in enumerate(texts)]
    examples = Examples(texts, np.arange(1200) % 2 == 0, "x")
    parts = split(examples, seed=3)
    keys = [{"".join(text.lower().split()) for text in part.texts} for part in parts.values()]
    assert not (keys[0] & keys[1] or keys[0] & keys[2] or keys[1] & keys[2])
    assert sum(map(len, parts.values())) == 1200 and len(parts["train"]) > 850
    backwards = split(examples.take(np.arange(1200)[::-1]), seed=3)
    assert sorted(backwards["test"].texts) == sorted(parts["test"].texts)
    assert split(examples, seed=4)["test"].texts != parts["test"].texts


def test_groups_stay_together():
    examples = Examples([f"t{i}" for i in range(500)], np.arange(500) % 2 == 0, "x", [str(i % 50) for i in range(500)])
    found = [set(part.groups) for part in split(examples).values()]
    assert not (found[0] & found[1] or found[0] & found[2] or found[1] & found[2])


def test_one_label_only_is_refused_where_it_is_found():
    examples = Examples([f"t{i}" for i in range(100)], np.ones(100, bool), "x")
    with pytest.raises(InputError, match=r'train: \d+ of \d+ texts are "x", and both labels are needed'):
        split(examples)
