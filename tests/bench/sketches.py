"""Sketches beside those of the package `datasketches`, and what the statistics of a run cost.

    python -m tests.bench.sketches           # needs `pip install datasketches`
    python -m tests.bench.sketches cost      # only the cost in a run

The first table has, for a million numbers in an adversarial order, added up from 100 parts: the size as JSON (bytes as base64),
the time to count and to merge, the largest error of nine quantiles in rank and in value, and whether the same
numbers divided otherwise give the same bytes. The second has the same for half a million different strings.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

import curate
from curate.engine.tasks import judgements
from curate.runs import RunFolder, layout
from curate.sketches import Distinct, Histogram
from curate.statistics.run_statistics import RunStatistics
from tests.bench.real_data import need_real_data
from tests.bench.record import HEURISTICS, Timed
from tests.conftest import ROOT

N, PARTS = 1_000_000, 100
SHARES = (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999)
DOCUMENTS = 100_000


def main() -> None:
    """Print all tables."""
    if sys.argv[1:] != ["cost"]:
        _print_quantiles()
        _print_distinct()
    _print_cost("wanjuan_cc on the example crawl", ROOT / "pipelines" / "wanjuan_cc.yaml", [str(ROOT / "examples/crawl/**/*.warc.gz")])  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        recipe = _jsonl(Path(folder))
        _print_cost(f"heuristic filters on JSON lines, {DOCUMENTS:,} documents", recipe, None)


# ---------------------------------------------------------------------- sketches


def _print_quantiles() -> None:
    import datasketches as ds

    values = np.sort(np.random.default_rng(0).lognormal(6, 1.2, N)).astype(np.float32).astype(np.float64)
    kinds: dict[str, tuple[Callable, Callable, Callable, Callable]] = {
        "Histogram": (Histogram, Histogram.count, Histogram.add, Histogram.quantile),
        "kll_doubles (k=200)": (lambda: ds.kll_doubles_sketch(200), _update, _merge, _get_quantile),
        "req_floats (k=12)": (lambda: ds.req_floats_sketch(12), _update, _merge, _get_quantile),
        "quantiles_doubles (k=128)": (lambda: ds.quantiles_doubles_sketch(128), _update, _merge, _get_quantile),
        "tdigest_double (k=200)": (lambda: ds.tdigest_double(200), _update, _merge, _get_quantile),
    }
    print(f"{'quantiles':<28}{'bytes':>8}{'count ms':>10}{'merge ms':>10}{'rank error':>12}{'value error':>13}  same bytes when divided otherwise")  # fmt: skip
    for name, (kind, count, add, quantile) in kinds.items():
        sketch, seconds, merging = _made(kind, count, add, np.array_split(values, PARTS))
        other, _, _ = _made(kind, count, add, np.array_split(values, 37))
        found = np.array([quantile(sketch, share) for share in SHARES])
        ranks = np.searchsorted(values, found, side="right") / N
        true = values[(np.ceil(np.array(SHARES) * N) - 1).astype(int)]
        rank_error, value_error = np.abs(ranks - SHARES).max(), np.abs(found / true - 1).max()
        same = _content(sketch) == _content(other)
        print(f"{name:<28}{len(_content(sketch)):>8,}{seconds * 1e3:>10.0f}{merging * 1e3:>10.1f}{rank_error:>12.2%}{value_error:>13.2%}  {same}")  # fmt: skip


def _print_distinct() -> None:
    import datasketches as ds

    values = [f"https://example-{k}.org/page" for k in range(N // 2)]

    def update(sketch: Any, part: list[str]) -> None:
        for value in part:
            sketch.update(value)

    def union(total: Any, sketch: Any) -> None:
        total.update(sketch)

    kinds: dict[str, tuple[Callable, Callable, Callable, Callable]] = {
        "Distinct": (Distinct, Distinct.count, Distinct.add, lambda sketch: sketch.estimate),
        "hll (lg_k=12, HLL_8)": (
            lambda: ds.hll_sketch(12, ds.HLL_8),
            update,
            union,
            lambda sketch: sketch.get_estimate(),
        ),
    }
    print(f"\n{'different strings':<28}{'bytes':>8}{'count ms':>10}{'merge ms':>10}{'error':>12}  same bytes when divided otherwise")  # fmt: skip
    for name, (kind, count, add, estimate) in kinds.items():
        start = Distinct if name == "Distinct" else lambda: ds.hll_union(12)
        sketch, seconds, merging = _made(kind, count, add, [values[at::PARTS] for at in range(PARTS)], start)
        other, _, _ = _made(kind, count, add, [values[at::37] for at in range(37)], start)
        finish = (lambda each: each) if name == "Distinct" else lambda each: each.get_result(ds.HLL_8)
        sketch, other = finish(sketch), finish(other)
        print(f"{name:<28}{len(_content(sketch)):>8,}{seconds * 1e3:>10.0f}{merging * 1e3:>10.1f}{estimate(sketch) / len(values) - 1:>12.2%}  {_content(sketch) == _content(other)}")  # fmt: skip


def _made(kind: Callable, count: Callable, add: Callable, parts: list, start: Callable | None = None) -> tuple[Any, float, float]:  # fmt: skip
    """Return the sum of the sketches of some parts, and the seconds of processor time to count and to merge."""
    sketches, before = [], time.process_time()
    for part in parts:
        sketches.append(kind())
        count(sketches[-1], part)
    counted, total = time.process_time(), (start or kind)()
    for sketch in sketches:
        add(total, sketch)
    return total, counted - before, time.process_time() - counted


def _update(sketch: Any, values: np.ndarray) -> None:
    sketch.update(values)


def _merge(sketch: Any, other: Any) -> None:
    sketch.merge(other)


def _get_quantile(sketch: Any, share: float) -> float:
    return sketch.get_quantile(share)


def _content(sketch: Any) -> bytes:
    if isinstance(sketch, Histogram | Distinct):
        return json.dumps(sketch.to_json(), separators=(",", ":")).encode()
    return base64.b64encode(
        sketch.serialize_updatable() if hasattr(sketch, "serialize_updatable") else sketch.serialize()
    )


# ---------------------------------------------------------------------- cost


def _jsonl(folder: Path) -> Path:
    with (folder / "in.jsonl").open("w") as file:
        for k, text in zip(range(DOCUMENTS), _paragraphs(), strict=False):
            line = {"text": text, "url": f"https://site-{k % 5000}.example/{k}", "date": f"20{k % 24:02}-03-04"}
            file.write(json.dumps(line) + "\n")
    recipe = {"name": "cost", "inputs": {"sources.jsonl": {"paths": [str(folder / "in.jsonl")]}}, "allow_empty": True,
              "stages": ["language.detect", *HEURISTICS, "text.measure"]}  # fmt: skip
    (folder / "recipe.yaml").write_text(json.dumps(recipe))
    return folder / "recipe.yaml"


def _paragraphs() -> Iterator[str]:
    """Yield pieces of 1,000 characters of the English Wikipedia, again from the beginning when it ends."""
    texts = pq.read_table(need_real_data() / "text" / "enwiki.parquet", columns=["text"])["text"].to_pylist()
    while True:
        for text in texts:
            yield from (text[at : at + 1000] for at in range(0, len(text), 1000))


def _print_cost(title: str, recipe: Path, paths: list[str] | None) -> None:
    timed = Timed()
    for owner, name in ((RunStatistics, "count"), (RunStatistics, "count_kept"), (RunStatistics, "to_bytes"), (judgements, "_measured")):  # fmt: skip
        setattr(owner, name, timed(getattr(owner, name)))
    with tempfile.TemporaryDirectory() as folder:
        run = RunFolder(curate.run(str(recipe), output=f"{folder}/run", workers=1, input_paths=paths))
        total, counting = timed.in_map_phases(run)
        documents = run.read_json(layout.MANIFEST)["documents"]["in"]
        size = Path(folder, "run", layout.STATISTICS).stat().st_size
        output = sum(path.stat().st_size for path in Path(folder, "run").rglob("*") if path.is_file())
        print(f"\n{title}: {documents:,} documents, {counting:.2f} of {total:.1f} s of processor time in map phases ({counting / total:.1%}), {size:,} bytes of {output:,} in the run folder ({size / output:.1%})")  # fmt: skip


if __name__ == "__main__":
    main()
