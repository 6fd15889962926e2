"""Columns that files have: core columns without mapping, `extra: all`, and the errors before a run."""

from __future__ import annotations

import datetime
from pathlib import Path

import fsspec
import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.batch import CORE
from curate.errors import InputError, SpecError, StageError
from curate.inputs import cut, resolve
from curate.stage import Split
from curate.stages.sources.jsonl import jsonl
from curate.stages.sources.parquet import parquet
from tests.stages.sources.crawls import read
from tests.stages.sources.test_jsonl import lines
from tests.stages.sources.test_parquet import stored

BOTH = [(jsonl, lambda *records: lines(*records)), (parquet, lambda *records: stored(pa.Table.from_pylist(records)))]


def splits(files: dict[str, bytes]) -> tuple[Split, ...]:
    """Put files into memory and return a split for each."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for name, data in files.items():
        memory.pipe(f"/in/{name}", data)
    (shard,) = cut(resolve([f"memory://in/{name}" for name in files], "test"), 1 << 40)
    return shard.splits


def found(source, files: dict[str, bytes] | bytes, **params) -> dict:
    """Return the parameters with the columns of these files."""
    files = files if isinstance(files, dict) else {"x": files}
    return {**params, **source(**params).found_in(splits(files))}


# ---------------------------------------------------------------------- core columns


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_core_columns_are_taken_as_they_are(source, write):
    record = {"text": "t", "id": 7, "url": "u", "date": "2024-01-01", "source": "web", "more": 1}
    assert read(source, write(record), label="").rows == [
        {"id": "7", "text": "t", "url": "u", "date": "2024-01-01", "source": "web"}
    ]


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_the_metadata_of_datatrove_have_core_columns_too(source, write):
    record = {"text": "t", "id": "a", "metadata": {"url": "u", "date": "d", "source": None, "n": 1}}
    assert read(source, write(record), label="").rows == [
        {"id": "a", "text": "t", "url": "u", "date": "d", "source": "in"}
    ]
    (row,) = read(source, write({**record, "url": "first"})).rows
    assert row["url"] == "first"


@pytest.mark.parametrize(("source", "write"), BOTH)
@pytest.mark.parametrize("own", [{"source": "web"}, {"metadata": {"source": "web"}}])
def test_a_label_in_the_recipe_goes_before_the_source_in_the_file(source, write, own):
    data = write({"text": "a", **own}, {"text": "b"})

    def sources(**params):
        return [row["source"] for row in read(source, data, **params).rows]

    assert sources(label="wiki") == ["wiki", "wiki"]
    assert sources(label="") == ["web", "in"]
    key = next(iter(own)) if "source" in own else "metadata.source"
    assert sources(label="wiki", fields={"source": key}) == ["web", "wiki"], "what `fields` says goes before both"
    kept = sources(label="wiki", fields={"origin": key}, extra={"origin": "string"})
    assert kept == ["wiki", "wiki"]


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_a_document_without_an_id_of_its_own_gets_one(source, write):
    out = read(source, write({"text": "a", "id": "x1"}, {"text": "b", "id": None}, {"text": "c", "id": ""}))
    assert out.reasons == [None] * 3
    assert out.rows[0]["id"] == "x1" and all(row["id"].startswith("x/") for row in out.rows[1:])


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_an_id_of_another_type_is_not_taken(source, write):
    assert read(source, write({"text": "a", "id": {"n": 1}})).rows[0]["id"] == "x/0"


# ---------------------------------------------------------------------- extra: all


def test_all_columns_of_parquet_are_found_with_their_types():
    when = pa.array([datetime.datetime(2024, 1, 1)], pa.timestamp("ns", "UTC"))
    first = stored({"text": ["a"], "url": ["u"], "when": when, "nothing": pa.nulls(1)})
    second = stored({"text": ["b"], "when": pa.nulls(1), "tags": [["x"]]})
    params = found(parquet, {"a": first, "b": second}, extra="all")
    assert params == {"extra": {"when": "timestamp(ns, UTC)", "nothing": "string", "tags": "list of string"}}
    out = read(parquet, {"a": first, "b": second}, **params)
    assert [row["tags"] for row in out.rows] == [None, ["x"]]
    assert out.counts == {"missing_column.tags": 1, "missing_column.nothing": 1}


def test_all_keys_of_json_lines_are_found_with_the_types_of_their_values():
    records = [
        {"text": "a", "n": 1, "x": 1, "flag": True, "o": {"k": 1}, "l": [], "mixed": "s", "never": None, "big": 2**63},
        {"text": "b", "n": 2, "x": 1.5, "flag": None, "o": {"m": "t"}, "l": [1], "mixed": 3, "e": {}, "big": 0},
    ]
    params = found(jsonl, lines(*records), extra="all")
    assert params["extra"] == {
        "n": "int",
        "x": "float",
        "flag": "bool",
        "o": "struct(k: int, m: string)",
        "l": "list of int",
        "mixed": "string",
        "never": "string",
        "big": "uint64",
        "e": "string",
    }
    out = read(jsonl, lines(*records), **params)
    assert [row["o"] for row in out.rows] == [{"k": 1, "m": None}, {"k": None, "m": "t"}]
    assert [row["mixed"] for row in out.rows] == ["s", "3"] and out.rows[1]["e"] == "{}" and not out.counts


def test_keys_and_values_that_come_later_are_counted():
    params = found(jsonl, lines({"text": "a", "n": 1, "o": {"k": 1}}), extra="all")
    later = lines(
        {"text": "b", "new": 1, "n": "x", "o": {"k": 1, "z": 2}}, *({"text": "c", f"k{i}": 0} for i in range(30))
    )
    out = read(jsonl, later, **params)
    assert out.rows[0]["n"] is None and out.rows[0]["o"] == {"k": 1}
    assert out.counts["mismatched.n"] == out.counts["mismatched.o"] == out.counts["unknown_key.new"] == 1
    assert out.counts["unknown_key"] == 30 - 19


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_fields_rename_columns_that_all_keeps(source, write):
    record = {"text": "t", "id": "own", "language": "en", "body": "b"}
    params = found(
        source, write(record), extra="all", fields={"text": "body", "own_text": "text", "their_language": "language"}
    )
    assert params["extra"] == {"own_text": "string", "their_language": "string"}
    assert read(source, write(record), **params).rows[0] == {
        "id": "own",
        "text": "b",
        "url": None,
        "date": None,
        "source": "test",
        "own_text": "t",
        "their_language": "en",
    }


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_what_all_cannot_keep_is_an_error_with_the_way_out(source, write):
    record = {"text": "t", "content": "c", "id": {"n": 1}}
    with pytest.raises(InputError, match=r"cannot keep the column `id`.*fields: \{my_id: id\}"):
        found(source, write(record), extra="all")
    with pytest.raises(InputError, match=r"cannot keep the column `text`, since `content`.*fields: \{my_text: text\}"):
        found(source, write({**record, "id": 1}), extra="all", fields={"text": "content"})
    with pytest.raises(StageError, match="found_in"):
        read(source, write(record), extra="all")


@pytest.mark.parametrize(("source", "write"), BOTH)
@pytest.mark.parametrize(
    ("record", "fields", "kept"),
    [
        ({"p": {"body": "b", "n": 1}}, {"text": "p.body"}, {"p": {"n": 1}}),
        ({"p": {"body": "b"}, "k": 1}, {"text": "p.body"}, {"k": 1}),
        ({"p": {"q": {"body": "b"}, "n": [{"body": "x"}]}}, {"text": "p.q.body"}, {"p": {"n": [{"body": "x"}]}}),
        ({"p": {"body": "b", "key": 7, "at": "u", "n": None}}, {"text": "p.body", "date": "p.key", "url": "p.at"}, {"p": {"n": None}}),
        ({"p": {"body": "b", "n": 1}}, {"text": "p.body", "mine": "p"}, {"mine": {"n": 1}}),
        ({"text": {"body": "b"}, "k": 1}, {"text": "text.body"}, {"k": 1}),
        ({"text": {"body": "b", "n": 1}}, {"text": "text.body", "my_text": "text"}, {"my_text": {"n": 1}}),
        ({"text": "t", "metadata": {"url": "u", "date": "d", "source": "s", "n": 1}}, {}, {"metadata": {"source": "s", "n": 1}}),
        ({"text": "t", "metadata": {"url": "u", "date": "d"}, "k": 1}, {}, {"k": 1}),
        ({"text": "t", "url": "u", "metadata": {"url": "v"}}, {}, {"metadata": {"url": "v"}}),
    ],
)  # fmt: skip
def test_all_keeps_nothing_a_second_time_that_a_core_column_takes(source, write, record, fields, kept):
    files = {"a": write(record, record), "b": write(record)}
    params = found(source, files, extra="all", fields=fields)
    out = read(source, files, **params)
    assert [{name: row[name] for name in row.keys() - CORE.keys()} for row in out.rows] == [kept] * 3
    assert not out.counts and out.reasons == [None] * 3
    assert {row["text"] for row in out.rows} == {"t" if record.get("text") == "t" else "b"}


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_structs_with_and_without_what_is_taken(source, write):
    """A null stays a null, a file that has nothing else has nothing else, and a url of its own leaves that in `metadata`."""
    first = write({"p": {"body": "a", "n": 1}}, {"p": {"body": "b", "n": None}}, {"p": None})
    files = {"a": first, "b": write({"p": {"body": "c"}})}
    params = found(source, files, extra="all", fields={"text": "p.body"})
    assert params["extra"] == {"p": "struct(n: int)"}
    out = read(source, files, **params)
    assert [row["p"] for row in out.rows] == [{"n": 1}, {"n": None}, None, {"n": None}]
    assert [row["text"] for row in out.rows] == ["a", "b", None, "c"] and not out.counts

    mixed = {
        "a": write({"text": "t", "metadata": {"url": "u"}}),
        "b": write({"text": "t", "url": "v", "metadata": {"url": "w"}}),
    }
    out = read(source, mixed, **found(source, mixed, extra="all"))
    assert [(row["url"], row["metadata"]) for row in out.rows] == [("u", {"url": "u"}), ("v", {"url": "w"})]


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_a_declared_struct_keeps_what_its_type_names(source, write):
    data, fields = write({"p": {"body": "b", "n": 1}}), {"text": "p.body"}
    whole, part = "struct(body: string, n: int)", "struct(n: int)"
    assert read(source, data, fields=fields, extra={"p": whole}).rows[0]["p"] == {"body": "b", "n": 1}
    out = read(source, data, fields=fields, extra={"p": part})
    assert out.rows[0]["p"] == {"n": 1} and not out.counts


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_a_column_of_which_nothing_is_left_cannot_be_named(source, write):
    with pytest.raises(InputError, match=r"nothing is left of `p` for `mine`.*Remove `mine` from `fields`"):
        found(source, write({"p": {"body": "b"}}), extra="all", fields={"text": "p.body", "mine": "p"})


@pytest.mark.parametrize(("source", "write"), BOTH)
def test_personal_data_that_was_masked_is_nowhere_in_the_output(source, write, tmp_path, write_recipe):
    import curate

    record = {"payload": {"body": "Write to jane.doe@mail.example.org soon.", "lang": "en"}, "stars": 1}
    (tmp_path / "posts").write_bytes(write(record))
    params = {"paths": str(tmp_path / "posts"), "fields": {"text": "payload.body"}, "extra": "all"}
    recipe = write_recipe(["text.mask_pii"], inputs={f"sources.{source.__name__}": params}, output={"sinks.jsonl": {}})
    (file,) = (Path(curate.run(recipe, output=str(tmp_path / "run"), workers=1)) / "data").iterdir()
    (row,) = _rows_of_jsonl(file)
    assert row["payload"] == {"lang": "en"} and row["stars"] == 1
    assert "<EMAIL>" in row["text"] and "jane" not in orjson.dumps(row).decode()


def test_what_is_taken_is_not_in_objects_that_are_stored_as_json():
    many = {f"k{i}": i for i in range(101)}
    records = [{"p": {"body": "secret", **many}, "q": 1}, {"p": {"body": "secret"}, "q": 2}, {"p": "text", "q": 3}]
    params = found(jsonl, lines(*records), extra="all", fields={"text": "p.body"})
    assert params["extra"] == {"p": "string", "q": "int"}
    out = read(jsonl, lines(*records), **params)
    assert [orjson.loads(row["p"]) if row["p"] != "text" else row["p"] for row in out.rows] == [many, {}, "text"]


def test_later_keys_beside_what_is_taken_are_counted():
    params = found(jsonl, lines({"p": {"body": "a"}}), extra="all", fields={"text": "p.body"})
    assert params["extra"] == {}
    out = read(jsonl, lines({"p": {"body": "a"}}, {"p": {"body": "a", "new": 1}}), **params)
    assert out.counts == {"unknown_key.p": 1}


def test_all_other_fields_of_a_struct_stay_bit_for_bit():
    inner = pa.array([b"\x00", None, b"\xff"], pa.binary()).dictionary_encode()
    when = pa.array([1, None, 2**62], pa.timestamp("ns", "UTC"))
    deep = pa.StructArray.from_arrays([pa.array(["a", "b", "c"]), when], names=["body", "when"])
    fields = [pa.field("deep", deep.type), pa.field("inner", inner.type), pa.field("must", pa.int8(), nullable=False)]
    payload = pa.StructArray.from_arrays([deep, inner, pa.array([1, 2, 3], pa.int8())], fields=fields)
    data = stored({"payload": payload})
    out = read(parquet, data, **found(parquet, data, extra="all", fields={"text": "payload.deep.body"}))
    (batch,) = out.batches
    left = batch.rows.column("payload")
    left.validate(full=True)
    assert [field.name for field in left.type] == ["deep", "inner", "must"] and left.type.field("must") == fields[2]
    assert left.field("inner").equals(inner) and left.field("must").equals(payload.field("must"))
    assert left.field("deep").type.names == ["when"] and left.field("deep").field("when").equals(when)
    assert batch.texts() == ["a", "b", "c"]


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
keys = words.filter(lambda key: key and "." not in key)
objects = st.dictionaries(keys, words | st.none(), max_size=3)


@given(
    outer=keys.filter(lambda key: key not in CORE),
    inner=st.lists(keys, min_size=1, max_size=3),
    beside=st.lists(objects, min_size=1, max_size=4),
)
def test_all_that_is_beside_a_text_is_kept_and_the_text_is_not(outer, inner, beside):
    """Objects are kept as their type says: with null for each key that others have and they do not."""
    *above, last = inner
    records = []
    for others in beside:
        value = {**others, last: "the text"}
        for key in reversed(above):
            value = {key: value}
        records.append({outer: value})
    params = found(jsonl, lines(*records), extra="all", fields={"text": ".".join([outer, *inner])})
    out = read(jsonl, lines(*records), **params)
    others = list(dict.fromkeys(key for one in beside for key in one if key != last))
    assert [row["text"] for row in out.rows] == ["the text"] * len(beside) and not out.counts
    for row, one in zip(out.rows, beside, strict=True):
        kept = row.get(outer)
        for key in above if others else ():
            kept = kept and kept[key]
        expected = {key: one.get(key) for key in others}
        is_empty = not one.keys() - {last} and above
        assert (kept is None) if not others else (kept == expected or (is_empty and kept is None))


def test_a_column_of_two_types_in_two_files_is_an_error_that_names_both():
    files = {"a.parquet": stored({"text": ["a"], "n": [1]}), "b.parquet": stored({"text": ["b"], "n": ["x"]})}
    with pytest.raises(InputError, match=r"in/b\.parquet: column `n` is string, and int in memory:///in/a\.parquet"):
        found(parquet, files, extra="all")


@pytest.mark.parametrize(("source", "write"), BOTH)
@pytest.mark.parametrize("params", [{"fields": {"url": "lnik"}}, {"extra": {"lnik": "string"}}])
def test_a_misspelt_key_is_an_error_before_the_run(source, write, params):
    with pytest.raises(InputError, match=r"no column `lnik` for `(url|lnik)`; found text, link\.  Did you mean link\?"):
        found(source, write({"text": "t", "link": "u"}), **params)
    assert found(source, {"a": write({"text": "t"}), "b": write({"text": "t", "lnik": "u"})}, **params) == params


def test_a_rare_key_of_json_lines_may_come_later():
    many = lines(*({"text": "t", "link": "u"} for _ in range(1001)))
    assert found(jsonl, many, extra={"stars": "int"}) == {"extra": {"stars": "int"}}
    with pytest.raises(InputError, match="Did you mean link"):
        found(jsonl, many, extra={"links": "string"})


def test_a_type_that_does_not_exist_is_refused():
    with pytest.raises(SpecError, match=r"extra > n: .*found integer; did you mean int"):
        parquet(extra={"n": "integer"})
    with pytest.raises(SpecError, match="extra > n: JSON has no values of the type"):
        jsonl(extra={"n": "uuid"})


# ---------------------------------------------------------------------- curate's own output


@pytest.mark.parametrize(("sink", "source"), [("sinks.parquet", "sources.parquet"), ("sinks.jsonl", "sources.jsonl")])
def test_the_output_of_curate_read_again_is_the_same(tmp_path, write_recipe, write_jsonl, sink, source):
    import curate

    documents = [
        {"id": f"n{i}", "text": f"Text {i}. " * 20, "url": f"u{i}", "date": "2024-01-01", "tags": ["a"] * (i % 3)}
        for i in range(20)
    ]
    write_jsonl("a.jsonl", documents)
    first = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "source": "forum", "extra": "all"}}
    again = {source: {"paths": [str(tmp_path / "run1" / "data" / "*")], "extra": "all"}}
    third = {source: {"paths": [str(tmp_path / "run2" / "data" / "*")], "extra": "all"}}
    stages = [{"text.measure": {"signals": ["words.count"]}}]
    results = []
    for number, (inputs, then) in enumerate([(first, stages), (again, []), (third, ["checkpoint", "dedup.exact"])], 1):
        recipe = write_recipe(then, inputs=inputs, name=f"r{number}", output={sink: {}})
        curate.run(recipe, output=str(tmp_path / f"run{number}"))
        files = sorted((tmp_path / f"run{number}" / "data").iterdir())
        read_file = _rows_of_parquet if sink == "sinks.parquet" else _rows_of_jsonl
        results.append([row for file in files for row in read_file(file)])
    assert [(row["id"], row["source"], row["url"]) for row in results[0]] == [
        (f"n{i}", "forum", f"u{i}") for i in range(20)
    ]
    assert results[0] == results[1] == results[2]


def _rows_of_parquet(file) -> list[dict]:
    import pyarrow.parquet as pq

    return pq.read_table(file).to_pylist()


def _rows_of_jsonl(file) -> list[dict]:
    import zstandard

    data = zstandard.ZstdDecompressor().decompressobj().decompress(file.read_bytes())
    return [orjson.loads(line) for line in data.splitlines()]
