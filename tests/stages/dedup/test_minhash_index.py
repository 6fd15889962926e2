"""Near-duplicates of what other data holds: reference datasets, and an index from run to run."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.engine.planning import prepare
from curate.errors import InputError, RunError, SpecError
from curate.kernels import shingles
from curate.report import fate
from curate.stages.dedup.minhash import lean_minhashes
from tests.reference import shingles as slow_shingles
from tests.stages.dedup.runs import Deduplicated, corpus, cut, dedup


def test_what_is_in_the_reference_leaves_and_the_reference_stays_as_it_is(tmp_path):
    docs = corpus(60)
    pq.write_table(pa.table({"id": ["r0", "r1"], "text": [docs[3]["text"], docs[7]["text"]]}), tmp_path / "ref.parquet")
    run = dedup(tmp_path, cut(docs, 2), reference=[str(tmp_path / "ref.parquet")])
    assert {run.kept_for["d0003"], run.kept_for["d0007"]} <= {"r0", "r1"}
    metrics = run.manifest["metrics"]["dedup.minhash"]
    assert (metrics["documents"], metrics["reference_documents"]) == (60, 2)
    why = {row["id"]: row["why_kept"] for row in run.table("clusters").to_pylist() if row["is_kept"]}
    assert why["r0"] == "it is in the reference data"
    assert fate.find(run.url, "d0003")["kept_copy"]["id"] == run.kept_for["d0003"]


@pytest.mark.parametrize("verify", ["signature", "jaccard", "none"])
def test_first_one_then_the_other_is_as_both_together(tmp_path, verify):
    docs = corpus(240, seed=3)
    first, second = docs[:120], docs[120:]
    index = str(tmp_path / "index")
    together = dedup(tmp_path, cut(docs, 3), "together", verify=verify, keep="first")
    one = dedup(tmp_path, cut(first, 2), "one", verify=verify, keep="first", index=index)
    other = dedup(tmp_path, cut(second, 2), "other", verify=verify, keep="first", index=index, reference=[index])
    assert one.kept_for | other.kept_for == together.kept_for
    assert [row["text"] for row in one.kept + other.kept] == [row["text"] for row in together.kept]


def test_a_third_run_sees_both_and_a_run_never_sees_its_own_entry(tmp_path):
    docs = corpus(180, seed=4)
    index = str(tmp_path / "index")
    parts = [docs[:60], docs[60:120], docs[120:]]
    together = dedup(tmp_path, [docs], "together", keep="first")
    runs = [
        dedup(tmp_path, [part], f"part{i}", keep="first", index=index, reference=[index])
        for i, part in enumerate(parts)
    ]
    again = dedup(tmp_path, [parts[1]], "part1", keep="first", index=index, reference=[index])
    assert {k: v for run in runs for k, v in run.kept_for.items()} == together.kept_for
    assert set(again.kept_for.values()) - {doc["id"] for doc in docs} == set()
    assert again.kept_for and not any(dropped == kept for dropped, kept in again.kept_for.items())


def test_a_part_run_again_after_later_ones_loses_what_it_lost_before(tmp_path):
    """Later parts remember documents that they dropped for this one's: those must not shield its own copies."""
    docs = corpus(240, seed=6)
    shared = docs[:40]
    later = [{**doc, "id": f"later-{doc['id']}"} for doc in docs[:120]]
    index = str(tmp_path / "index")
    options = {"keep": "first", "index": index, "reference": [index]}
    copies = [{**doc, "id": f"copy-{doc['id']}"} for doc in shared]
    before = dedup(tmp_path, [docs[:120] + copies], "one", **options)
    dedup(tmp_path, [later], "two", **options)
    again = dedup(tmp_path, [docs[:120] + copies], "one", **options)
    assert len(before.kept_for) > 40 and set(before.kept_for) == set(again.kept_for)


