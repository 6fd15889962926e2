"""`keep_top` and `top_per` keep what a sort in plain Python keeps, whatever the shards, the order and the ties."""

from __future__ import annotations

import itertools
import json
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import Batch
from curate.errors import SpecError
from curate.stages.quality.keep_top import keep_top
from curate.stages.quality.top_per import top_per

SCORE = st.sampled_from([None, 0.0, 0.25, 0.5, 1.0]) | st.floats(0, 1, width=32)
DOCS = st.lists(st.tuples(SCORE, SCORE, st.sampled_from([None, "en", "zh", "zh-Hant", "zho", ""])), max_size=14)


class ReduceContext:
    """Keeps what a reduction tells."""

    def __init__(self):
        self.metrics: list[dict] = []

    def report(self, metrics) -> None:
        self.metrics.append(dict(metrics))


def documents(docs) -> Batch:
    columns = {"id": [f"d{i}" for i in range(len(docs))], "text": [""] * len(docs)}
    columns |= {name: pa.array([d[k] for d in docs], pa.float32()) for k, name in enumerate("ab")}
    return Batch.from_columns({**columns, "language": pa.array([d[2] for d in docs], pa.string())})


def decide(barrier, batch: Batch, n_shards: int) -> dict[str, str | None]:
    """Run emit, reduce and apply by hand over shards cut from a batch; return id -> reason."""
    bounds = [len(batch) * k // n_shards for k in range(n_shards + 1)]
    shards = [batch.slice(a, b - a) for a, b in itertools.pairwise(bounds)]
    emitted = []
    for number, shard in enumerate(shards):
        rows = barrier.emit(shard).rows
        place = {"shard": np.full(len(shard), number, np.uint32), "row": np.arange(len(shard), dtype=np.uint32)}
        arrays = [*rows.columns, *map(pa.array, place.values())]
        emitted.append(pa.RecordBatch.from_arrays(arrays, names=[*rows.schema.names, *place]))
    results = emitted
    for reduction in barrier.reductions(n_shards):
        before, results = results, []
        for task in range(reduction.n_parts):
            mine = [rows.filter(pa.array(reduction.partition(rows) == task)) for rows in before]
            results += list(reduction.reduce(mine, ReduceContext()))
    table = pa.Table.from_batches(results).sort_by([("shard", "ascending"), ("row", "ascending")]).combine_chunks()
    found = {}
    for number, shard in enumerate(shards):
        own = table.filter(pa.array(table["shard"].to_numpy() == number)).combine_chunks()
        rows = own.to_batches()[0] if len(own) else results[0].slice(0, 0)
        verdicts = barrier.apply(shard, rows)
        reasons = [None if code < 0 else verdicts.reasons[code] for code in verdicts.code]
        found.update(zip(shard["id"].to_pylist(), reasons, strict=True))
    return found


def percentile(value: float, values: list[float]) -> float:
    less, equal = sum(v < value for v in values), sum(v == value for v in values)
    return (less + (equal - 1) / 2) / max(len(values) - 1, 1)


def language(doc) -> tuple[bool, str | None]:
    """The language, without its script."""
    return doc[2] is None, {"zh-Hant": "zh", "zho": "zh"}.get(doc[2], doc[2])


def compared(docs, by: str) -> list:
    """The documents with percentiles within their language in place of scores."""
    columns = ["ab".index(name) for name in by]
    found = []
    for doc in docs:
        if all(doc[k] is not None for k in columns):
            same = [o for o in docs if language(o) == language(doc) and all(o[k] is not None for k in columns)]
            scores = {k: [float(np.float32(other[k])) for other in same] for k in columns}
            doc = [percentile(float(np.float32(doc[k])), scores[k]) if k in columns else None for k in (0, 1)] + [
                *doc[2:]
            ]
        found.append(doc)
    return found


def expected(docs, by: str, keep, group=lambda d: None) -> dict[str, str | None]:
    """The same in plain Python: `keep` of n is how many stay."""
    columns = ["ab".index(name) for name in by]
    found: dict[str, str | None] = {}
    groups: dict = {}
    for i, doc in enumerate(docs):
        if any(doc[k] is None for k in columns):
            found[f"d{i}"] = "no_score"
        else:
            groups.setdefault(group(doc), []).append((f"d{i}", [float(doc[k]) for k in columns]))
    for members in groups.values():
        ranks = {}
        for name, scores in members:
            each = [percentile(scores[k], [other[k] for _, other in members]) for k in range(len(columns))]
            ranks[name] = np.mean(each)
        order = sorted(ranks, key=lambda name: (-ranks[name], xxhash.xxh3_64_intdigest(name)))
        found |= {name: None if k < keep(len(order)) else "not_in_top" for k, name in enumerate(order)}
    return found


@given(DOCS, st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.sampled_from(["a", "ab"]), st.integers(1, 4))
def test_the_top_is_what_a_sort_keeps(docs, share, by, n_shards):
    found = decide(keep_top(share=share, by=list(by)), documents(docs), n_shards)
    assert found == expected(docs, by, lambda n: math.ceil(Fraction(str(share)) * n), group=language)


@given(DOCS, st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.integers(1, 4))
def test_without_languages_there_is_one_ranking(docs, share, n_shards):
    found = decide(keep_top(share=share, by=["a"]), documents(docs).without("language"), n_shards)
    assert found == expected(docs, "a", lambda n: math.ceil(Fraction(str(share)) * n))


@given(DOCS, st.sampled_from(["keep_top", "top_per"]), st.integers(1, 4))
def test_documents_in_a_language_that_a_model_does_not_know_are_kept(docs, stage, n_shards):
    made = keep_top(share=0.5, by=["a"]) if stage == "keep_top" else top_per(column="source", by=["a"], share=0.5)
    made.languages = {"a": ["en"]}
    batch = documents(docs).with_columns({"source": ["s"] * len(docs)})
    if stage == "keep_top":
        reasons = expected(docs, "a", lambda n: math.ceil(n / 2), group=language)
    else:
        reasons = expected(compared(docs, "a"), "a", lambda n: math.ceil(n / 2))
    reasons |= {f"d{i}": None for i, doc in enumerate(docs) if language(doc)[1] == "zh" and doc[0] is None}
    assert decide(made, batch, n_shards) == reasons


@given(DOCS, st.integers(0, 3), st.sampled_from(["a", "ab"]), st.integers(1, 4))
def test_the_top_of_each_group_is_what_a_sort_keeps(docs, count, by, n_shards):
    batch = documents(docs).with_columns({"source": [str(i % 2) for i in range(len(docs))]})
    in_groups = [(*doc, i % 2) for i, doc in enumerate(compared(docs, by))]
    found = decide(top_per(column="source", by=list(by), count=count), batch, n_shards)
    assert found == expected(in_groups, by, lambda n: count, group=lambda doc: doc[-1])
    in_groups = [(*doc, i % 2) for i, doc in enumerate(docs)]
    found = decide(top_per(column="source", by=list(by), count=count), batch.without("language"), n_shards)
    assert found == expected(in_groups, by, lambda n: count, group=lambda doc: doc[-1])


@given(st.lists(st.tuples(SCORE, SCORE, st.just("en")), max_size=14), st.integers(0, 3), st.integers(1, 4))
def test_one_language_is_ranked_as_without_languages(docs, count, n_shards):
    batch = documents(docs).with_columns({"source": [str(i % 2) for i in range(len(docs))]})
    stage = top_per(column="source", by=["a", "b"], count=count)
    assert decide(stage, batch, n_shards) == decide(stage, batch.without("language"), n_shards)


def test_a_count_is_a_cap_whatever_the_languages():
    # English scores are high, Chinese ones low; the best of each are kept, two in all.
    docs = [(0.9, 0, "en"), (0.8, 0, "en"), (0.7, 0, "en"), (0.2, 0, "zh"), (0.1, 0, "zh-Hant"), (0.05, 0, "zh")]
    batch = documents(docs).with_columns({"domain": ["a.example"] * len(docs)})
    found = decide(top_per(column="domain", by=["a"], count=2), batch, 2)
    assert [name for name, reason in found.items() if reason is None] == ["d0", "d3"]


AGES = [None, "2023-05-05", "2024-01-01", "2024-01-01T00:00:00.000001Z"]
DATES = st.sampled_from([*AGES, "no date"])


def _known(date: str | None) -> str | None:
    return None if date == "no date" else date


@given(st.lists(st.tuples(DATES, st.sampled_from(["x", "y", None])), max_size=14), st.integers(0, 3), st.integers(1, 4))
def test_without_scores_the_newest_or_those_of_the_smallest_hash_are_kept(docs, count, n_shards):
    columns = {"date": [date for date, _ in docs], "domain": [group for _, group in docs]}
    batch = Batch.from_columns(
        {
            "id": [f"d{i}" for i in range(len(docs))],
            "text": [""] * len(docs),
            **{name: pa.array(values, pa.string()) for name, values in columns.items()},
            "language": ["en" if i % 2 else "zh" for i in range(len(docs))],  # languages are not ranked by themselves
        }
    )
    for by in (None, "date"):
        expected = {}
        for group in {group for _, group in docs}:
            members = [i for i, doc in enumerate(docs) if doc[1] == group]
            age = {i: -AGES.index(_known(docs[i][0])) if by else 0 for i in members}
            order = sorted(members, key=lambda i: (age[i], xxhash.xxh3_64_intdigest(f"d{i}")))
            expected |= {f"d{i}": None if at < count else "not_in_top" for at, i in enumerate(order)}
        assert decide(top_per(column="domain", by=by, count=count), batch, n_shards) == expected


@pytest.mark.parametrize(
    ("n", "share", "kept"), [(0, 0.5, 0), (1, 0.5, 1), (1, 0.0, 0), (30, 0.1, 3), (7, 1.0, 7), (3, 0.5, 2)]
)
def test_a_share_is_rounded_up_to_whole_documents(n, share, kept):
    found = decide(keep_top(share=share, by=["a"]), documents([(0.5, 0.5, "en")] * n), 1)
    assert sum(reason is None for reason in found.values()) == kept


def test_equal_scores_do_not_depend_on_the_order_of_the_input():
    docs = documents([(0.5, 0.5, "en")] * 20)
    backwards = Batch(docs.rows.take(pa.array(range(19, -1, -1))))
    one, other = (decide(keep_top(share=0.4, by=["a"]), batch, 3) for batch in (docs, backwards))
    assert one == other and sum(reason is None for reason in one.values()) == 8


@pytest.mark.parametrize(
    "make",
    [
        lambda: keep_top(share=0.5, by=[]),
        lambda: top_per(column="source", by=["a"]),
        lambda: top_per(column="source", by=["a"], share=0.5, count=3),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(SpecError):
        make()


# ------------------------------------------------------------------ whole runs


def test_a_run_keeps_at_most_so_many_documents_of_a_domain(tmp_path, write_recipe, write_jsonl):
    urls = [f"https://{host}/{i}" for i in range(4) for host in ("www.a.example", "m.a.example", "b.co.uk")]
    write_jsonl("0.jsonl", [{"id": f"d{i}", "text": f"page {i}", "url": url} for i, url in enumerate(urls)])
    stages = ["text.domain", {"quality.top_per": {"column": "domain", "count": 3}}]
    inputs = {"sources.jsonl": {"paths": str(tmp_path / "in" / "*.jsonl"), "fields": {"url": "url"}}}
    url = curate.run(write_recipe(stages, inputs=inputs), output=str(tmp_path / "run"), workers=1)
    kept = [row for path in Path(url, "data").glob("*.parquet") for row in pq.read_table(path).to_pylist()]
    assert sorted(row["domain"] for row in kept) == ["a.example"] * 3 + ["b.co.uk"] * 3


def test_a_run_scores_draws_a_line_and_keeps_the_better_half(tmp_path, write_recipe, write_jsonl, linear_file):
    texts = [f"the harbour was quiet on morning {i} and {'buy pills now ' * (i % 7)}" for i in range(40)]
    for k in range(2):
        write_jsonl(f"{k}.jsonl", [{"id": f"{k}-{i}", "text": t, "source": "ab"[i % 2]} for i, t in enumerate(texts)])
    write_jsonl("2.jsonl", [{"id": "blank", "text": " "}])
    model = str(linear_file)
    stages = [
        {"safety.classifier": {"model": model, "score": "toxic_score", "chunk": 40}},
        {"quality.classifier": {"model": model, "score": "not_ad_score", "label": "not_bad"}},
        {"quality.threshold": {"score": "toxic_score", "max": 0.99}},
        {"quality.keep_top": {"share": 0.5, "by": ["not_ad_score", "toxic_score"]}},
        {"quality.top_per": {"column": "source", "by": "not_ad_score", "count": 5}},
    ]
    inputs = {
        "sources.jsonl": {
            "paths": str(tmp_path / "in" / "*.jsonl"),
            "shard_mib": 0.004,
            "fields": {"id": "id", "source": "source"},
        }
    }
    recipe = write_recipe(stages, inputs=inputs)
    outputs = []
    for workers in (1, 2):
        url = curate.run(recipe, output=str(tmp_path / f"run{workers}"), workers=workers, fresh=True)
        files = sorted(Path(url, "data").glob("*.parquet"))
        outputs.append([path.read_bytes() for path in files])
    assert outputs[0] == outputs[1]
    kept = [row for path in files for row in pq.read_table(path).to_pylist()]
    assert len(kept) == 10 and all(0 <= row["toxic_score"] <= 1 for row in kept)
    ledger = {s["name"]: s for s in json.loads(Path(url, "ledger.json").read_text())["stages"]}
    assert ledger["quality.threshold"]["dropped"]["no_score"] == 1
    assert ledger["safety.classifier"]["counts"]["no_score_blank"] == 1
    n = ledger["quality.threshold"]["out"]
    assert ledger["quality.keep_top"]["dropped"] == {"not_in_top": n - -(-n // 2)}


def test_a_score_that_nothing_makes_is_refused_by_the_plan(write_recipe, write_jsonl, tmp_path, linear_file):
    from curate.engine.planning import prepare

    write_jsonl("0.jsonl", ["a"])
    scored = {"safety.classifier": {"model": str(linear_file), "score": "toxic_score"}}
    for stage in (
        {"quality.threshold": {"score": "toxic_scroe", "max": 0.5}},
        {"quality.keep_top": {"share": 0.5, "by": ["toxic_scroe"]}},
    ):
        with pytest.raises(SpecError, match=r"(?s)test\.yaml.*toxic_scroe"):
            prepare(write_recipe([scored, stage]))
    with pytest.raises(SpecError, match="cannot be the name of a score"):
        prepare(write_recipe([{"safety.classifier": {"model": str(linear_file), "score": "text"}}]))
    with pytest.raises(SpecError, match=r"test\.yaml.*\n.*no model toxicitee"):
        prepare(write_recipe([{"safety.classifier": {"model": "toxicitee", "score": "toxic_score"}}]))
