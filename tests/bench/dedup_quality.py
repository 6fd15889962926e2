"""How well near-deduplication finds documents of known similarity, beside datatrove on the same documents.

    python -m tests.bench.dedup_quality

Wikipedia passages with edited copies, and manual pages of five versions of one product; the exact Jaccard similarity of
word 5-grams is given for every pair of a family. Recall: pairs of similarity 0.8 or more, of which not both were kept,
and which ended in one cluster. Precision: removed documents whose cluster kept one of similarity 0.6 or more, measured
here from the texts. Intervals are Wilson's, 95 %.

The S-curve: which share of the given pairs share a band, straight from the kernels, beside 1 - (1 - J**r)**b; over
`SEEDS` draws of the permutations.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.batch import Batch
from curate.kernels import minhash as kernel
from curate.stages.dedup import _bands
from curate.stages.dedup._dedup_report import wilson
from curate.stages.dedup.minhash import minhash
from tests.bench.dedup import ours, theirs
from tests.bench.real_data import need_real_data

NAMES = ("wiki-edited", "powershell-docs")
ALIKE, A_TWIN = 0.8, 0.6
SEEDS = range(1, 11)


def main() -> None:
    """Print the tables."""
    data = need_real_data() / "neardup"
    print(
        "| documents | | pairs >= 0.8 | not both kept | in one cluster | removed | with a kept twin >= 0.6 |"
        "\n|---|---|---:|---:|---:|---:|---:|"
    )
    for name in NAMES:
        table = pq.read_table(data / f"{name}.parquet", columns=["id", "text"])
        texts = dict(zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True))
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder) / "documents"
            source.mkdir()
            pq.write_table(table, source / "0.parquet")
            print_quality(name, "datatrove, 14 x 8", texts, _pairs(data, name), _theirs(source, list(texts)))
            for verify in ("signature", "jaccard"):
                kept = _ours(source, verify, list(texts))
                print_quality(name, f"curate, verify: {verify}", texts, _pairs(data, name), kept)
    for bands in (minhash().sketcher.bands, _bands.Bands(14, 8)):
        print_curve(data, bands)


def print_quality(
    name: str, whose: str, texts: dict[str, str], pairs: dict[tuple[str, str], float], kept: dict[str, str]
) -> None:
    """Print recall and precision.

    Args:
        kept: document -> the one kept for it, itself if it was kept.
    """
    alike = [pair for pair, similarity in pairs.items() if similarity >= ALIKE]
    resolved = sum(kept[a] != a or kept[b] != b for a, b in alike)
    together = sum(kept[a] == kept[b] for a, b in alike)
    removed = [(lost, twin) for lost, twin in kept.items() if lost != twin]
    good = sum(_jaccard(texts[lost], texts[twin]) >= A_TWIN for lost, twin in removed)
    cells = [
        _share(resolved, len(alike)),
        _share(together, len(alike)),
        f"{len(removed):,}",
        _share(good, len(removed)),
    ]
    print(f"| {name} | {whose} | {len(alike):,} |", *(f"{cell} |" for cell in cells), flush=True)


def print_curve(data: Path, bands: _bands.Bands) -> None:
    """Print the share of pairs that share a band, by similarity, beside what the formula says of the same pairs."""
    similarity, found = [], []
    for name in NAMES:
        table = pq.read_table(data / f"{name}.parquet", columns=["id", "text"])
        place = {id: i for i, id in enumerate(table["id"].to_pylist())}
        pairs = _pairs(data, name)
        a, b = (np.array([place[pair[k]] for pair in pairs]) for k in (0, 1))
        sketcher = minhash(bands=bands.bands, rows=bands.rows).sketcher
        bounds, hashes = sketcher.shingles(*_batch(table).text_buffers())
        salts = np.zeros(len(table), np.uint64)
        similarity.append(np.array(list(pairs.values())))
        shared = []
        for seed in SEEDS:
            signatures = kernel.signatures(bounds, hashes, *kernel.permutations(128, seed))
            keys = kernel.band_keys(signatures, bands.bands, bands.rows, salts)
            shared.append(kernel.shared_bands(keys[a], keys[b]) > 0)
        found.append(np.array(shared))
    at, hit = np.concatenate(similarity), np.concatenate(found, axis=1)
    print(f"\n{bands.bands} bands of {bands.rows} rows, {len(SEEDS)} draws of the permutations\n")
    print("| similarity | pairs | predicted | found | 95 % of the chance |\n|---|---:|---:|---:|---|")
    for low in np.arange(0.3, 1.0, 0.05):
        is_in = (at >= low - 1e-9) & (at < low + 0.05 - 1e-9)
        n = int(is_in.sum()) * len(SEEDS)
        if n:
            predicted, hits = bands.found(at[is_in]).mean(), int(hit[:, is_in].sum())
            low_end, high_end = wilson(hits, n)
            cells = f"{predicted:.1%} | {hits / n:.1%} | {low_end:.1%} to {high_end:.1%}"
            print(f"| {low:.2f} to {low + 0.05:.2f} | {int(is_in.sum()):,} | {cells} |")


# ------------------------------------------------------------------ who keeps whom


def _ours(source: Path, verify: str, ids: list[str]) -> dict[str, str]:
    target = source.parent / f"ours-{verify}"
    ours(source, target, f"{{keep: first, verify: {verify}}}", "{id: id}")
    rows = pq.read_table(target / "dedup" / "clusters.parquet").to_pylist()
    kept = {row["id"]: row["kept_id"] for row in rows}
    out = pq.read_table(target / "data", columns=["id"])["id"].to_pylist()
    assert set(out) == {id for id in ids if kept.get(id, id) == id}, "the evidence and the data differ"
    return {id: kept.get(id, id) for id in ids}


def _theirs(source: Path, ids: list[str]) -> dict[str, str]:
    target = source.parent / "theirs"
    theirs(source, target, n_tasks=1)
    removed = set(np.fromfile(target / "remove" / "000000.remove", np.uint32).tolist())
    members = np.fromfile(target / "remove" / "000000.clusters", np.uint32).reshape(-1, 2).tolist()
    stays = {cluster: ids[row] for row, cluster in members if row not in removed}
    return {id: id for id in ids} | {ids[row]: stays[cluster] for row, cluster in members}


# ------------------------------------------------------------------ texts and pairs


def _pairs(data: Path, name: str) -> dict[tuple[str, str], float]:
    with gzip.open(data / f"{name}-pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        return {(pair["id_a"], pair["id_b"]): pair["jaccard_w5"] for pair in map(json.loads, lines)}


def _batch(table: pa.Table) -> Batch:
    return Batch.from_columns({name: table[name].to_pylist() for name in ("id", "text")})


def _jaccard(one: str, other: str) -> float:
    a, b = _shingles(one), _shingles(other)
    return len(a & b) / len(a | b)


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(max(len(words) - 4, 1))}


def _share(n: int, of: int) -> str:
    low, high = wilson(n, of)
    return f"{n / of:.2%} ({low:.1%} to {high:.1%})"


if __name__ == "__main__":
    main()
