"""Statistics of a run: those of its record of judgements, however the documents were divided; damage is a message."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.errors import InputError
from curate.report import finished_run
from curate.sketches.distinct import hashes
from curate.statistics.run_statistics import KEPT, RunStatistics
from tests.damage import DAMAGES, copied
from tests.engine.test_resume import texts

STAGES = [
    "language.detect",
    {"filters.gopher.quality": {"min_words": 8, "min_alpha_word_share": None, "min_mean_word_length": None}},
    {"filters.gopher.repetition": {"max_duplicate_line_share": 0.2}},
    "checkpoint", "dedup.exact", "text.measure",
]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, Path]:
    """The same documents in the same recipe, cut into one shard, and into many."""
    folder = tmp_path_factory.mktemp("made")
    lines = [
        {"text": text, "url": f"http://{k % 7}.example/{k}", "date": f"20{k % 4:02}-05-01", "stars": k % 5}
        for k, text in enumerate([*texts(120, seed=3), *texts(120, seed=3)[:40]])
    ]
    (folder / "in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for name, shard_mib in (("whole", 64), ("divided", 0.004)):
        recipe = {
            "name": "test",
            "inputs": {"sources.jsonl": {"paths": [str(folder / "in.jsonl")], "shard_mib": shard_mib, "extra": "all"}},
            "stages": STAGES,
        }
        (folder / f"{name}.yaml").write_text(json.dumps(recipe))
        curate.run(str(folder / f"{name}.yaml"), output=str(folder / name), workers=1)
    return {name: folder / name for name in ("whole", "divided")}


def record(run: Path) -> list[dict]:
    return pa.dataset.dataset(run / "judgements").to_table().to_pylist()


def outcome(row: dict) -> str:
    return f"{row['stage']} {row['reason']}" if row["stage"] else KEPT


def test_statistics_do_not_depend_on_the_division_of_the_documents(made):
    assert len(list((made["divided"] / "judgements").iterdir())) > 5
    found = {name: finished_run.read(str(run)).statistics for name, run in made.items()}
    assert found["whole"].n == 160 and len(found["whole"].documents) > 3
    samples = {name: each.to_json().pop("examples") for name, each in found.items()}
    assert {k: len(v["ids"]) for k, v in samples["whole"].items()} == {k: len(v["ids"]) for k, v in samples["divided"].items()}  # fmt: skip
    written = [(run / "statistics.json").read_bytes() for run in made.values()]
    assert written[0] == written[1]


def test_statistics_are_those_of_the_record(made):
    rows, found = record(made["divided"]), finished_run.read(str(made["divided"])).statistics
    assert found.documents == Counter(row["stage"] or KEPT for row in rows)
    assert found.reasons == Counter(map(outcome, rows))
    for column in ("words.count", "language_score", "text.bytes", "repetition.top_2_gram_share"):
        for stage, n in found.documents.items():
            values = [row[column] for row in rows if (row["stage"] or KEPT) == stage and row[column] is not None]
            sketch = found.numbers(column, [stage])
            assert (sketch.histogram.n, sketch.histogram.n_missing, sketch.moments.n) == (len(values), n - len(values), len(values))  # fmt: skip
            if values:
                assert sketch.moments.mean == pytest.approx(np.mean(values))
                assert (sketch.histogram.lowest, sketch.histogram.highest) == (min(values), max(values))
    everything, parts = found.numbers("words.count"), found.kept("words.count")
    parts.add(found.dropped("words.count"))
    assert everything == parts


def test_groups_and_joint_outcomes_are_those_of_the_record(made):
    rows, found = record(made["divided"]), finished_run.read(str(made["divided"])).statistics
    keys = {
        "source": lambda row: row["source"], "language": lambda row: row["language"],
        "year": lambda row: str(row["date.year"]), "domain": lambda row: row["url"].split("/")[2],
    }  # fmt: skip
    for by, key in keys.items():
        true = defaultdict(lambda: [0, 0, 0])
        for row in rows:
            numbers = true[key(row), outcome(row)]
            for at, n in enumerate((1, row["text.bytes"], row["tokens.estimate"] or 0)):
                numbers[at] += n
        group = found.groups[by]
        assert group.is_exact and {(v, o): n for v, counts in group.counts.items() for o, n in counts.items()} == true
    assert found.joint.sets == Counter(tuple(sorted(row["broken"])) for row in rows if row["broken"])
    assert round(found.distinct["url"].estimate) in range(157, 164) and round(found.distinct["domain"].estimate) == 7
    ids = [row["id"] for row in rows if row["stage"] is None]
    assert found.examples[KEPT].ids == sorted(ids, key=lambda id: int(hashes([id])[0]))[:8]
    assert found.tokens == "tokens.estimate"


def test_numbers_that_came_with_the_documents_are_there_for_kept_ones(made):
    found = finished_run.read(str(made["whole"])).statistics
    stars = found.kept("stars").histogram
    assert stars.n == found.documents[KEPT] and (stars.lowest, stars.highest) == (0, 4)
    assert list(found.columns["stars"]) == [KEPT]


def test_the_manifest_lists_the_file(made):
    manifest = json.loads((made["whole"] / "manifest.json").read_text())
    (listed,) = [output for output in manifest["outputs"] if output["role"] == "statistics"]
    assert listed["path"] == "statistics.json" and listed["bytes"] == (made["whole"] / "statistics.json").stat().st_size


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_message(made, tmp_path, damage):
    run = copied(made["whole"], tmp_path / "run")
    DAMAGES[damage](run / "statistics.json")
    with pytest.raises(InputError, match=r"statistics\.json"):
        finished_run.read(str(run))


def test_a_damaged_file_of_a_task_is_made_again(made, tmp_path):
    run = copied(made["divided"], tmp_path / "run")
    right = (run / "statistics.json").read_bytes()
    (part, *_) = sorted(run.glob("phases/*/statistics/*"))
    DAMAGES["flipped"](part)
    curate.run(str(made["divided"].parent / "divided.yaml"), output=str(run), workers=1)
    assert (run / "statistics.json").read_bytes() == right


ROW = st.fixed_dictionaries(
    {
        "id": st.uuids().map(str),
        "url": st.sampled_from([None, "http://a.example/1", "https://b.co.uk/x?y", "mailto:nobody", ""]),
        "source": st.sampled_from(["a", "b", None]),
        "fate": st.sampled_from([(None, None, []), ("s", "r", ["s r"]), ("s", "q", ["s q", "t r"])]),
        "x": st.one_of(st.none(), st.floats(width=32, allow_nan=False)),
        "flag": st.one_of(st.none(), st.booleans()),
    }
)
SCHEMA = pa.schema(
    [("id", pa.string()), ("url", pa.string()), ("source", pa.string()), ("stage", pa.string()), ("reason", pa.string()),
     ("broken", pa.list_(pa.string())), ("x", pa.float32()), ("flag", pa.bool_())]
)  # fmt: skip


def of(rows: list[dict]) -> RunStatistics:
    found = RunStatistics()
    fates = [dict(zip(("stage", "reason", "broken"), row["fate"], strict=True)) for row in rows]
    found.count(pa.Table.from_pylist([row | fate for row, fate in zip(rows, fates, strict=True)], SCHEMA))
    return found


@given(*[st.lists(ROW, max_size=8)] * 3)
def test_statistics_of_parts_add_up_in_any_order(a, b, c):
    def added(*parts: RunStatistics) -> RunStatistics:
        total = RunStatistics()
        for part in parts:
            total.add(part)
        return total

    whole = of(a + b + c)
    assert added(of(a), of(b), of(c)).to_bytes() == added(of(c), added(of(b), of(a))).to_bytes() == whole.to_bytes()
    assert added(whole, RunStatistics()) == added(RunStatistics(), whole) == whole
    assert RunStatistics.from_json(json.loads(whole.to_bytes())) == whole


@given(st.lists(st.integers(0, 1500), max_size=30), st.integers(0, 40))
def test_more_domains_than_there_is_room_for_are_counted_within_the_stated_error(heavy, times):
    """1,100 domains with a document each, and some with more, counted in two batches."""
    urls = [f"http://d{k}.example/" for k in [*range(1100), *heavy * times]]
    rows = {
        "id": [str(k) for k in range(len(urls))], "url": urls, "source": ["a"] * len(urls), "stage": [None] * len(urls),
        "reason": [None] * len(urls), "broken": [[]] * len(urls), "x": [0.0] * len(urls), "flag": [True] * len(urls),
    }  # fmt: skip
    table, found = pa.table(rows, SCHEMA), RunStatistics()
    found.count(table.slice(0, 1090))
    found.count(table.slice(1090))
    group, true = found.groups["domain"], Counter(url[7:-1] for url in urls)
    assert (
        group.n == len(urls)
        and len(group.weights) <= group.capacity
        and group.error <= len(urls) / (group.capacity + 1)
    )
    assert all(group.documents(name) <= n <= group.documents(name) + group.error for name, n in true.items())
