"""Damaged and changed files: noticed, made again where they are ours, and never another result without a word."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

import curate
from curate.engine import run as engine
from curate.errors import InputError, RunError
from curate.runs import RunFolder

STAGES = [
    "text.normalise",
    "checkpoint",
    "dedup.exact",
    "dedup.minhash",
    {"filters.fineweb.quality": {"max_short_line_share": None}},
]


@pytest.fixture
def recipe(write_recipe, write_jsonl, tmp_path) -> str:
    chosen = random.Random(3)
    words = ["harbour", "letter", "engine", "mountain", "apple", "river", "paper", "window", "winter", "signal"]
    for k in range(4):
        texts = [" ".join(chosen.choices(words, k=40)).capitalize() + "." for _ in range(20)]
        write_jsonl(f"{k}.jsonl", [*texts, *texts[:3]])
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.001}}
    return write_recipe(STAGES, inputs=inputs)


def manifest(url: str) -> dict:
    return json.loads(Path(url, "manifest.json").read_text())


def digests(url: str) -> tuple[str, ...]:
    return tuple(manifest(url)[name] for name in ("output_digest", "rejects_digest", "judgements_digest"))


def flip(path: Path, chosen: random.Random) -> None:
    """Flip one bit as a bad disk does: size and time stay."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[chosen.randrange(len(data))] ^= 1 << chosen.randrange(8)
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


KINDS = ["phases/*/docs/*.arrow", "phases/*/judged/*.arrow", "phases/*/shuffle/*.arrow", "phases/*/sidecar/*.arrow", "phases/*/done/*.json", "data/*", "rejects/*", "judgements/*", "dedup/*"]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_changes_no_result(recipe, tmp_path, kind):
    changed = ["filters.fineweb.quality.max_breaks_per_word=0.2"]
    right = digests(curate.run(recipe, output=str(tmp_path / "right"), settings=changed, workers=1, fresh=True))
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1, fresh=True)
    chosen = random.Random(kind)
    paths = sorted(Path(url).glob(kind))
    for path in chosen.sample(paths, min(3, len(paths))):
        flip(path, chosen)
    curate.run(recipe, output=url, settings=changed, workers=1, fresh=True)
    assert digests(url) == right
    for output in manifest(url)["outputs"]:
        assert RunFolder(url).digest(output["path"]) == output["digest"]


def test_all_documents_for_the_next_phase_damaged_are_made_again_and_it_is_said(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1, fresh=True)
    right = digests(curate.run(recipe, output=str(tmp_path / "right"), workers=1, fresh=True))
    for kind in KINDS[:4]:
        for path in Path(url).glob(kind):
            data = bytearray(path.read_bytes())
            data[len(data) // 3] ^= 4
            before = path.stat()
            path.write_bytes(data)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    last = max(path for path in Path(url, "phases").iterdir() if path.name != "parts")
    for path in Path(url).glob("phases/*/done/*.json"):  # the last phase has to read everything again
        if path.parent.parent == last:
            path.unlink()
    curate.run(recipe, output=url, workers=1, fresh=True)
    assert digests(url) == right
    assert any("was missing or damaged" in w and "made again" in w for w in manifest(url)["warnings"])


CHANGES = {
    "longer": lambda data: data + data,
    "shorter": lambda data: data[: len(data) // 2],
    "same size": lambda data: data.replace(b"a", b"b"),
    "empty": lambda data: b"",
    "gone": None,
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_input_that_changes_between_plan_and_task_stops_the_run(recipe, tmp_path, change):
    victim = tmp_path / "in" / "2.jsonl"

    def at_the_first_phase(event: engine.Event) -> None:
        if event.kind == "began" and victim.exists() and not changed:
            changed.append(True)
            new = CHANGES[change]
            victim.unlink() if new is None else victim.write_bytes(new(victim.read_bytes()))

    changed: list[bool] = []
    with pytest.raises(InputError, match=r"2\.jsonl: (has changed|is gone)"):
        curate.run(recipe, output=str(tmp_path / "run"), workers=1, watch=at_the_first_phase)
    assert not (tmp_path / "run" / "manifest.json").exists()
    if change not in ("gone", "empty"):
        url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
        n_lines = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "in").iterdir())
        assert manifest(url)["documents"]["in"] == n_lines


@pytest.mark.parametrize("change", ["longer", "gone"])
def test_a_file_of_a_datatrove_reader_that_changes_between_plan_and_task_stops_the_run(
    write_recipe, write_jsonl, tmp_path, change
):
    for k in range(2):
        write_jsonl(f"{k}.jsonl", ["A text.", "Another."])
    reader = {"datatrove.pipeline.readers.JsonlReader": {"data_folder": str(tmp_path / "in")}}
    recipe, victim = write_recipe([], inputs=reader), tmp_path / "in" / "1.jsonl"

    def at_the_first_phase(event: engine.Event) -> None:
        if event.kind == "began":
            victim.unlink() if change == "gone" else victim.write_bytes(victim.read_bytes() * 2)

    with pytest.raises(InputError, match="have changed since the run was planned"):
        curate.run(recipe, output=str(tmp_path / "run"), workers=1, watch=at_the_first_phase)


def test_reference_data_that_changes_between_plan_and_task_stops_the_run(recipe, write_recipe, tmp_path):
    known = tmp_path / "known.jsonl"
    known.write_text('{"text": "A text that is known."}\n')
    recipe = write_recipe([{"dedup.minhash": {"reference": [str(known)]}}])

    def at_the_first_phase(event: engine.Event) -> None:
        if event.kind == "began":
            known.write_text('{"text": "Another text."}\n')

    with pytest.raises(InputError, match=r"known\.jsonl: has changed"):
        curate.run(recipe, output=str(tmp_path / "run"), workers=1, watch=at_the_first_phase)


@pytest.mark.parametrize("when", ["one phase earlier", "right before"])
def test_a_file_of_a_parameter_that_changes_after_planning_stops_the_run(write_recipe, write_jsonl, tmp_path, when):
    write_jsonl("a.jsonl", ["A text with a badword in it, and some others.", "A text without."])
    words = tmp_path / "words.txt"
    words.write_text("badword\n")
    recipe = write_recipe(["text.normalise", "checkpoint", {"safety.words": {"lists": {"bad": str(words)}}}])
    seen = []

    def at_the_last_phase(event: engine.Event) -> None:
        seen.append(event.kind)
        if event.kind == "began" and seen.count("began") == (2 if when == "right before" else 1):
            words.write_text("nothing\n")

    with pytest.raises((InputError, RunError), match=r"words\.txt changed after the run was planned"):
        curate.run(recipe, output=str(tmp_path / "run"), workers=1, watch=at_the_last_phase)
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    assert manifest(url)["documents"]["out"] == 2
