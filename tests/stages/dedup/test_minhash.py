"""Near-duplicates in real runs: against the slow twin, against themselves cut otherwise, and against an index."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import curate
from curate.errors import InputError, RunError, SpecError
from curate.kernels import shingles
from curate.report import fate
from curate.stages.dedup.minhash import lean_minhashes
from tests.reference import near_duplicates as slow
from tests.reference import shingles as slow_shingles

SMALL = {"ngram": 2, "permutations": 32, "threshold": 0.5}
TOKENIZERS = {"words": shingles.WORDS, "characters": shingles.CHARACTERS, "code": shingles.CODE}
NEVER = {"removal_cap": None}


class Deduplicated:
    """A finished run of one `dedup.minhash`."""

    def __init__(self, url: str):
        self.url = url

    @property
    def kept(self) -> list[dict]:
        return [
            row for path in sorted(Path(self.url, "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()
        ]

    @property
    def kept_for(self) -> dict[str, str]:
        return {row["id"]: row["kept_id"] for row in self.table("clusters").to_pylist() if not row["is_kept"]}

    @property
    def rejects(self) -> list[dict]:
        paths = sorted(Path(self.url, "rejects").glob("*.parquet"))
        return [row for path in paths for row in pq.read_table(path).to_pylist()]

    def table(self, name: str) -> pa.Table:
        return pq.read_table(Path(self.url, "dedup", f"{name}.parquet"))

    def bytes(self, name: str) -> bytes:
        return Path(self.url, "dedup", f"{name}.parquet").read_bytes()

    @property
    def manifest(self) -> dict:
        return json.loads(Path(self.url, "manifest.json").read_text())


def dedup(folder: Path, shards: list[list[dict]], name: str = "test", workers: int = 1, **params) -> Deduplicated:
    """Run `dedup.minhash` alone over documents, one file and shard for each list."""
    inputs = folder / f"in-{name}"
    inputs.mkdir(parents=True, exist_ok=True)
    for i, docs in enumerate(shards):
        lines = "".join(json.dumps(doc) + "\n" for doc in docs)
        (inputs / f"{i:03d}.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 1, mtime=0))
    extra = {"score": "float"} if any("score" in doc for docs in shards for doc in docs) else {}
    fields = {"id": "id"} | ({"source": "source"} if any("source" in doc for docs in shards for doc in docs) else {})
    source = {"paths": [str(inputs / "*.jsonl.gz")], "shard_mib": 1e-6, "fields": fields, "extra": extra}
    recipe = {"name": name, "inputs": {"sources.jsonl": source}, "stages": [{"dedup.minhash": {**NEVER, **params}}]}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return Deduplicated(curate.run(str(path), output=str(folder / f"run-{name}"), workers=workers))


def docs_of(texts: list[str], **columns) -> list[dict]:
    docs = [{"id": f"d{i:04d}", "text": text} for i, text in enumerate(texts)]
    for name, values in columns.items():
        for doc, value in zip(docs, values, strict=True):
            doc[name] = value
    return docs


def cut(docs: list[dict], n: int) -> list[list[dict]]:
    """Return the documents in order as n shards."""
    return [docs[len(docs) * i // n : len(docs) * (i + 1) // n] for i in range(n)]


def edited(chance: random.Random, words: list[str], n_edits: int) -> list[str]:
    """Return the words with some replaced."""
    words = list(words)
    for _ in range(n_edits):
        words[chance.randrange(len(words))] = f"edit{chance.randrange(1000)}"
    return words


def corpus(n: int, seed: int = 1) -> list[dict]:
    """Documents of 60 words: families of copies with edits, in random order, with dates, scores and sources."""
    chance = random.Random(seed)
    texts = []
    while len(texts) < n:
        base = [f"w{chance.randrange(500)}" for _ in range(60)]
        texts += [
            " ".join(edited(chance, base, chance.choice([0, 0, 1, 2, 5, 12]))) for _ in range(chance.randrange(1, 6))
        ]
    texts = texts[:n]
    chance.shuffle(texts)
    return docs_of(
        texts,
        date=[f"20{chance.randrange(10, 25)}-0{chance.randrange(1, 10)}-11T00:00:00Z" for _ in range(n)],
        score=[chance.choice([None, 0.5, -1.0, chance.random()]) for _ in range(n)],
        source=[chance.choice(["a", "b"]) for _ in range(n)],
    )


# ---------------------------------------------------------------------- what it decides

WORD = st.sampled_from(["sea", "Wind", "wind", "rope", "Seil", "風", "浪", "a", "naïve", "x_1"])
TEXTS = st.lists(
    st.one_of(
        st.lists(WORD, max_size=10).map(" ".join),
        st.sampled_from(
            ["the sea and the wind and the rope", "The sea, and the wind; and the rope!", "the sea and the wind"]
        ),
    ),
    max_size=7,
)
NUMBERS = st.lists(st.sampled_from([None, 1.0, 2.0, -3.5]), min_size=7, max_size=7)


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(
    TEXTS, NUMBERS, st.lists(st.sampled_from("ab"), min_size=7, max_size=7), st.integers(1, 3),
    st.sampled_from(["signature", "jaccard", "none"]), st.sampled_from(["first", "longest", "newest", "best"]),
    st.sampled_from(list(TOKENIZERS)), st.booleans(),
)  # fmt: skip
def test_who_leaves_for_whom_is_what_the_slow_twin_says(
    tmp_path_factory, texts, numbers, sources, n_shards, verify, keep, tokenizer, is_global
):
    n = len(texts)
    numbers, sources = numbers[:n], sources[:n]
    dates = [None if x is None else f"20{10 + int(x * 2):02d}-01-01" for x in numbers]
    docs = docs_of(texts, score=numbers, source=sources, date=dates)
    rank = {
        "first": [0] * n,
        "longest": [len(text.encode()) for text in texts],
        "newest": [-1 if date is None else int(date[:4]) for date in dates],
        "best": [float("-inf") if x is None else x for x in numbers],
    }[keep]
    expected = slow.decide(
        texts, [(-rank[i], i) for i in range(n)], [0] * n if is_global else sources,
        ngram=2, tokenizer=TOKENIZERS[tokenizer], permutations=32, bands=8, rows=4, threshold=0.5, verify=verify,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("twin")
    run = dedup(
        folder, cut(docs, n_shards) if n else [[]], **SMALL, bands=8, rows=4, verify=verify, tokenizer=tokenizer,
        keep={"best": "score"} if keep == "best" else keep, scope="global" if is_global else {"per": "source"},
    )  # fmt: skip
    assert run.kept_for == {f"d{i:04d}": f"d{j:04d}" for i, j in expected.items()}
    assert [row["id"] for row in run.kept] == [doc["id"] for i, doc in enumerate(docs) if i not in expected]
    assert {row["id"] for row in run.rejects} == {f"d{i:04d}" for i in expected}


def test_the_number_of_tasks_and_workers_changes_no_byte_of_the_result(tmp_path):
    docs = corpus(300)
    runs = [dedup(tmp_path, cut(docs, n), f"cut{n}", workers) for n, workers in ((1, 1), (2, 2), (7, 2))]
    assert len(runs[0].kept_for) > 50
    for run in runs[1:]:
        assert run.kept == runs[0].kept
        assert run.bytes("edges") == runs[0].bytes("edges")
        assert run.bytes("clusters") == runs[0].bytes("clusters")
        assert run.manifest["told"] == runs[0].manifest["told"]


def test_every_dropped_document_is_alike_to_the_one_it_was_dropped_for(tmp_path):
    run = dedup(tmp_path, cut(corpus(400, seed=2), 3), verify="jaccard")
    lost = {row["id"]: row for row in run.rejects}
    assert len(lost) > 50 and all(row["reason"] == "near_duplicate" for row in lost.values())
    assert all(row["value"] >= 0.7 - 1e-6 for row in lost.values())
    reasons = [edge for edge in run.table("edges").to_pylist() if edge["is_reason"]]
    assert {edge["id"]: edge["kept_first_id"] for edge in reasons} == run.kept_for
    for row in run.kept:
        assert row["near_duplicates"] == 1 + sum(kept == row["id"] for kept in run.kept_for.values())


def test_a_chain_of_edits_does_not_delete_its_far_end(tmp_path):
    words = [f"w{i}" for i in range(200)]
    chain = [" ".join([f"new{i}" for i in range(k)] + words[k:]) for k in range(0, 200, 10)]
    run = dedup(tmp_path, [docs_of(chain)], keep="first", threshold=0.8)
    kept = [int(row["id"][1:]) for row in run.kept]
    assert kept[0] == 0 and 3 < len(kept) < 20
    for lost, stays in run.kept_for.items():
        assert abs(int(lost[1:]) - int(stays[1:])) <= 3


def test_a_dropped_copy_in_between_still_leads_to_the_one_that_was_kept(tmp_path):
    texts = ["a b c d e f g h i j", "a b c d e f g h i j", "A b c d e f g h i j!"]
    run = dedup(tmp_path, [docs_of(texts, date=["2020-01-01", "2024-01-01", "2022-01-01"])])
    assert run.kept_for == {"d0000": "d0001", "d0002": "d0001"}
    assert {row["why_kept"] for row in run.table("clusters").to_pylist()} == {"newest", None}


def test_marking_drops_nobody(tmp_path):
    docs = corpus(100)
    run = dedup(tmp_path, cut(docs, 2), keep="none")
    assert len(run.kept) == 100 and max(row["near_duplicates"] for row in run.kept) > 1
    lost = run.kept_for
    assert all((row["near_duplicates"] > 1) == (row["id"] in lost or row["id"] in lost.values()) for row in run.kept)


def test_a_bucket_of_many_copies_is_linear_and_keeps_one(tmp_path):
    run = dedup(tmp_path, cut(docs_of(["the same page in every respect of it"] * 20_000), 2), keep="first")
    assert [row["id"] for row in run.kept] == ["d0000"]
    assert run.kept[0]["near_duplicates"] == 20_000
    assert run.table("edges").num_rows == 19_999


@pytest.mark.slow
def test_a_million_copies_in_one_bucket(tmp_path):
    table = pa.table({"text": pa.array(["one and the same page, again and again"] * 1_000_000)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=250_000)
    recipe = tmp_path / "million.yaml"
    stages = [{"dedup.minhash": {"keep": "first", "removal_cap": None}}]
    inputs = {"sources.parquet": {"paths": [str(tmp_path / "a.parquet")], "shard_mib": 0.01}}
    recipe.write_text(yaml.safe_dump({"name": "million", "inputs": inputs, "stages": stages, "rejects": "none"}))
    run = Deduplicated(curate.run(str(recipe), output=str(tmp_path / "run"), workers=2))
    assert len(run.kept) == 1 and run.kept[0]["near_duplicates"] == 1_000_000


@pytest.mark.parametrize("texts", [[], ["", " ", "\n"], ["word"], ["word", "word", "Word."], ["!?", "!?"]])
def test_texts_of_no_or_few_words(tmp_path, texts):
    run = dedup(tmp_path, [docs_of(texts)], keep="first")
    n_words = sum("word" in text.lower() for text in texts)
    assert len(run.kept) == len(texts) - max(0, n_words - 1)


def test_a_document_of_many_megabytes(tmp_path):
    chance = random.Random(1)
    text = " ".join(f"w{chance.randrange(10**6)}" for _ in range(2_000_000))
    run = dedup(tmp_path, [docs_of([text, "short", text + " and a bit more"])], keep="longest")
    assert run.kept_for == {"d0000": "d0002"}


def test_a_shard_without_documents_is_no_obstacle(tmp_path):
    run = dedup(tmp_path, [[], docs_of(["a b c d e f g", "a b c d e f g"]), []], keep="first")
    assert run.kept_for == {"d0001": "d0000"}


# ---------------------------------------------------------------------- reference data and the index


def test_what_is_in_the_reference_leaves_and_the_reference_stays_as_it_is(tmp_path):
    docs = corpus(60)
    pq.write_table(pa.table({"id": ["r0", "r1"], "text": [docs[3]["text"], docs[7]["text"]]}), tmp_path / "ref.parquet")
    run = dedup(tmp_path, cut(docs, 2), reference=[str(tmp_path / "ref.parquet")])
    assert {run.kept_for["d0003"], run.kept_for["d0007"]} <= {"ref.parquet/0", "ref.parquet/1"}
    told = run.manifest["told"]["dedup.minhash"]
    assert (told["documents"], told["reference_documents"]) == (60, 2)
    why = {row["id"]: row["why_kept"] for row in run.table("clusters").to_pylist() if row["is_kept"]}
    assert why["ref.parquet/0"] == "it is in the reference data"
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
    assert not any(lost == kept for lost, kept in again.kept_for.items())


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


def test_what_an_index_remembers_of_the_same_documents_shields_no_copy(tmp_path):
    docs = corpus(150, seed=8)
    index = str(tmp_path / "index")
    options = {"keep": "first", "index": index, "reference": [index]}
    alone = dedup(tmp_path, [docs], "alone", keep="first")
    dedup(tmp_path, [docs[:100]], "one", **options)
    assert dedup(tmp_path, [docs[:100]], "renamed", **options).kept_for.items() <= alone.kept_for.items()
    assert dedup(tmp_path, [docs], "grown", **options).kept_for == alone.kept_for


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


def test_documents_of_one_shingle_are_copies_only_of_the_same(tmp_path):
    table = pa.table({"text": [f"t{i} x" for i in range(200_000)]})
    pq.write_table(table, tmp_path / "a.parquet")
    inputs = {"sources.parquet": {"paths": [str(tmp_path / "a.parquet")]}}
    recipe = {"name": "tiny", "inputs": inputs, "stages": [{"dedup.minhash": {"keep": "first"}}], "rejects": "none"}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    run = Deduplicated(curate.run(str(tmp_path / "tiny.yaml"), output=str(tmp_path / "run"), workers=1))
    assert run.kept_for == {}


def test_changing_the_cap_asks_and_compares_nothing_again(tmp_path):
    docs = [corpus(50)]
    run = dedup(tmp_path, docs, removal_cap=0.9)
    phases = sorted(path.name for path in Path(run.url, "phases").iterdir())
    dedup(tmp_path, docs, removal_cap=0.8)
    new = {path.name for path in Path(run.url, "phases").iterdir()} - set(phases)
    assert sorted(name[:2] for name in new) == ["06", "07"]


def test_the_signatures_of_an_index_are_those_of_datasketch(tmp_path):
    from datasketch import MinHash

    docs = corpus(20)
    index = str(tmp_path / "index")
    dedup(tmp_path, cut(docs, 2), "one", index=index, seed=7)
    found = dict(lean_minhashes(index))
    assert sorted(found) == [doc["id"] for doc in docs]
    for doc in docs:
        oracle = MinHash(128, seed=7, hashfunc=lambda value: value & 0xFFFFFFFF)
        oracle.update_batch(slow_shingles.shingle_hashes(doc["text"], TOKENIZERS["words"], 5))
        assert (oracle.hashvalues == found[doc["id"]].hashvalues).all()
    with pytest.raises(InputError, match="is no index"):
        next(lean_minhashes(str(tmp_path)))


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


def test_a_truncated_file_of_notes_is_made_anew_alone(tmp_path):
    docs = corpus(90)
    run = dedup(tmp_path, cut(docs, 3))
    before = run.bytes("clusters")
    (notes,) = Path(run.url).glob("phases/01-*/notes/00001.arrow")
    records = {path.name: path.stat().st_mtime_ns for path in notes.parents[1].glob("done/*.json")}
    notes.write_bytes(notes.read_bytes()[:-100])
    again = dedup(tmp_path, cut(docs, 3))
    redone = {p.name for p in notes.parents[1].glob("done/*.json") if p.stat().st_mtime_ns != records[p.name]}
    assert redone == {"00001.json"} and again.bytes("clusters") == before


# ---------------------------------------------------------------------- rails


def test_a_source_that_loses_too_much_is_warned_about_or_stops_the_run(tmp_path):
    docs = docs_of(["page of the same template with the same words"] * 200, source=["shop"] * 200)
    warned = dedup(tmp_path, [docs], "warn", removal_cap=0.9)
    assert warned.manifest["warnings"] == [
        "dedup.minhash: shop: 199 of 200 documents (99.5%) are near-duplicates, more than removal_cap 0.9"
    ]
    with pytest.raises(RunError, match=r"shop: 199 of 200(.|\n)*200 copies of d0000"):
        dedup(tmp_path, [docs], "stop", removal_cap=0.9, over_cap="stop")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"threshold": 0}, "threshold: expected 0.01 to 1"),
        ({"bands": 4}, "bands and rows come together"),
        ({"bands": 64, "rows": 4}, "need 256 permutations, there are 128"),
        ({"keep": {"worst": "score"}}, "best: <column>"),
        ({"keep": {"best": "fluency"}}, "needs the column `fluency`"),
        ({"scope": {"per": "crawl"}}, "needs the column `crawl`"),
        ({"reference": ["nowhere.parquet"]}, "nowhere.parquet: no such file"),
        ({"ngram": 0}, "ngram: expected 1 to 64"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_before_anything_runs(tmp_path, params, message):
    with pytest.raises((SpecError, InputError), match=message):
        dedup(tmp_path, [corpus(5)], **params)
    assert not list(tmp_path.glob("run-test/phases/*/done/*"))
