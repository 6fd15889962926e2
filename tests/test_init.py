"""`curate init`: what it finds in files of every kind, and that the recipe it writes plans and runs at once."""

from __future__ import annotations

import datetime
import gzip
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

import curate
from curate import spec
from curate.batch import CORE
from curate.cli import app
from curate.engine.planning import prepare
from curate.errors import InputError, SpecError
from curate.inputs import found
from curate.spec import draft, shipped
from tests.conftest import ROOT
from tests.engine.test_stage_runners import result

CRAWL = ROOT / "examples" / "crawl"
TEXT = "The harbour was quiet on the morning of the vote, and nobody in the town had slept, for the boats were out."


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def post(i: int) -> dict:
    return {
        "title": f"Post {i}",
        "body": f"{TEXT} It was number {i}.",
        "Post_ID": i,
        "image": f"https://img.example/{i}.png",
        "permalink": f"https://forum.example/{i}",
        "meta": {"created": f"2024-03-{i + 1:02}T10:00:00Z", "stars": i},
    }


def write_jsonl(path: str, documents) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    data = "".join(json.dumps(document) + "\n" for document in documents).encode()
    Path(path).write_bytes(gzip.compress(data) if path.endswith(".gz") else data)


def columns(each: found.Found) -> dict[str, str]:
    return {field.column: field.key for field in each.fields}


def init(*arguments: str):
    return CliRunner().invoke(app, ["init", *arguments], catch_exceptions=False)


# ---------------------------------------------------------------------- what is found


def test_keys_are_found_by_their_values():
    write_jsonl("dump/a.jsonl.gz", map(post, range(9)))
    (each,) = found.look(["dump"])
    assert each.source.name == "sources.jsonl" and each.n_files == 1
    assert columns(each) == {"text": "body", "id": "Post_ID", "url": "permalink", "date": "meta.created"}
    assert dict(each.mapped) == columns(each)
    assert set(each.other_keys) == {"title", "image", "meta"}
    (url,) = [field for field in each.fields if field.column == "url"]
    assert url.others == ("image",)


def test_keys_with_the_names_of_columns_are_not_mapped():
    write_jsonl(
        "a.jsonl", [{"text": "short", "id": 1, "url": "https://a.example/", "date": "2024-01-02", "content": TEXT}]
    )
    (each,) = found.look(["a.jsonl"])
    assert columns(each)["text"] == "text" and each.mapped == ()


def test_what_datatrove_writes_is_not_mapped():
    metadata = {"url": "https://a.example/", "date": "2024-01-02", "dump": "x"}
    write_jsonl("a.jsonl", [{"text": TEXT, "id": "1", "metadata": metadata}])
    (each,) = found.look(["a.jsonl"])
    assert columns(each)["url"] == "metadata.url" and each.mapped == ()


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("record", "kept"),
    [
        ({"payload": {"body": TEXT}}, []),
        ({"payload": {"body": TEXT, "lang": None}}, ["payload"]),
        ({"payload": {"deep": {"body": TEXT}, "lang": "en"}, "n": 1}, ["payload", "n"]),
        ({"text": {"body": TEXT}, "n": 1}, ["n"]),
        ({"text": {"body": TEXT, "lang": "en"}}, ["original_text"]),
        ({"text": TEXT, "metadata": {"url": "https://a.example/", "source": "s"}}, []),
        ({"text": TEXT, "metadata": {"url": "https://a.example/", "dump": "x"}}, ["metadata"]),
        ({"text": TEXT, "url": "https://a.example/", "metadata": {"url": "https://b.example/"}}, ["metadata"]),
        ({"text": TEXT, "date": [1], "metadata": {"created_at": "2024-01-02", "k": 1}}, ["original_date", "metadata"]),
    ],
)
def test_the_keys_that_are_named_as_kept_are_those_that_the_recipe_keeps(ending, record, kept):
    if ending == "jsonl":
        write_jsonl("a.jsonl", [record, record])
    else:
        pq.write_table(pa.Table.from_pylist([record, record]), "a.parquet")
    (each,) = found.look([f"a.{ending}"])
    renamed = [column for column, _ in each.mapped if column not in CORE]
    assert sorted([*each.other_keys, *renamed]) == sorted(kept)
    printed = init(f"a.{ending}", "-o", "r.yaml")
    assert printed.exit_code == 0 and all(key in printed.stdout for key in each.other_keys)
    (source,) = prepare("r.yaml").phases[0].sources
    assert sorted(source.stage.params["extra"]) == sorted(kept)


