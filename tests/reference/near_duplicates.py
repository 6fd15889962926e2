"""The slow twin of `dedup.minhash`: every pair is compared, and documents are decided in order of priority."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from curate.kernels.minhash import permutations as draw
from tests.reference import minhash as slow_minhash
from tests.reference import shingles as slow_shingles


def decide(
    texts: Sequence[str],
    priority: Sequence[tuple],
    groups: Sequence[Hashable],
    *,
    ngram: int,
    tokenizer: int,
    permutations: int,
    bands: int,
    rows: int,
    threshold: float,
    verify: str,
) -> dict[int, int]:
    """Return for each dropped document the document that is kept in its place.

    Args:
        priority: sorts the documents; those to keep come first.
        groups: only documents of the same group are compared.
    """
    hashes = [slow_shingles.shingle_hashes(text, tokenizer, ngram) for text in texts]
    a, b = (side.tolist() for side in draw(permutations, 1))
    signatures = [slow_minhash.signature(values, a, b) for values in hashes]
    sets = [{value & 0xFFFFFFFF for value in values} for values in hashes]

    groups = [
        (group, values[0] if len(values) == 1 and len(text.encode()) <= 256 else 0)
        for group, values, text in zip(groups, hashes, texts, strict=True)
    ]

    def is_candidate(i: int, j: int) -> bool:
        cut = [slice(k * rows, (k + 1) * rows) for k in range(bands)]
        return any(signatures[i][part] == signatures[j][part] for part in cut)

    def is_alike(i: int, j: int) -> bool:
        if verify == "none":
            return True
        if verify == "jaccard":
            return len(sets[i] & sets[j]) >= (threshold - 1e-6) * len(sets[i] | sets[j])
        return float(np.mean(np.array(signatures[i]) == np.array(signatures[j]))) >= threshold - 1e-6

    kept_for: dict[int, int] = {}
    done: list[int] = []
    for i in sorted(range(len(texts)), key=lambda i: priority[i]):
        linked = [
            j for j in done
            if sets[i] and sets[j] and groups[i] == groups[j] and is_candidate(j, i) and is_alike(j, i)
        ]  # fmt: skip
        direct = [j for j in linked if j not in kept_for]
        indirect = sorted({kept_for[j] for j in linked if j in kept_for}, key=lambda j: priority[j])
        found = direct or [j for j in indirect if is_alike(j, i)]
        if found:
            kept_for[i] = found[0]
        done.append(i)
    return kept_for
