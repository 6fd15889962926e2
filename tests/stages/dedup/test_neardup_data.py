"""Near-duplicates of real pages with known similarity: what is found, what is dropped, and the S-curve."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

import curate
from curate import Batch
from curate.kernels import minhash as kernel
from curate.stages.dedup._bands import Bands, choose, given
from curate.stages.dedup._sketch import Sketcher
from tests.stages.dedup.runs import Deduplicated

SETS = ["wiki-edited", "powershell-docs"]


def pairs(data: Path, name: str) -> dict[tuple[str, str], float]:
    """Return the exact Jaccard similarity of word 5-grams of every listed pair."""
    with gzip.open(data / "neardup" / f"{name}-pairs.jsonl.gz", "rt", encoding="utf-8") as file:
        return {(pair["id_a"], pair["id_b"]): pair["jaccard_w5"] for pair in map(json.loads, file)}


@pytest.fixture(scope="module", params=SETS)
def found(request, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    path = data / "neardup" / f"{request.param}.parquet"
    inputs = {"sources.parquet": {"paths": [str(path)], "fields": {"id": "id"}, "shard_mib": 2}}
    recipe = folder / "neardup.yaml"
    recipe.write_text(
        yaml.safe_dump({"name": "neardup", "inputs": inputs, "stages": [{"dedup.minhash": {"keep": "first"}}]})
    )
    run = Deduplicated(curate.run(str(recipe), output=str(folder / "run"), workers=2))
    texts = pq.read_table(path, columns=["id", "text"]).to_pydict()
    return run, dict(zip(texts["id"], texts["text"], strict=True)), pairs(data, request.param)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)} or {tuple(words)}


def test_of_pairs_that_are_alike_one_leaves(found):
    run, _, jaccard = found
    kept_for = run.kept_for
    alike = [pair for pair, similarity in jaccard.items() if similarity >= 0.8]
    lost_one = sum(one in kept_for or other in kept_for for one, other in alike)
    together = sum(kept_for.get(one, one) == kept_for.get(other, other) for one, other in alike)
    assert len(alike) > 4000
    assert lost_one >= 0.995 * len(alike) and together >= 0.95 * len(alike)


def test_what_leaves_has_a_kept_twin(found):
    run, texts, _ = found
    similar = [
        len(shingles(texts[lost]) & shingles(texts[kept])) / len(shingles(texts[lost]) | shingles(texts[kept]))
        for lost, kept in run.kept_for.items()
    ]
    assert len(similar) > 1500
    assert np.mean(np.array(similar) >= 0.6) >= 0.99


def test_what_the_run_says_of_itself_is_true(found):
    run, texts, _ = found
    metrics = run.manifest["metrics"]["dedup.minhash"]
    assert metrics["documents"] == len(texts) and metrics["dropped"] == len(run.kept_for)
    assert metrics["precision"]["interval"][0] > 0.95
    assert metrics["recall"]["pairs"] > 50 and metrics["recall"]["interval"][0] > 0.9


@pytest.mark.parametrize("bands", [Bands(21, 6), Bands(14, 9), Bands(16, 8), Bands(25, 5)], ids=str)
def test_the_s_curve_is_the_predicted_one(data, bands):
    """Pairs of a bin are found as often as the curve says, within what chance and dependent pairs allow."""
    sketcher = Sketcher(5, "words", 128, 1, bands, "signature", None, "first")
    keys, number = [], {}
    for name in SETS:
        table = pq.read_table(data / "neardup" / f"{name}.parquet", columns=["id", "text"])
        emitted = sketcher.emit(Batch.from_columns({"id": table["id"], "text": table["text"]}))
        number |= {(name, id): len(number) + i for i, id in enumerate(table["id"].to_pylist())}
        keys.append(sketcher.keys(emitted.sidecar))
    keys = np.concatenate(keys)
    listed = [((name, *pair), j) for name in SETS for pair, j in pairs(data, name).items()]
    one, other = (np.array([number[pair[0], pair[k]] for pair, _ in listed]) for k in (1, 2))
    similarity = np.array([j for _, j in listed])
    is_found = kernel.shared_bands(keys[one], keys[other]) > 0
    for low in np.arange(0.3, 1.0, 0.05):
        mine = (similarity >= low) & (similarity < low + 0.05)
        if mine.sum() < 100:
            continue
        expected = bands.found(similarity[mine])
        spread = np.sqrt((expected * (1 - expected)).sum()) / mine.sum()
        assert abs(is_found[mine].mean() - expected.mean()) < 6 * spread + 0.01, (low, mine.sum())


@pytest.mark.parametrize(
    ("permutations", "threshold", "verified", "expected"),
    [(128, 0.7, True, (21, 6)), (128, 0.7, False, (14, 9)), (128, 0.8, True, (16, 8)), (1, 0.9, True, (1, 1))],
)
def test_the_banding_for_a_threshold(permutations, threshold, verified, expected):
    bands = choose(permutations, threshold, verified=verified)
    assert (bands.bands, bands.rows) == expected


def test_bands_and_rows_may_be_given_and_half_is_where_half_is_found():
    bands = given(128, 0.7, 9, 13, verified=True)
    assert bands == Bands(9, 13)
    assert bands.found(bands.half) == pytest.approx(0.5)
