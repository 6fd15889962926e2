"""`--limit`: exactly so many documents, from all over the input, the same ones every time."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import Batch, inputs
from curate.batch import Verdicts
from curate.engine.tasks import trial_reader
from curate.formats import FORMATS
from curate.inputs import InputFile
from curate.plan import trial
from curate.stage import Shard, Split
from tests.engine.test_stage_runners import result


def split(name: str, size: int = 1) -> Split:
    return Split(f"/in/{name}", name, 0, size, size, "s", "1-1")


def source_of(sizes: dict[str, int], batch_docs: int):
    """Return a source of which each split has so many documents, every third of them with a verdict."""

    def read(shard: Shard):
        n_batches = 0
        for part in shard.splits:
            for start in range(0, sizes[part.name], batch_docs):
                ids = [f"{part.name}/{k}" for k in range(start, min(sizes[part.name], start + batch_docs))]
                reasons = ["odd" if int(id.rpartition("/")[2]) % 3 == 0 else None for id in ids]
                yield Batch.from_columns({"id": ids}).judged(Verdicts.of(reasons)).counted({"seen": len(ids)})
                n_batches += 1
        if not n_batches:
            yield Batch.from_columns({"id": pa.array([], pa.string())})

    return read


@given(st.lists(st.integers(0, 30), min_size=1, max_size=70), st.integers(1, 400), st.integers(1, 12))
def test_a_shard_reads_exactly_its_limit_and_from_each_place_as_much(sizes, limit, batch_docs):
    named = {f"{k:02}": n for k, n in enumerate(sizes)}
    shard = Shard(0, 1, tuple(split(name) for name in named), limit=limit)
    batches = list(trial_reader.read(source_of(named, batch_docs), shard))
    ids = [id for batch in batches for id in batch["id"].to_pylist()]
    assert len(ids) == len({*ids}) == min(limit, sum(sizes)) and batches
    for batch in batches:
        if batch.verdicts is not None:
            wanted = [int(id.rpartition("/")[2]) % 3 != 0 for id in batch["id"].to_pylist()]
            assert batch.verdicts.is_kept.tolist() == wanted
    read = Counter(id.partition("/")[0] for id in ids)
    first = list(named.items())[: min(trial.PLACES, limit)]
    if sum(n for _, n in first) >= limit:  # no place has more than another by more than one, unless that one is empty
        assert {*read} <= {name for name, _ in first}
        most = max(read.values(), default=0)
        assert all(read[name] >= min(n, most - 1) for name, n in first)
    for name in read:  # of each split the first documents
        numbers = [int(id.rpartition("/")[2]) for id in ids if id.startswith(f"{name}/")]
        assert numbers == list(range(len(numbers)))


@given(st.lists(st.tuples(st.sampled_from(["warc.gz", "jsonl.gz", "parquet"]), st.integers(0, 80_000_000)), min_size=1, max_size=40),
       st.integers(1, 30_000))  # fmt: skip
def test_the_shards_of_a_trial_have_all_of_the_input_and_share_the_limit(files, limit):
    found = [
        InputFile(f"/in/{k:02}.{ending}", f"{k:02}.{ending}", size, "", "s") for k, (ending, size) in enumerate(files)
    ]
    whole = inputs.cut(found, 8 << 20)
    shards = trial.shards(whole, limit, FORMATS)
    assert len(shards) == min(len(whole), -(-limit // trial.DOCS_PER_SHARD))
    assert [(shard.index, shard.n_shards) for shard in shards] == [(k, len(shards)) for k in range(len(shards))]
    assert (
        sum(shard.limit for shard in shards) == limit
        and max(s.limit for s in shards) - min(s.limit for s in shards) <= 1
    )
    parts = sorted((part.name, part.start, part.end) for shard in shards for part in shard.splits)
    for file in found:
        own = [(start, end) for name, start, end in parts if name == file.name]
        assert own[0][0] == 0 and own[-1][1] == file.size
        assert all(a[1] == b[0] for a, b in pairwise(own))
    assert trial.shards(whole, limit, FORMATS) == shards


@given(st.integers(1, 300), st.integers(1, 32))
def test_the_first_places_are_spread_over_all(n, k):
    first = sorted(trial._spread(n)[:k])
    gaps = [b - a for a, b in zip([-1, *first], [*first, n], strict=True)]
    assert sorted(trial._spread(n)) == list(range(n)) and max(gaps) <= 4 * -(-n // min(k, n)) + 1


@pytest.mark.parametrize("limit", [1, 7, 50, 133, 1000])
def test_a_run_has_exactly_so_many_documents_from_all_over_the_input(write_recipe, write_jsonl, tmp_path, limit):
    for k, n in enumerate((100, 1, 0, 30, 2)):
        write_jsonl(f"{k}.jsonl", [f"{k} {i}" for i in range(n)])
    paths = {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.0001}
    recipe = write_recipe([], inputs={"sources.jsonl": paths})
    urls = [curate.run(recipe, output=str(tmp_path / f"{w}"), workers=w, limit=limit, fresh=True) for w in (1, 2)]
    found = [row["text"] for row in result(urls[0])]
    assert len(found) == len({*found}) == min(limit, 133)
    assert len({text[0] for text in found}) >= min(limit, 3)
    one, two = (json.loads(Path(url, "manifest.json").read_text()) for url in urls)
    assert one["output_digest"] == two["output_digest"] and one["documents"]["in"] == min(limit, 133)


def test_one_large_file_is_read_from_its_beginning_to_its_end(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [f"{i:06} " + "word " * 400 for i in range(6000)])
    recipe = write_recipe([])
    found = [
        int(row["text"][:6]) for row in result(curate.run(recipe, output=str(tmp_path / "run"), workers=1, limit=64))
    ]
    assert len(found) == 64 and found == sorted(found)
    assert all(any(start <= number < start + 400 for number in found) for start in range(0, 6000, 400))


def test_a_trial_reads_no_more_than_it_needs_and_notices_a_changed_file(write_recipe, write_jsonl, tmp_path):
    path = write_jsonl("a.jsonl", ["a", "b", "c"])
    recipe = write_recipe([])
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1, limit=2)
    write_jsonl("a.jsonl", ["x", "y", "zz"])
    curate.run(recipe, output=url, workers=1, limit=2)
    assert [row["text"] for row in result(url)] == ["x", "y"] and path.exists()


# ---------------------------------------------------------------------- small inputs


@pytest.mark.parametrize("group_rows", [100, 400, 1000])
def test_a_parquet_file_has_no_more_shards_than_row_groups(write_recipe, tmp_path, group_rows):
    (tmp_path / "in").mkdir()
    rows = pa.table({"text": [f"{i} " + "word " * (i % 50) for i in range(1000)]})
    pq.write_table(rows, tmp_path / "in" / "a.parquet", row_group_size=group_rows)
    size = (tmp_path / "in" / "a.parquet").stat().st_size
    source = {"paths": [str(tmp_path / "in" / "*.parquet")], "shard_mib": size / 50 / (1 << 20)}
    url = curate.run(write_recipe([], inputs={"sources.parquet": source}), output=str(tmp_path / "run"), workers=1)
    n_shards = json.loads(Path(url, "manifest.json").read_text())["phases"][0]["tasks"]
    n_files = len(list(Path(url, "data").iterdir()))
    assert n_shards == n_files == -(-1000 // group_rows) and len(result(url)) == 1000


def test_what_is_no_parquet_file_is_cut_by_its_bytes(tmp_path):
    (tmp_path / "a.parquet").write_bytes(b"no parquet" * 100)
    file = InputFile(str(tmp_path / "a.parquet"), "a.parquet", 1000, "", "s")
    assert [shard.splits[0].end for shard in inputs.cut([file], 500)] == [500, 1000]


def test_every_input_has_the_same_part_of_a_trial(write_recipe, write_jsonl, tmp_path):
    paths = {k: str(write_jsonl(f"{k}.jsonl", [f"{k} {i}" for i in range(n)])) for k, n in (("a", 300), ("b", 30))}
    inputs = {name: {"sources.jsonl": {"paths": [path]}} for name, path in paths.items()}
    found = result(curate.run(write_recipe([], inputs=inputs), output=str(tmp_path / "run"), workers=1, limit=21))
    assert Counter(row["text"][0] for row in found) == {"a": 11, "b": 10}
