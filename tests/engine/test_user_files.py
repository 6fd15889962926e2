"""A run never removes, overwrites or takes over a file of the user."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import curate
from curate.errors import SpecError
from curate.report import fate
from curate.runs import layout

WORDS = ["apples", "harbours", "mountains", "letters", "engines"]
STAGES = [{"filters.gopher.quality": {"min_words": 2, "min_stop_words": 0}}, "dedup.minhash"]


@pytest.fixture
def recipe(write_recipe, write_jsonl) -> str:
    for k in range(3):
        write_jsonl(
            f"{k}.jsonl",
            [f"It is the text of {WORDS[i]} and {WORDS[k]}, and that is the one to be with." for i in range(5)],
        )
    return write_recipe(STAGES)


@pytest.fixture
def url(recipe, tmp_path) -> str:
    return curate.run(recipe, output=str(tmp_path / "run"), workers=1)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


THEIRS = [
    "data/00000.jsonl", "data/00000.csv", "data/12345.csv", "data/20240.json.gz", "data/00000.parquet.bak", "data/00007.parquet",
    "data/00001-001.txt", "data/00000.parquet.1.part", "data/sub/00000.parquet", "dedup/edges.txt", "dedup/edges-2.parquet",
    "rejects/01-00000.csv", "rejects/99-00000.parquet", "quality/mine.parquet", "notes.md", "manifest.old.json", "set-aside/x",
]  # fmt: skip


def test_files_beside_the_results_stay(recipe, url):
    for path in THEIRS:
        Path(url, path).parent.mkdir(exist_ok=True)
        Path(url, path).write_bytes(path.encode())
    curate.run(recipe, output=url, workers=1)
    curate.run(recipe, output=url, workers=1, settings=["filters.gopher.quality.min_words=3"])
    assert {path: Path(url, path).read_bytes() for path in THEIRS} == {path: path.encode() for path in THEIRS}


RESULTS = ["data/00000.parquet", "rejects/01-00000.parquet", "judgements/00000.parquet", "dedup/edges.parquet", "manifest.json", "ledger.json", "report.html",
           "plan.json", "inputs.json", "references.json"]  # fmt: skip


@pytest.mark.parametrize("path", RESULTS)
def test_an_edited_result_is_moved_aside_and_made_again(recipe, url, path, capfd):
    right = Path(url, path).read_bytes()
    Path(url, path).write_bytes(b"edited by hand")
    events = []
    curate.run(recipe, output=url, workers=1, watch=events.append)
    if path != "manifest.json":  # which now has a warning
        assert Path(url, path).read_bytes() == right or path in ("report.html", "plan.json", "ledger.json")
    assert Path(url, "set-aside", path).read_bytes() == b"edited by hand"
    said = [*json.loads(Path(url, "manifest.json").read_text())["warnings"], *(e.message for e in events)]
    assert any(f"set-aside/{path}" in text for text in said)
    before = everything(Path(url, "set-aside"))
    Path(url, path).write_bytes(b"again")
    curate.run(recipe, output=url, workers=1)
    assert everything(Path(url, "set-aside")) == {**before, f"{path}.2": b"again"}


def test_a_file_put_where_a_later_result_goes_is_moved_aside(recipe, url, write_jsonl):
    Path(url, "data", "00001.parquet").write_bytes(b"mine")
    curate.run(recipe, output=url, workers=1, settings=["inputs.sources.jsonl.shard_mib=0.0002"])
    assert Path(url, "set-aside", "data", "00001.parquet").read_bytes() == b"mine"
    assert Path(url, "data", "00001.parquet").read_bytes()[:4] == b"PAR1"


def test_an_edited_card_stays_and_the_new_one_is_beside_it(recipe, url):
    card = Path(url, "README.md")
    original = card.read_bytes()
    card.write_text("# My data set")
    for _ in range(2):
        curate.run(recipe, output=url, workers=1)
        assert card.read_text() == "# My data set"
        assert Path(url, "README.new.md").read_bytes() == original
    assert any("README.new.md" in w for w in json.loads(Path(url, "manifest.json").read_text())["warnings"])


def test_who_takes_over_the_new_card_has_not_edited_it(recipe, url):
    Path(url, "README.md").write_text("# My data set")
    curate.run(recipe, output=url, workers=1)
    Path(url, "README.new.md").replace(Path(url, "README.md"))
    curate.run(recipe, output=url, workers=1, settings=["filters.gopher.quality.min_words=3"])
    assert "min_words=3" in Path(url, "README.md").read_text() and not Path(url, "README.new.md").exists()


def test_files_beside_the_documents_are_named(recipe, url):
    Path(url, "data", "00009.parquet").write_text("mine")
    curate.run(recipe, output=url, workers=1)
    (warning,) = json.loads(Path(url, "manifest.json").read_text())["warnings"]
    assert warning.startswith("data/00009.parquet: not part of this result")


def test_stale_results_are_removed_and_unfinished_files_too(recipe, url, tmp_path):
    curate.run(recipe, output=url, workers=1, settings=["inputs.sources.jsonl.shard_mib=0.0002"])
    assert len(list(Path(url, "data").iterdir())) > 1
    parts = next(path for path in Path(url, "phases").iterdir() if path.name.startswith("01-")) / "parts"
    (parts / "data-00000.parquet.4711.part").write_bytes(b"half")
    curate.run(recipe, output=url, workers=1)
    assert [path.name for path in Path(url, "data").iterdir()] == ["00000.parquet"]
    assert not list(Path(url).rglob("*.part")) and not Path(url, "set-aside").exists()


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "not JSON", '{"name": "test"}', '{"format": "other", "name": "test"}']
)
def test_a_folder_with_somebody_elses_run_json_is_refused(recipe, tmp_path, content):
    theirs = tmp_path / "theirs"
    (theirs / "data").mkdir(parents=True)
    (theirs / "run.json").write_text(content)
    for name in ("README.md", "manifest.json", "data/12345.csv", "data/00000.parquet", ".lock"):
        (theirs / name).write_text("precious")
    before = everything(theirs)
    with pytest.raises(SpecError, match="was not written by curate"):
        curate.run(recipe, output=str(theirs), workers=1, replace=True)
    assert everything(theirs) == before


def test_a_folder_with_nothing_but_somebody_elses_lock_is_refused(recipe, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / ".lock").write_text("12345\n")
    with pytest.raises(SpecError, match="not a run folder"):
        curate.run(recipe, output=str(tmp_path / "theirs"), workers=1)
    assert (tmp_path / "theirs" / ".lock").read_text() == "12345\n"


@pytest.mark.parametrize("path", ["data", "rejects", "phases", "manifest.json", "README.md", "written.json", ".lock"])
def test_a_folder_where_a_file_is_expected_or_the_reverse_is_named(recipe, url, path):
    place = Path(url, path)
    if place.is_dir():
        shutil.rmtree(place)
        place.write_text("mine")
    else:
        place.unlink()
        place.mkdir()
    with pytest.raises(SpecError, match=f"{path} is a "):
        curate.run(recipe, output=url, workers=1)


def test_another_recipe_does_not_replace_a_run(recipe, url, write_recipe):
    before = everything(Path(url))
    other = write_recipe(STAGES[:1], name="other")
    with pytest.raises(SpecError, match=r'has a run of the recipe "test", and this one is "other".*--replace'):
        curate.run(other, output=url, workers=1)
    assert everything(Path(url)) == before
    curate.run(other, output=url, workers=1, replace=True)
    assert json.loads(Path(url, "manifest.json").read_text())["name"] == "other"
    assert not list(Path(url, "dedup").iterdir())


def said(**arguments) -> str:
    events = []
    curate.run(watch=events.append, workers=1, **arguments)
    return "\n".join(event.message for event in events if event.kind == "said")


def test_the_same_recipe_goes_on_and_says_what_it_replaces(recipe, url, write_jsonl):
    assert said(recipe=recipe, output=url) == ""
    changed = said(recipe=recipe, output=url, settings=["filters.gopher.quality.min_words=3"])
    assert "15 documents, which this run replaces: a stage or parameter of phase 01-" in changed
    write_jsonl("9.jsonl", ["It is one more text of the corpus, and that is the last one to be with."])
    assert "the input has changed (with " in said(recipe=recipe, output=url)
    said(recipe=recipe, output=url, limit=2)
    assert "the result of a trial (--limit 2), 2 documents" in said(recipe=recipe, output=url)


def test_a_run_does_not_read_what_it_writes(recipe, url, write_recipe, tmp_path):
    before = everything(Path(url, "data"))
    reader = {"datatrove.pipeline.readers.ParquetReader": {"data_folder": f"{url}/data"}}
    own = {"sources.parquet": {"paths": [f"{url}/data/*.parquet"]}}
    for inputs in (reader, own):
        with pytest.raises(SpecError, match="lies in the run folder"):
            curate.run(write_recipe([], inputs=inputs), output=url, workers=1)
    for reference in (url, f"{url}/data", f"{url}/data/00000.parquet"):
        stages = [{"dedup.minhash": {"reference": [reference]}}]
        with pytest.raises(SpecError, match="lies in the run folder"):
            curate.run(write_recipe(stages), output=url, workers=1)
    linked = tmp_path / "link"
    linked.symlink_to(url)
    with pytest.raises(SpecError, match="lies in the run folder"):
        curate.run(write_recipe([], inputs=own), output=str(linked), workers=1)
    assert everything(Path(url, "data")) == before


def test_what_a_run_has_written_is_known(url):
    """Every file at the top level and every result is on record, so that a rerun knows it as its own."""
    top = {path.name for path in Path(url).iterdir() if path.is_file()}
    assert top - {".lock", layout.RUN, layout.WRITTEN} == set(json.loads(Path(url, layout.WRITTEN).read_text()))


def test_explain_reads_the_files_of_the_run_only(url):
    shutil.copy(Path(url, "data", "00000.parquet"), Path(url, "data", "a-copy.parquet"))
    Path(url, "data", "notes.parquet").write_text("not parquet")
    Path(url, "rejects", "mine.parquet").write_text("not parquet")
    found = fate.find(url, "0.jsonl/0")
    assert found["file"] == "data/00000.parquet" and not found["others"]