def months(tmp_path) -> tuple:
    """January has 100 documents; February has the same ones and 50 new ones, with the same ids and file names."""
    docs = corpus(150, seed=8)
    index = str(tmp_path / "index")
    alone = dedup(tmp_path / "alone", [docs], "crawl", keep="first")
    options = {"keep": "first", "index": index, "reference": [index]}
    january = dedup(tmp_path / "january", [docs[:100]], "crawl", **options)
    february = dedup(tmp_path / "february", [docs], "crawl", **options)
    return docs, options, alone, january, february


def test_a_document_that_an_earlier_run_has_seen_is_dropped_whatever_its_id(tmp_path):
    docs, _, alone, january, february = months(tmp_path)
    assert len(january.kept) + len(february.kept) == len(alone.kept)
    assert {row["text"] for row in january.kept + february.kept} == {row["text"] for row in alone.kept}
    assert {doc["id"] for doc in docs[:100]} <= set(february.kept_for)
    assert len(list((tmp_path / "index").glob("*/entry.json"))) == 2


def test_a_run_that_is_repeated_does_not_see_what_it_has_stored(tmp_path):
    docs, options, _, january, february = months(tmp_path)
    before = february.kept_for
    for name, shards in (("january", [docs[:100]]), ("february", [docs])):
        again = dedup(tmp_path / name, shards, "crawl", **options)
        assert again.kept_for.items() >= {"january": january, "february": february}[name].kept_for.items()
    assert again.kept_for == before
    assert len(list((tmp_path / "index").glob("*/entry.json"))) == 2


def test_an_experiment_in_another_folder_leaves_the_entry_of_the_run_alone(tmp_path):
    _, _, _, _, february = months(tmp_path)
    entries = {path: path.read_bytes() for path in (tmp_path / "index").rglob("*") if path.is_file()}
    elsewhere = curate.run(str(tmp_path / "february" / "crawl.yaml"), output=str(tmp_path / "elsewhere"), workers=1)
    assert Deduplicated(elsewhere).kept == []  # another run: it has seen nothing of its own
    copied = shutil.copytree(february.url, tmp_path / "copy")
    curate.run(str(tmp_path / "february" / "crawl.yaml"), output=str(copied), workers=1)
    assert entries.items() <= {p: p.read_bytes() for p in (tmp_path / "index").rglob("*") if p.is_file()}.items()


def test_an_input_that_was_removed_makes_the_others_no_copies_of_themselves(tmp_path):
    docs = corpus(100, seed=8)
    options = {"keep": "first", "index": str(tmp_path / "index"), "reference": [str(tmp_path / "index")]}
    small_files = (tmp_path / "in-crawl", tmp_path / "crawl.yaml", tmp_path / "run-crawl")
    dedup(tmp_path, cut(docs, 2), "crawl", **options)
    recipe = small_files[1].read_text().replace("shard_mib: 1.0e-06", "shard_mib: 64")
    small_files[1].write_text(recipe)
    both = Deduplicated(curate.run(str(small_files[1]), output=str(small_files[2]), workers=1))
    assert len(both.kept) > 20
    (small_files[0] / "001.jsonl.gz").unlink()
    one = Deduplicated(curate.run(str(small_files[1]), output=str(small_files[2]), workers=1))
    assert [row["text"] for row in one.kept] == [row["text"] for row in both.kept if int(row["id"][1:]) < 50]


def test_the_next_delivery_at_the_same_path_is_compared_with_the_last_one_that_was_moved_away(tmp_path):
    docs = corpus(100, seed=8)
    options = {"keep": "first", "index": str(tmp_path / "index"), "reference": [str(tmp_path / "index")]}
    january = {row["text"] for row in dedup(tmp_path, [docs[:60]], "crawl", **options).kept}
    shutil.move(tmp_path / "run-crawl", tmp_path / "january")
    february = {row["text"] for row in dedup(tmp_path, [docs], "crawl", **options).kept}
    alone = {row["text"] for row in dedup(tmp_path / "alone", [docs], "crawl", keep="first").kept}
    assert not january & february and january | february == alone


def test_a_run_folder_that_was_removed_is_made_again_with_the_same_result(tmp_path):
    docs = corpus(60, seed=8)
    options = {"keep": "first", "index": str(tmp_path / "index"), "reference": [str(tmp_path / "index")]}
    before = dedup(tmp_path, [docs], "crawl", **options).kept_for
    shutil.rmtree(tmp_path / "run-crawl")
    assert dedup(tmp_path, [docs], "crawl", **options).kept_for == before


