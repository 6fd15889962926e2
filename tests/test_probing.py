"""What a probe draws, what it says of the whole, and when it says nothing."""

from __future__ import annotations

import bisect
import itertools
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import formats
from curate.engine import forecast
from curate.engine.planning import prepare
from curate.errors import InputError
from curate.plan import probing
from curate.stage import Shard, Split

SIZES = st.lists(st.integers(0, 1 << 20), min_size=1, max_size=12)


def shards(sizes, name: str = "{}.jsonl", input: str = "") -> list[Shard]:
    """Return a shard for each size, of one file each."""
    splits = [Split(f"/c/{input}{name.format(k)}", name.format(k), 0, size, size, "c") for k, size in enumerate(sizes)]
    return [Shard(k, len(sizes), (split,), input=input) for k, split in enumerate(splits)]


@settings(deadline=None)
@given(SIZES, st.integers(1, 200), st.integers(0, 99), st.sampled_from(["{}.jsonl", "{}.jsonl.gz"]))
def test_cells_lie_in_the_input_and_no_byte_is_drawn_twice(sizes, n, seed, name):
    (probe,) = probing.draw(shards(sizes, name), n, seed, formats.FORMATS)
    spans = sorted((split.url, split.start, split.end) for shard in probe.shards for split in shard.splits)
    known = {f"/c/{name.format(k)}": size for k, size in enumerate(sizes)}
    assert all(0 <= start < end <= known[url] for url, start, end in spans)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(spans))
    assert probe.read_bytes == sum(end - start for _, start, end in spans) <= probe.all_bytes == sum(sizes)
    assert probe.is_all == (probe.read_bytes == probe.all_bytes)
    assert name == "{}.jsonl" or all((start, end) == (0, known[url]) for url, start, end in spans)


def test_every_input_has_groups_of_its_own_and_shards_are_numbered_through():
    found = [*shards([9 << 20], input="a"), *shards([1 << 20] * 9, input="b")]
    probes = probing.draw(found, 64, 0, formats.FORMATS)
    assert [probe.input for probe in probes] == ["a", "b"]
    drawn = [shard for probe in probes for shard in probe.shards]
    assert [shard.index for shard in drawn] == list(range(16)) and {shard.n_shards for shard in drawn} == {16}
    assert all(shard.input == probe.input for probe in probes for shard in probe.shards)
    assert len({split.url for shard in probes[1].shards for split in shard.splits}) == 9


@pytest.mark.parametrize("clustering", [0, 3])
def test_the_true_number_lies_in_95_of_100_intervals(clustering):
    """Documents of lengths without a mean tendency, in files that differ, and are kept more often in some."""
    source = random.Random(5)
    begins, kept, sizes = [], [], []
    for _ in range(40):
        length, chance, at = source.choice([2_000, 40_000]), source.random() if clustering else 0.5, 0
        begins.append([])
        kept.append([])
        while at < source.choice([300_000, 2_000_000]):
            begins[-1].append(at)
            kept[-1].append(source.random() < chance)
            at += int(source.expovariate(1 / length)) + 1
        sizes.append(at)
    truth = sum(map(len, begins)), sum(map(sum, kept))
    held, n = [0, 0], 300
    for seed in range(n):
        (probe,) = probing.draw(shards(sizes), 96, seed, formats.FORMATS)
        rows = [[0, 0] for _ in probe.shards]
        for row, shard in zip(rows, probe.shards, strict=True):
            for split in shard.splits:
                file = int(split.name.partition(".")[0])
                first, last = (bisect.bisect_left(begins[file], at) for at in (split.start, split.end))
                row[0] += last - first
                row[1] += sum(kept[file][first:last])
        for k in range(2):
            found = forecast.estimated(np.array(rows, float)[:, k], [probe], is_by_shard=True, is_count=True)
            held[k] += found.low <= truth[k] <= found.high
    assert min(held) >= 0.92 * n, held


def test_nothing_seen_is_not_nothing_there():
    (probe,) = probing.draw(shards([50 << 20]), 64, 0, formats.FORMATS)
    found = forecast.estimated(np.zeros(len(probe.shards)), [probe], is_by_shard=True, is_count=True)
    assert found.value == found.low == 0 and found.high > 10


def test_all_of_a_small_input_is_read_and_the_numbers_are_exact(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["one two three"] * 7 + ["one"] * 3)
    found = forecast.probe(
        prepare(write_recipe([{"filters.gopher.quality": {"min_words": 2, "min_stop_words": None}}]))
    )
    (phase,) = found.phases
    assert found.tried_documents == 10 and phase.documents == forecast.Estimate(10, 10, 10)
    assert phase.kept == forecast.Estimate(7, 7, 7)


def test_what_is_exact_is_called_so_and_nothing_kept_is_0(write_recipe, write_jsonl, capsys):
    from curate.cli.pipelines import plan

    write_jsonl("a.jsonl", ["one two three"] * 7)
    plan(write_recipe([{"filters.gopher.quality": {"min_words": 50}}, "dedup.exact"]), probe=True)
    shown = capsys.readouterr()
    assert "documents and sizes are exact" in shown.out and "forecast for" not in shown.out and "95 %" not in shown.out
    counts = [line.split()[1:3] for line in shown.out.rpartition("core time")[2].splitlines()[1:-2]]
    assert counts[0] == ["7", "0"] and counts[-1] == ["0", "0"]
    assert "probe: reading 0.0 of 0.0 MiB" in shown.err and "probe: phase 1 of" in shown.err


def test_a_few_documents_are_not_scaled_to_many(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", [f"{k} " * 50_000 for k in range(60)])
    planned = prepare(write_recipe([]))
    with pytest.raises(InputError, match=r"found \d+ documents, too few to forecast(.|\n)*--limit 1000"):
        forecast.probe(planned, 0, (16,))
    assert forecast.probe(planned, 0, (16, 10_000)).phases[0].documents == forecast.Estimate(60, 60, 60)


def test_after_a_global_stage_there_is_no_lower_end(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", [f"{k} " * 300 for k in range(9000)])
    found = forecast.probe(prepare(write_recipe(["dedup.exact"])))
    last = found.phases[-1]
    assert found.tried_documents < 9000 and last.kept.low is None and last.kept.high > 9000 * 0.5
    assert found.phases[0].documents.low <= 9000 <= found.phases[0].documents.high


def test_cells_of_parquet_are_its_row_groups(write_recipe, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = [random.Random(k).randbytes(200).hex() for k in range(20_000)]
    pq.write_table(pa.table({"text": texts}), tmp_path / "a.parquet", row_group_size=500)
    planned = prepare(write_recipe([], inputs={"sources.parquet": {"paths": ["a.parquet"]}}))
    (probe,) = probing.draw(planned.shards, 16, 3, formats.FORMATS)
    assert 0 < probe.read_bytes < probe.all_bytes and sum(len(shard.splits) for shard in probe.shards) == 16
    found = forecast.probe(planned, 3, (16,))
    assert found.tried_documents == 16 * 500
    assert found.phases[0].documents.low <= 20_000 <= found.phases[0].documents.high