def test_columns_of_parquet_are_found_in_types_that_json_does_not_have():
    dates = [datetime.datetime(2024, 3, day) for day in (1, 2)]
    table = {"content": [TEXT, TEXT + "!"], "uuid": ["a", "b"], "at": dates, "vector": [[0.1], [0.2]]}
    pq.write_table(pa.table(table), "a.parquet")
    (each,) = found.look(["a.parquet"])
    assert columns(each) == {"text": "content", "id": "uuid", "date": "at"}


@pytest.mark.parametrize(
    ("key", "values", "column"),
    [
        ("created_utc", [1700000000, 1700000001], "date"),
        ("stars", [1700000000, 1700000001], None),
        ("seen", ["Sun, 06 Nov 1994 08:49:37 GMT", "2024-03"], "date"),
        ("seen", ["March 3, 2024", "3 March 2024 10:00"], "date"),
        ("version", ["20240301", "20240302"], None),
        ("version", ["1.2.3000-rc1", "2.0.4000-rc1"], None),
        ("key", [1, 1], None),
        ("key", [1, 2], "id"),
        ("key", [1, None], None),
        ("key", [True, False], None),
        ("site", ["https://a.example", "no address"], None),
        ("site", ["https://a.example", "s3://bucket/x"], "url"),
    ],
)
def test_a_key_is_a_column_if_its_values_fit(key, values, column):
    write_jsonl("a.jsonl", [{"text": TEXT, key: value} for value in values])
    (each,) = found.look(["a.jsonl"])
    assert columns(each) == {"text": "text", **({column: key} if column else {})}


def test_a_core_key_of_another_kind_gives_way():
    write_jsonl("a.jsonl", [{"_id": f"{i}", "id": [i], "text": ["a", "list"], "body": TEXT} for i in range(3)])
    (each,) = found.look(["a.jsonl"])
    assert dict(each.mapped) == {"text": "body", "id": "_id", "original_id": "id", "original_text": "text"}
    assert init("a.jsonl", "-o", "r.yaml").exit_code == 0
    assert not prepare("r.yaml").warnings


def test_a_folder_is_read_by_the_source_with_the_most_bytes():
    shutil.copytree(CRAWL, "crawl")
    (each,) = found.look(["crawl"])
    assert each.source.name == "sources.warc" and each.n_files == 5
    assert each.left_out == ("README.md", "truth.jsonl")


def test_a_file_without_an_ending_is_known_by_its_bytes():
    write_jsonl("posts", [{"text": TEXT}])
    shutil.copy(CRAWL / "2024-10" / "part-00000.warc.gz", "pages")
    pq.write_table(pa.table({"text": [TEXT]}), "table")
    names = [each.source.name for each in found.look(["posts", "pages", "table"])]
    assert names == ["sources.jsonl", "sources.warc", "sources.parquet"]