def test_a_run_as_reference_is_checked_against_its_manifest(tmp_path):
    docs = corpus(60, seed=8)
    known = dedup(tmp_path, cut(docs[:40], 2), "known", keep="first")
    texts = {row["text"] for row in known.kept}
    (Path(known.url) / "data" / "mine.parquet").write_text("not a result")
    new = dedup(tmp_path, [docs], "new", keep="first", reference=[known.url])
    assert texts.isdisjoint(row["text"] for row in new.kept)
    (Path(known.url) / "data" / "00001.parquet").unlink()
    with pytest.raises(InputError, match=r"data/00001\.parquet is missing"):
        dedup(tmp_path, [docs], "other", keep="first", reference=[known.url])


@pytest.mark.parametrize("what", ["everything", "the inputs", "the run folder"])
def test_what_was_moved_is_still_the_same_run(tmp_path, what):
    docs = corpus(100, seed=8)
    here, there = tmp_path / "here", tmp_path / "there"
    options = {"keep": "first", "index": str(tmp_path / "index"), "reference": [str(tmp_path / "index")]}
    before = dedup(here, cut(docs, 2), "crawl", **options).kept_for
    there.mkdir()
    moved = {"everything": ["in-crawl", "run-crawl"], "the inputs": ["in-crawl"], "the run folder": ["run-crawl"]}[what]
    for name in moved:
        (here / name).rename(there / name)
    inputs, run = (there if name in moved else here for name in ("in-crawl", "run-crawl"))
    recipe = (here / "crawl.yaml").read_text().replace(str(here / "in-crawl"), str(inputs / "in-crawl"))
    (there / "crawl.yaml").write_text(recipe)
    url = curate.run(str(there / "crawl.yaml"), output=str(run / "run-crawl"), workers=1)
    assert Deduplicated(url).kept_for == before
    assert len(list((tmp_path / "index").glob("*/entry.json"))) == 1


@pytest.mark.parametrize("how", ["another file", "the same file, longer"])
def test_a_run_whose_input_has_grown_does_not_see_what_it_has_stored(tmp_path, how):
    docs = corpus(150, seed=8)
    options = {"keep": "first", "index": str(tmp_path / "index"), "reference": [str(tmp_path / "index")]}
    alone = dedup(tmp_path / "alone", cut(docs, 3), "crawl", keep="first").kept_for
    shards = cut(docs, 3)
    dedup(tmp_path, shards[:2] if how == "another file" else [*shards[:2], shards[2][:20]], "crawl", **options)
    assert dedup(tmp_path, shards, "crawl", **options).kept_for == alone
    assert len(list((tmp_path / "index").glob("*/entry.json"))) == 1


def test_another_recipe_over_the_same_files_sees_them_as_known(tmp_path):
    docs = corpus(60, seed=8)
    index = str(tmp_path / "index")
    dedup(tmp_path, [docs], "one", keep="first", index=index)
    recipe = (tmp_path / "one.yaml").read_text().replace("name: one", "name: two")
    (tmp_path / "two.yaml").write_text(recipe.replace("index:", f"reference: [{index}]\n    index:"))
    url = curate.run(str(tmp_path / "two.yaml"), output=str(tmp_path / "two"), workers=1)
    assert Deduplicated(url).kept == []


def test_only_files_that_an_entry_lists_are_removed_with_it(tmp_path):
    docs = corpus(60, seed=8)
    options = {"keep": "first", "index": str(tmp_path / "index")}
    dedup(tmp_path, cut(docs, 3)[:2], "crawl", **options)
    (former,) = (path.parent for path in (tmp_path / "index").glob("*/entry.json"))
    (former / "mine.arrow").write_text("precious")
    dedup(tmp_path, cut(docs, 3), "crawl", **options)
    assert [path.name for path in former.iterdir()] == ["mine.arrow"]


