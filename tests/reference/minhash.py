"""Signatures, bands and similarities in plain Python: the definitions of `curate.kernels.minhash`."""

from __future__ import annotations

from tests.reference.shingles import mix

MASK = 2**32 - 1
MASK_64 = 2**64 - 1


def spread(value: int) -> int:
    """Return the finalizer of MurmurHash3."""
    value = (value ^ value >> 16) * 0x85EBCA6B & MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & MASK
    return value ^ value >> 16


def signature(hashes: list[int], a: list[int], b: list[int]) -> list[int]:
    """Return the smallest permuted hash under each permutation."""
    return [
        min(((x * spread(value & MASK) + y) & MASK for value in hashes), default=MASK)
        for x, y in zip(a, b, strict=True)
    ]


def band_keys(signature: list[int], bands: int, rows: int, salt: int) -> list[int]:
    """Return the hash of each band, its number and the salt."""
    keys = []
    for band in range(bands):
        value = mix((mix(salt ^ 0xD6E8FEB86659FD93) + band * 0x9E3779B97F4A7C15) & MASK_64)
        for number in signature[band * rows : (band + 1) * rows]:
            value = mix(value ^ number)
        keys.append(value)
    return keys


def jaccard(one: list[int], other: list[int]) -> float:
    """Return the intersection over the union of the low 32 bits; 1 for two empty sets."""
    left, right = {value & MASK for value in one}, {value & MASK for value in other}
    return len(left & right) / len(left | right) if left | right else 1.0
