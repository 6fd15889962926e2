"""`curate stats RUN --what-if` and its relatives as a user types them."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import curate
from curate.runs import RunFolder, layout
from curate.statistics.what_if import differing
from tests.statistics.test_what_if import AFTER, DOCUMENTS, RULES, Made

SETTING = "filters.gopher.quality.min_words=20"


def stats(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "curate.cli", "stats", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=120
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return Made(tmp_path_factory.mktemp("typed"), [*RULES, *AFTER, {"text.measure": {"signals": ["tokens.estimate"]}}])


def test_a_what_if_says_what_is_exact_and_shows_documents(made):
    result = stats(made.url, "--what-if", SETTING)
    assert result.returncode == 0, result.stderr
    assert "words.count at least 20 instead of at least 8" in result.stdout
    assert "(language: zh)" not in result.stdout  # its bound is the same
    assert "exact" in result.stdout and "estimate, 95 % in" in result.stdout
    assert "would be filters.gopher.quality: too_few_words" in result.stdout
    told = json.loads(stats(made.url, "--what-if", SETTING, "--json").stdout)
    assert told["now"]["low"] <= told["now"]["documents"] <= told["now"]["high"] and "tokens" in told["now"]
    assert told["examples"]["lost"][0]["text"] in {each["text"] for each in DOCUMENTS}


def test_a_sweep_is_a_curve_and_a_target_a_value(made):
    result = stats(made.url, "--sweep", "filters.gopher.quality.min_words=4:16:4")
    rows = [line.split()[0] for line in result.stdout.splitlines() if line[:1].isdigit()]
    assert rows == ["4", "8", "12", "16"] and "as in the run" in result.stdout
    found = json.loads(stats(made.url, "--target-kept", "0.1", "--sweep", "quality.threshold#2.max", "--json").stdout)
    assert abs(found["kept"]["share"] - 0.1) < 0.03
    swept = json.loads(stats(made.url, "--sweep", f"quality.threshold#2.max={found['value']}", "--json").stdout)
    assert swept["values"][0]["kept"] == found["kept"]


def test_the_true_answer_is_run_beside_the_run_and_removed(made):
    before = sorted(path.name for path in Path(made.url).parent.iterdir())
    result = stats(made.url, "--what-if", SETTING, "--what-if", "quality.keep_top.share=0.4", "--exact", "--json")
    assert result.returncode == 0, result.stderr
    curate.run(made.recipe, output=made.aside, settings=[SETTING, "quality.keep_top.share=0.4"], workers=1)
    assert json.loads(result.stdout)["now"]["documents"] == made.corpus(made.aside).ledger.n_out
    assert sorted(path.name for path in Path(made.url).parent.iterdir()) == before


def test_the_changed_recipe_is_written_with_its_comments(made, tmp_path):
    new = Path(made.recipe).with_name("new.yaml")
    result = stats(made.url, "--what-if", SETTING, "--write", new)
    assert result.returncode == 0 and "wrote" in result.stderr
    text, before = new.read_text(), Path(made.recipe).read_text()
    assert text.startswith("# a comment that stays\n")
    assert text == before.replace("min_words: 8", "min_words: 20", 1)
    again = stats(made.url, "--what-if", SETTING, "--write", new)
    assert again.returncode == 2 and "not overwritten" in again.stderr and new.read_text() == text
    assert (
        stats(made.url, "--what-if", "filters.gopher.quality.min_words=9", "--write", new, "--replace").returncode == 0
    )
    assert "min_words: 9" in new.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--exact"], "say what is to change"),
        (["--target-kept", "0.4"], "name the parameter"),
        (["--target-kept", "0.4", "--sweep", "filters.gopher.quality.min_words=1,2"], "name the parameter"),
        (["--what-if", SETTING, "--replace"], "is for --write"),
        (["--what-if", SETTING, "-o", "x"], "run folder of --exact"),
        (["--sweep", "filters.gopher.quality.min_words=1,2", "--exact"], "runs one changed recipe"),
        (["--sweep", "filters.gopher.quality.min_words=1,2", "--write", "x.yaml"], "a sweep has many recipes"),
        (["--what-if", "filters.gopher.qualty.min_words=3"], "Did you mean filters.gopher.quality"),
        (["--what-if", SETTING, "--by", "source"], "cannot be combined with a what-if"),
        (["--what-if", SETTING, "--signal", "words.count"], "cannot be combined with a what-if"),
        (["--what-if", SETTING, "--sample", "10"], "cannot be combined with a what-if"),
        (["--what-if", SETTING, "--what-if", SETTING.replace("quality", "quality#1")], "are about one parameter"),
        (["--what-if", SETTING, "--what-if", SETTING, "--exact"], "are about one parameter"),
        (["--sample", "10"], "is for data sets"),
        (["--text", "body"], "is for data sets"),
        *((["--what-if", SETTING, option, ""], "expected a value") for option in ("--write", "--output", "--sweep")),
        *(
            ([option, ""], "expected a value")
            for option in ("--signal", "--by", "--near", "--examples", "--text", "--sample")
        ),
        (["--what-if", "filters.gopher.quality.min_words=[1"], "value cannot be read"),
        (["--sweep", "filters.gopher.quality.min_words=[10,20]"], "without brackets"),
        (["--target-kept", "1.0000001", "--sweep", "filters.gopher.quality.min_words"], "got 1.0000001"),
        (["--target-kept", "0.4", "--sweep", "filters.gopher.quality.count_marks"], "count_marks takes no number"),
        (["--target-kept", "0.4", "--sweep", "quality.threshold#1.missing"], "missing takes no number"),
    ],
)
def test_options_that_do_not_fit_are_exit_2_without_a_traceback(made, arguments, message):
    result = stats(made.url, *arguments)
    assert result.returncode == 2 and message in " ".join(result.stderr.split()) and "Traceback" not in result.stderr


def test_what_a_run_had_by_options_is_written_and_what_cannot_be_is_named(made, tmp_path):
    options = ["quality.threshold#2.max=29", "filters.fineweb.quality.min_ended_line_share=0.2"]
    run = curate.run(made.recipe, output=str(tmp_path / "run"), settings=options, workers=1)
    new = tmp_path / "deep" / "new.yaml"
    new.parent.mkdir()
    result = stats(run, "--what-if", SETTING, "--write", new)
    assert result.returncode == 0, result.stderr
    assert all(each.partition("=")[0].replace("quality.min", "quality#1.min") in result.stderr for each in options)
    assert "in.jsonl is now ../" in " ".join(result.stderr.split())
    written = curate.run(str(new), output=str(tmp_path / "a"), workers=1)
    wanted = curate.run(made.recipe, output=str(tmp_path / "b"), settings=[*options, SETTING], workers=1)
    assert differing.compare(made.corpus(written), made.corpus(wanted))["documents"] == len(DOCUMENTS)
    assert made.corpus(written).ledger.stages == made.corpus(wanted).ledger.stages
    skipped = curate.run(made.recipe, output=str(tmp_path / "c"), skip=["dedup.exact"], workers=1)
    refused = stats(skipped, "--what-if", SETTING, "--write", tmp_path / "no.yaml")
    assert refused.returncode == 2 and "dedup.exact (left out of the run)" in " ".join(refused.stderr.split())
    assert not (tmp_path / "no.yaml").exists()


def test_a_recipe_that_is_written_onto_itself_is_what_the_run_had(tmp_path):
    mine = Made(tmp_path / "mine", RULES)
    result = stats(mine.url, "--what-if", SETTING, "--write", mine.recipe, "--replace")
    assert result.returncode == 0 and "the file has not" not in result.stderr
    assert "min_words: 20" in Path(mine.recipe).read_text()


def test_tokens_say_where_they_are_from_and_have_an_interval(made):
    result = stats(made.url, "--what-if", "filters.gopher.quality.min_words=4")
    (row,) = (line for line in result.stdout.splitlines() if line.startswith("tokens"))
    assert "estimated from bytes, 95 % in" in row
    kept = json.loads(stats(made.url, "--what-if", SETTING, "--json").stdout)["now"]
    assert kept["tokens_low"] <= kept["tokens"] <= kept["tokens_high"] and kept["tokens_column"] == "tokens.estimate"
    assert sum(line.startswith("Other documents come to") for line in result.stdout.splitlines()) <= 2


def _note_digest(folder: RunFolder, path: str) -> None:
    """Let the manifest have the digest of a file as it is now."""
    manifest = folder.read_json(layout.MANIFEST)
    (output,) = (each for each in manifest["outputs"] if each["path"] == path)
    output["digest"] = folder.digest(path)
    Path(folder.path(layout.MANIFEST)).write_text(json.dumps(manifest))


def test_a_record_of_several_row_groups_is_read(made):
    path = RunFolder(made.aside).path(layout.judgements_file(0))
    rows = pq.read_table(path)
    pq.write_table(rows, path, row_group_size=50, use_dictionary=["source", "language", "stage", "reason", "broken.list.element"])  # fmt: skip
    damaged = stats(made.aside, "--what-if", "quality.threshold#2.max=12")
    assert damaged.returncode == 2 and "digest" in damaged.stderr and "exact" not in damaged.stdout
    _note_digest(RunFolder(made.aside), layout.judgements_file(0))
    result = stats(made.aside, "--what-if", "quality.threshold#2.max=12", "--json")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["documents"] == len(DOCUMENTS)