def test_a_remembered_file_that_is_damaged_before_it_is_stored_is_made_again(tmp_path):
    docs = corpus(60, seed=8)
    options = {"keep": "first", "index": str(tmp_path / "index")}
    dedup(tmp_path, [docs], "crawl", **options)
    (entry,) = (tmp_path / "index").glob("*/00000.arrow")
    right = entry.read_bytes()
    (remembered,) = (tmp_path / "run-crawl" / "phases").glob("*/index/00000.arrow")
    stat, data = remembered.stat(), bytearray(remembered.read_bytes())
    data[len(data) // 2] ^= 16
    remembered.write_bytes(data)
    os.utime(remembered, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    again = dedup(tmp_path, [docs], "crawl", **options)
    assert entry.read_bytes() == right
    assert any("made again" in warning for warning in again.manifest["warnings"])


def test_a_trial_leaves_an_index_alone_and_one_that_cannot_be_made_is_refused(tmp_path):
    index = tmp_path / "index"
    run = dedup(tmp_path, [corpus(60)], "one", index=str(index))
    before = {path: path.read_bytes() for path in index.rglob("*.*") if path.is_file()}
    curate.run(str(tmp_path / "one.yaml"), output=str(tmp_path / "trial"), limit=10)
    assert {path: path.read_bytes() for path in index.rglob("*.*") if path.is_file()} == before
    with pytest.raises(SpecError, match="cannot be an index"):
        dedup(tmp_path, [corpus(60)], "two", index="/proc/nowhere")
    with pytest.raises(SpecError, match="which this run writes"):
        dedup(tmp_path, [corpus(60)], "one", reference=[f"{run.url}/data/*.parquet"])


def test_the_signatures_of_an_index_are_those_of_datasketch(tmp_path):
    from datasketch import MinHash

    docs = corpus(20)
    index = str(tmp_path / "index")
    dedup(tmp_path, cut(docs, 2), "one", index=index, seed=7)
    found = dict(lean_minhashes(index))
    assert sorted(found) == [doc["id"] for doc in docs]
    for doc in docs:
        oracle = MinHash(128, seed=7, hashfunc=lambda value: value & 0xFFFFFFFF)
        oracle.update_batch(slow_shingles.shingle_hashes(doc["text"], shingles.WORDS, 5))
        assert (oracle.hashvalues == found[doc["id"]].hashvalues).all()
    with pytest.raises(InputError, match="not an index"):
        next(lean_minhashes(str(tmp_path)))


def test_a_plan_makes_no_index(tmp_path):
    dedup(tmp_path, [corpus(5)], "one")
    setting = f"dedup.minhash.index={tmp_path / 'index'}"
    prepare(str(tmp_path / "one.yaml"), settings=[setting])
    assert not (tmp_path / "index").exists()


def test_an_index_of_other_settings_is_refused_with_both(tmp_path):
    index = str(tmp_path / "index")
    dedup(tmp_path, [corpus(10)], "one", index=index)
    with pytest.raises(SpecError, match=r"ngram: the index has 5, this run 4(.|\n)*seed: the index has 1, this run 2"):
        dedup(tmp_path, [corpus(10)], "two", reference=[index], ngram=4, seed=2)
    with pytest.raises(SpecError, match="other settings"):
        dedup(tmp_path, [corpus(10)], "three", index=index, ngram=4)


@pytest.mark.parametrize("harm", ["cut", "flip", "remove", "header"])
def test_a_damaged_index_is_named_and_refused(tmp_path, harm):
    index = tmp_path / "index"
    dedup(tmp_path, [corpus(50)], "one", index=str(index))
    (file,) = index.glob("one-*/00000.arrow")
    whole = file.read_bytes()
    if harm == "cut":
        file.write_bytes(whole[: len(whole) // 2])
    elif harm == "flip":
        file.write_bytes(whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:])
    elif harm == "remove":
        file.unlink()
    else:
        (index / "index.json").write_text("{")
    with pytest.raises((InputError, SpecError, RunError), match=r"index\.json|00000\.arrow"):
        dedup(tmp_path, [corpus(50, seed=9)], "two", reference=[str(index)])
