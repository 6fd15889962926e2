"""Every file that a user names, or that a run left, damaged in every way: a message that names it, never a traceback.

The commands are called as `main` calls them, but without its last net for errors of the file system: what is expected
here is an error that a reader raised on purpose.
"""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
import yaml

from curate.cli import app
from curate.engine import worker
from curate.errors import CurateError
from tests.classifiers.models import labelled
from tests.damage import DAMAGES, copied

TEXT = "The harbour was quiet that morning, and the boats that should have been out were all at home. "


def curate(*arguments: object) -> CurateError | None:
    """Run a command; return the error that it ended with."""
    try:
        app(list(map(str, arguments)), standalone_mode=False)
    except CurateError as error:
        return error
    return None


def write_recipe(folder: Path, stages: list, **more: object) -> Path:
    path = folder / "recipe.yaml"
    inputs = {"sources.jsonl": {"paths": [str(folder / "in.jsonl")]}}
    path.write_text(yaml.safe_dump({"name": "test", "inputs": inputs, "stages": stages, **more}))
    return path


def write_input(folder: Path) -> Path:
    rows = [{"text": TEXT * 2, "url": "u1"}, {"text": TEXT * 2, "url": "u2"}, {"text": "?", "url": "u3"}]
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with a recipe, its input and its finished run, in which one document is a copy and one is too short."""
    folder = tmp_path_factory.mktemp("made")
    write_input(folder)
    modules = ["tests.engine.my_stages"]
    recipe = write_recipe(folder, ["tests.engine.my_stages.long_enough", "dedup.exact"], modules=modules)
    assert curate("run", recipe, "-o", folder / "run", "--workers", 1) is None
    return folder


def expect_message(
    error: CurateError | None, name: str, damage: str, *, may_succeed: tuple[str, ...] = (), exit_code: int = 2
) -> None:
    if damage in may_succeed:
        assert error is None or error.exit_code == exit_code, error
        return
    assert error is not None, f"{name}, {damage}: accepted"
    assert error.exit_code == exit_code, error
    assert name in str(error) and len(str(error)) < 1500, error


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


# ---------------------------------------------------------------------- a finished run


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("pattern", "commands"),
    [
        ("manifest.json", ["explain RUN u1", "stats RUN", "stats RUN --json"]),
        ("ledger.json", ["stats RUN", "stats RUN --json"]),
        ("data/00000.parquet", ["explain RUN u1"]),
        ("rejects/01-00000.parquet", ["explain RUN u3", "explain RUN nobody"]),
        ("judgements/00000.parquet", ["explain RUN u1", "explain RUN u3"]),
    ],
)
def test_what_a_run_left_is_checked_when_it_is_shown(made, tmp_path, pattern, commands, damage):
    run = copied(made / "run", tmp_path / "run")
    path = only(run, pattern)
    DAMAGES[damage](path)
    gone = damage == "missing" or (damage == "folder" and pattern.startswith(("data", "rejects", "judgements")))
    for command in commands:
        name = "run" if gone else path.name
        lucky = ("flipped", "missing", "folder") if "nobody" in command or damage == "flipped" else ()
        if pattern == "manifest.json" and command.startswith("stats"):
            lucky = (*lucky, "missing")  # a run without a manifest has not finished, and is shown as far as it came
        error = curate(*command.replace("RUN", str(run)).split())
        expect_message(error, name, damage, may_succeed=lucky, exit_code=2)


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d != "flipped"])
def test_without_the_kept_copy_the_rest_of_a_story_is_told(made, tmp_path, capsys, damage):
    run = copied(made / "run", tmp_path / "run")
    path = only(run, "phases/01-*/docs/00000.arrow")
    DAMAGES[damage](path)
    assert curate("explain", str(run), "u2") is None
    shown = capsys.readouterr().out
    assert "dropped by" in shown and "is not shown" in shown


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d != "flipped"])
def test_an_unfinished_run_with_a_damaged_run_json(made, tmp_path, damage):
    run = copied(made / "run", tmp_path / "run")
    (run / "manifest.json").unlink()
    DAMAGES[damage](run / "run.json")
    error = curate("stats", run)
    expect_message(
        error, "no run" if damage == "missing" else "run.json", damage, may_succeed=("object", "object of lists")
    )


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d != "flipped"])
@pytest.mark.parametrize("name", ["plan.json", "inputs.json", "references.json"])
def test_what_workers_read_is_checked(made, tmp_path, name, damage):
    run = copied(made / "run", tmp_path / "run")
    phase = json.loads((run / "plan.json").read_text())["phases"][0]["folder"]
    DAMAGES[damage](run / name)
    with pytest.raises(CurateError) as caught:
        worker.run_task(str(run), phase, 0)
    expect_message(caught.value, name, damage)
    if name == "plan.json":
        with pytest.raises(CurateError) as caught:
            worker.run_task(str(run), None, 0)
        expect_message(caught.value, name, damage)


FILES = ["run.json", "plan.json", "inputs.json", "references.json", "manifest.json", "ledger.json", "README.md"]


@pytest.mark.parametrize("name", [*FILES, "report.html"])
def test_a_folder_where_the_run_writes_a_file_is_refused(made, tmp_path, name):
    run = copied(made / "run", tmp_path / "run")
    DAMAGES["folder"](run / name)
    expect_message(curate("run", made / "recipe.yaml", "-o", run), name, "folder")


@pytest.mark.parametrize("name", ["data", "rejects", "judgements", "phases"])
def test_a_file_where_the_run_needs_a_folder_is_refused(made, tmp_path, name):
    run = copied(made / "run", tmp_path / "run")
    (run / name).rename(tmp_path / "away")
    (run / name).write_text("mine")
    expect_message(curate("run", made / "recipe.yaml", "-o", run), name, "a file")
    if name != "phases":
        expect_message(curate("explain", run, "u1"), name, "a file")
    assert (run / name).read_text() == "mine"


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_makes_its_task_run_again(made, tmp_path, damage):
    run = copied(made / "run", tmp_path / "run")
    record = only(run, "phases/01-*/done/00000.json")
    DAMAGES[damage](record)
    error = curate("run", made / "recipe.yaml", "-o", run, "--workers", 1)
    assert error is None or (damage == "folder" and error.exit_code == 1 and "00000.json" in str(error)), error


# ---------------------------------------------------------------------- recipes


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d not in ("cut off", "flipped")])
def test_damaged_recipes(made, tmp_path, damage):
    recipe = copied(made / "recipe.yaml", tmp_path / "recipe.yaml")
    DAMAGES[damage](recipe)
    for command in ("plan", "run"):
        expect_message(curate(command, recipe), "recipe.yaml", damage)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit(3)", '"careless" ends Python when it is imported (3)'),
        ("raise ZeroDivisionError('x')", '"careless" cannot be imported: ZeroDivisionError: x'),
        ("raise OSError(28, 'No space left on device')", '"careless" cannot be imported: OSError'),
        ("def broken(:", "careless.py:1: invalid syntax"),
        ("import not_there_at_all", '"careless" needs the package "not_there_at_all"'),
        ("x = '\0'", "null bytes"),
        (b'x = "\xff"', "careless"),
    ],
)
def test_modules_that_cannot_be_imported(tmp_path, monkeypatch, code, said):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    write_input(tmp_path)
    (tmp_path / "careless.py").write_bytes(code if isinstance(code, bytes) else code.encode())
    recipe = write_recipe(tmp_path, ["careless.stage"], modules=["careless"])
    for command in (["plan", recipe], ["run", recipe], ["stages", "careless.stage"]):
        expect_message(curate(*command), said, "import")
    for command in (["train", "in.jsonl", "--model", "m.npz"], ["eval", "toxicity", "in.jsonl"]):
        expect_message(curate("classifier", *command, "--module", "careless"), said, "import")


# ---------------------------------------------------------------------- indexes and reference data


@pytest.fixture(scope="module")
def indexed(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("indexed")
    write_input(folder)
    recipe = write_recipe(folder, [{"dedup.minhash": {"index": str(folder / "index")}}])
    assert curate("run", recipe, "-o", folder / "run", "--workers", 1) is None
    return folder


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d != "flipped"])
@pytest.mark.parametrize("pattern", ["index.json", "*/entry.json", "*/*.arrow"])
def test_damaged_indexes(indexed, tmp_path, pattern, damage):
    index = copied(indexed / "index", tmp_path / "index")
    write_input(tmp_path)
    recipe = write_recipe(
        tmp_path, [{"dedup.minhash": {"index": str(index), "reference": [str(index)]}}], description=""
    )
    recipe.write_text(recipe.read_text().replace("name: test", "name: another"))
    path = only(index, pattern)
    DAMAGES[damage](path)
    # Without its header the folder is none; without its entry.json an entry is one that was never finished.
    # Planning compares sizes only.
    lucky = {"*/entry.json": ("missing",), "*/*.arrow": ("unreadable",)}.get(pattern, ())
    name = "index" if damage == "missing" else path.name
    expect_message(curate("plan", recipe), name, damage, may_succeed=lucky)


@pytest.mark.parametrize("damage", ["flipped", "unreadable"])
def test_a_damaged_index_of_the_right_size_is_noticed_by_the_task_that_reads_it(indexed, tmp_path, damage):
    index = copied(indexed / "index", tmp_path / "index")
    write_input(tmp_path)
    recipe = write_recipe(tmp_path, [{"dedup.minhash": {"reference": [str(index)]}}])
    recipe.write_text(recipe.read_text().replace("name: test", "name: another"))  # an entry of its own is not read
    DAMAGES[damage](only(index, "*/*.arrow"))
    expect_message(curate("run", recipe, "-o", tmp_path / "run", "--workers", 1), "00000.arrow", damage)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["reference.jsonl", "reference.parquet"])
def test_damaged_reference_data(made, tmp_path, name, damage):
    source = made / "in.jsonl" if name.endswith("jsonl") else made / "run" / "data" / "00000.parquet"
    path = copied(source, tmp_path / name)
    write_input(tmp_path)
    DAMAGES[damage](path)
    recipe = write_recipe(tmp_path, [{"dedup.minhash": {"reference": [str(path)]}}])
    # A line that is no record is dropped, in reference data as in others.
    lucky = ("flipped",) if name.endswith("parquet") else tuple({*DAMAGES} - {"missing", "folder", "unreadable"})
    error = curate("run", recipe, "-o", tmp_path / "run", "--workers", 1)
    expect_message(error, "minhash > reference" if damage == "folder" else name, damage, may_succeed=lucky)


# ---------------------------------------------------------------------- lists, sets, labels


def stage_with(stage: str, path: Path) -> dict:
    return {
        "safety.words": {"safety.words": {"lists": {"any": str(path)}}},
        "safety.domains": {"safety.domains": {"lists": {"mine": str(path)}}},
        "decontaminate.ngrams": {"decontaminate.ngrams": {"sets": [str(path)]}},
    }[stage]


LIST = b"harbour\nquiet morning\n"
QUESTION = json.dumps({"question": TEXT * 2}).encode() + b"\n"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("stage", "name", "content", "texts"),
    [
        ("safety.words", "words.txt", LIST, ("list", "number", "string", "object", "object of lists", "cut off")),
        ("safety.domains", "domains.txt", b"bad.example\nworse.example\n", ("cut off", "list", "number")),
        ("decontaminate.ngrams", "set.jsonl", QUESTION, ("string",)),
    ],
)
def test_damaged_lists_and_evaluation_sets(tmp_path, stage, name, content, texts, damage):
    path = tmp_path / name
    path.write_bytes(content)
    write_input(tmp_path)
    DAMAGES[damage](path)
    recipe = write_recipe(tmp_path, [stage_with(stage, path)])
    error = curate("run", recipe, "-o", tmp_path / "run", "--workers", 1)
    expect_message(error, name, damage, may_succeed=(*texts, "flipped"))


@pytest.fixture
def labels(tmp_path) -> Path:
    examples = labelled(200)
    rows = zip(examples.texts, examples.is_positive, strict=True)
    path = tmp_path / "labels.jsonl"
    path.write_text("".join(json.dumps({"text": t, "label": int(bad)}) + "\n" for t, bad in rows))
    return path


COMMANDS = [["train", "DATA", "--model", "out.npz"], ["eval", "toxicity", "DATA"]]
LABEL = [
    "label",
    "DATA",
    "--rubric",
    "rubric.txt",
    "--endpoint",
    "http://127.0.0.1:9/v1",
    "--model",
    "m",
    "--out",
    "o.jsonl",
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv", "labels.parquet", "labels.jsonl.gz"])
def test_damaged_label_files(tmp_path, monkeypatch, labels, name, damage):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rubric.txt").write_text("labels: a, b\n")
    path = labels.rename(tmp_path / name)
    if damage == "flipped" and not name.endswith(".gz"):
        pytest.skip("another letter in a text is a text")
    DAMAGES[damage](path)
    for command in [*COMMANDS, LABEL]:
        given = [str(path) if word == "DATA" else word for word in command]
        expect_message(curate("classifier", *given), "labels" if damage == "missing" else name, damage)


@pytest.mark.parametrize("damage", [d for d in DAMAGES if d not in ("cut off", "flipped")])
def test_damaged_rubrics(tmp_path, monkeypatch, labels, damage):
    monkeypatch.chdir(tmp_path)
    rubric = tmp_path / "rubric.txt"
    rubric.write_text("Judge.\nlabels: a, b\n")
    DAMAGES[damage](rubric)
    expect_message(
        curate("classifier", *[str(labels) if word == "DATA" else word for word in LABEL]), "rubric.txt", damage
    )


@pytest.fixture
def cached_asset(tmp_path, monkeypatch) -> Path:
    """The cache of assets after a fetch of one whose content the catalogue does not know."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    archive = tmp_path / "adult.tar.gz"
    with tarfile.open(archive, "w:gz") as made:
        member = tarfile.TarInfo("adult/domains")
        member.size = 12
        made.addfile(member, io.BytesIO(b"bad.example\n"))
    assert curate("assets", "fetch", "ut1-adult", "--from", archive) is None
    return tmp_path / "curate" / "assets"


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("pattern", ["ut1-adult.json", "*.tar.gz"])
def test_damaged_assets(tmp_path, cached_asset, capsys, pattern, damage):
    DAMAGES[damage](only(cached_asset, pattern))
    assert curate("assets", "list") is None and curate("assets", "list", "--json") is None
    code = app(["assets", "verify"], standalone_mode=False)
    is_noticed = damage == "unreadable" and pattern == "*.tar.gz"
    assert code in ((None, 2) if damage == "flipped" else (2 if is_noticed else None,)), capsys.readouterr()
    assert code is None or "curate assets fetch --update ut1-adult" in capsys.readouterr().out
    if damage != "flipped" and not is_noticed:
        expect_message(curate("assets", "verify", "ut1-adult"), "asset:ut1-adult: not downloaded yet", damage)


# ---------------------------------------------------------------------- models


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", ["linear", "fasttext"])
def test_damaged_models(tmp_path, request, labels, kind, damage):
    source = request.getfixturevalue(f"{kind}_file")
    model = copied(source, tmp_path / source.name)
    DAMAGES[damage](model)
    write_input(tmp_path)
    recipe = write_recipe(tmp_path, [{"quality.classifier": {"model": str(model), "score": "s"}}])
    lucky = ("flipped",)
    expect_message(curate("classifier", "eval", model, labels), model.name, damage, may_succeed=lucky)
    run = ("run", recipe, "-o", tmp_path / "run", "--workers", 1)
    expect_message(curate(*run), model.name, damage, may_succeed=lucky)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"])
def test_damaged_encoders(tmp_path, encoder_folder, labels, name, damage):
    folder = copied(encoder_folder, tmp_path / "tiny-encoder")
    if not (folder / name).exists():
        pytest.skip(f"this version of transformers writes no {name}")
    DAMAGES[damage](folder / name)
    is_needed = name in ("config.json", "model.safetensors")
    lucky = ("flipped",) if is_needed else tuple(DAMAGES)
    expect_message(curate("classifier", "eval", folder, labels), folder.name, damage, may_succeed=lucky)
