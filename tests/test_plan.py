"""Phases: where they are cut, what their fingerprints depend on, which columns they need."""

from __future__ import annotations

import pytest

from curate import plan, spec
from curate.errors import SpecError
from curate.plan import ReducePhase, Shuffled, phases
from curate.runs.layout import phase_title
from curate.stage import Shard, Split

SHARDS = tuple(Shard(i, 3, (Split(f"/c/{i}.jsonl", f"{i}.jsonl", 0, 9, 9, "c"),)) for i in range(3))


@pytest.fixture
def make(write_recipe):
    def make(stages, shards=SHARDS, **more):
        return plan.make(spec.read(write_recipe(stages, **more)), shards)

    return make


def names(made) -> list[str]:
    return [phase_title(phase.folder) for phase in made.phases]


def test_without_a_barrier_there_is_one_phase(make):
    (phase,) = make(["text.normalise", "filters.gopher.quality"]).phases
    assert phase.sources and phase.sink and phase.n_tasks == 3


def test_a_checkpoint_cuts_and_two_in_a_row_cut_once(make):
    assert names(make(["text.normalise", "checkpoint", "checkpoint", "filters.gopher.quality"])) == [
        "01-text.normalise",
        "02-filters.gopher.quality",
    ]


def test_a_barrier_asks_reduces_and_decides(make):
    asks, reduces, decides = make(["text.normalise", "dedup.exact", "filters.gopher.quality"]).phases
    assert asks.emit and asks.sink is None and asks.emit.n_parts == reduces.n_parts == reduces.n_tasks == 1
    assert isinstance(reduces, ReducePhase) and reduces.is_last and reduces.rows == Shuffled(asks.folder, 3)
    assert reduces.into == 3 and reduces.shards_per_part == 1
    assert (
        decides.apply
        and decides.docs_from == asks.folder
        and decides.apply.results == Shuffled(reduces.folder, 1)
        and decides.sink
    )


def test_two_barriers_in_a_row_share_no_phase(make):
    assert names(make([{"dedup.exact": {"by": "url"}}, "dedup.exact"])) == [
        "01-dedup.exact", "02-dedup.exact-copies", "03-dedup.exact", "04-dedup.exact#2-copies", "05-dedup.exact#2",
    ]  # fmt: skip


def test_a_phase_survives_the_journey_to_a_worker(make):
    import json

    for phase in make(["text.normalise", "dedup.exact", "filters.gopher.quality"]).phases:
        assert phases.from_json(json.loads(json.dumps(phases.to_json(phase)))) == phase


def test_a_parameter_changes_the_fingerprints_from_its_phase_on(make):
    stages = ["text.normalise", "checkpoint", {"filters.gopher.quality": {"min_words": 5}}, "dedup.exact"]
    before = [phase.fingerprint for phase in make(stages).phases]
    stages[2] = {"filters.gopher.quality": {"min_words": 6}}
    after = [phase.fingerprint for phase in make(stages).phases]
    assert after[0] == before[0] and not set(after[1:]) & set(before[1:])


def test_writing_a_default_out_changes_no_fingerprint(make):
    def prints(stage):
        return [phase.fingerprint for phase in make([stage]).phases]

    assert prints("filters.gopher.quality") == prints({"filters.gopher.quality": {"min_words": 50}})


def test_a_missing_column_is_refused_with_the_stage_that_makes_it(make):
    with pytest.raises(SpecError, match=r"extract.html needs the column `html`, which nothing before it makes"):
        make(["extract.html"], inputs={"sources.wet": {"paths": ["x"]}})


def test_files_are_compared_by_content(tmp_path):
    from curate import fingerprint
    from curate.assets import File

    model = tmp_path / "model.bin"
    model.write_bytes(b"one")
    before = fingerprint.of_params({"model": File(model)})
    model.write_bytes(b"two")
    assert fingerprint.of_params({"model": File(model)}) != before
    with pytest.raises(SpecError, match="cannot be read"):
        fingerprint.of_file(str(tmp_path / "none.bin"))