@pytest.mark.parametrize(
    ("files", "path", "message"),
    [
        ({}, "nothing.jsonl", "nothing.jsonl: no such file"),
        ({"empty/": b""}, "empty", "is a folder without files"),
        ({"notes/a.md": b"# notes"}, "notes", "none of which"),
        ({"a.csv": b"a,b\n1,2\n3,4\n"}, "a.csv", "found CSV.  Convert it to parquet or JSON Lines"),
        ({"a.jsonl": b""}, "a.jsonl", "there is no document at the beginning of any file"),
        ({"a.jsonl": b'{"n": 1}\n'}, "a.jsonl", r"no key holds texts; keys seen: n \(a number\)"),
        ({"a.jsonl": b'{"text": "caf\xe9"}\n'}, "a.jsonl", r"a\.jsonl: not UTF-8: byte 0xe9 at byte 13 .*iconv"),
        (
            {"a.jsonl": b'{"text": "a"}\n', "b.txt": b"words\n"},
            "?.*",
            "found plain text.  Put the texts into JSON Lines",
        ),
        ({"a.jsonl": b'{"text": "a"}\n', "b.parquet": b"PAR1"}, "*", r"sources.jsonl and sources.parquet"),
        ({"d/a.jsonl": b'{"body": "long text"}\n', "d/b.jsonl": b'{"content": "a"}\n'}, "d", "has no `body`"),
    ],
)
def test_what_cannot_be_read_is_said(files, path, message, here):
    for name, data in files.items():
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).mkdir() if name.endswith("/") else (here / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        found.look([path])


# ---------------------------------------------------------------------- what is written


@pytest.fixture
def files() -> dict[str, list[str]]:
    """Pages, texts, and both."""
    write_jsonl("texts/a.jsonl", map(post, range(4)))
    shutil.copytree(CRAWL / "2024-10", "pages")
    return {"texts": ["texts"], "pages": ["pages"], "both": ["pages/*.warc.gz", "texts"]}


@pytest.mark.parametrize("kind", ["texts", "pages", "both"])
@pytest.mark.parametrize("like", shipped.recipes())
def test_every_recipe_is_drafted_for_every_kind_of_input(like, kind, files, here):
    assert init(*files[kind], "--like", like, "-o", "mine.yaml").exit_code == 0
    text, original = Path("mine.yaml").read_text(), shipped.source_of(like)
    comments = [line for line in original[: original.index("\nname:")].splitlines() if line.startswith("#")]
    assert set(comments) <= set(text.splitlines())
    given, before = yaml.safe_load(text), yaml.safe_load(original)
    assert given.keys() == before.keys()
    assert {key: given[key] for key in given.keys() - {"name", "inputs", "stages"}} == {
        key: before[key] for key in before.keys() - {"name", "inputs", "stages"}
    }
    names = [stage if isinstance(stage, str) else next(iter(stage)) for stage in given["stages"]]
    assert ("extract.html" in names) == (kind != "texts")
    changes = ["vars.model=fluency"] if like == "dclm_baseline" else []
    stages = [name for name in names if name != "quality.classifier"] if like == "dclm_baseline" else names
    assert stages and len(spec.read("mine.yaml", settings=changes).inputs) == (2 if kind == "both" else 1)


@pytest.mark.parametrize("kind", ["texts", "pages", "both"])
@pytest.mark.slow
def test_a_written_recipe_runs_at_once(kind, files, here):
    printed = init(*files[kind])
    recipe = {"texts": "clean_jsonl.yaml"}.get(kind, "wanjuan_cc.yaml")
    assert f"curate run {recipe} --limit 1000" in printed.stdout
    assert prepare(recipe).warnings == ()
    kept = result(curate.run(recipe, output=str(here / "run"), workers=1))
    assert kept and all(row["text"] for row in kept)
    if kind == "texts":
        assert {row["id"] for row in kept} <= {"0", "1", "2", "3"} and kept[0]["url"].startswith(
            "https://forum.example/"
        )


@pytest.mark.parametrize("like", shipped.recipes())
def test_a_variable_of_the_shipped_inputs_is_asked_for_in_the_new_paths(like, files):
    printed = init("texts", "--like", like, "-o", "mine.yaml")
    written = Path("mine.yaml").read_text()
    has_month = like == "monthly"  # the only one whose inputs depend on a variable
    assert ("put ${month} where its value stands" in written.partition("    paths:")[0]) == has_month
    assert ("${month}" in printed.stdout) == has_month
    assert "${" not in str(yaml.safe_load(written)["inputs"])


def test_a_file_that_exists_is_not_overwritten(files):
    Path("mine.yaml").write_text("precious")
    with pytest.raises(SpecError, match=r"mine.yaml exists, and is not overwritten"):
        init("texts", "-o", "mine.yaml")
    assert Path("mine.yaml").read_text() == "precious"


def test_paths_are_seen_from_the_recipe(files, here):
    (here / "recipes").mkdir()
    assert init("texts", "-o", "recipes/of mine.yaml").exit_code == 0
    given = yaml.safe_load(Path("recipes/of mine.yaml").read_text())
    assert given["inputs"]["sources.jsonl"]["paths"] == ["../texts"] and given["name"] == "of_mine"
    assert prepare("recipes/of mine.yaml").shards
    with pytest.raises(SpecError, match="there is no folder"):
        init("texts", "-o", "elsewhere/a.yaml")


def test_without_files_the_recipes_are_listed():
    printed = init()
    assert printed.exit_code == 0 and all(name in printed.stdout for name in shipped.recipes())
    with pytest.raises(SpecError, match="Did you mean fineweb"):
        init("--like", "finewebb")


names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="/\0*?[]$:"), min_size=1, max_size=20)


@given(name=names.filter(lambda name: name.strip(".") == name), key=names, more=names)
def test_odd_names_of_files_and_keys_are_written_as_they_are(name, key, more, tmp_path_factory):
    """The recipe says after YAML exactly what the files say, and its comments stay comments."""
    folder = tmp_path_factory.mktemp("odd")
    path = folder / f"{name}.jsonl"
    document = {key: TEXT, **({more: "x"} if more != key else {})}
    path.write_text(json.dumps(document) + "\n")
    looked = found.look([str(path)])
    draft.write(str(folder / "recipe.yaml"), "dedup_only", looked)
    given = spec.read(str(folder / "recipe.yaml"))
    assert [str(each) for each in given.inputs[0].files.paths] == [str(path)]
    wanted = "text" if more == "text" and key != "text" else key
    assert given.inputs[0].source.params["fields"].get("text", "text") == wanted
    assert len(given.stages) == 2


def test_a_variable_in_a_name_is_refused():
    write_jsonl("${home}.jsonl", [{"text": TEXT}])
    with pytest.raises(SpecError, match="contains"):
        init("${home}.jsonl")
