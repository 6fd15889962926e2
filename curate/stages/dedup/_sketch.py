"""Sketch texts for near-duplicate search: MinHash signatures, band keys and shingle sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from curate.barrier import Emitted, ReduceContext
from curate.batch import Batch
from curate.kernels import characters
from curate.kernels import minhash as kernel
from curate.kernels import shingles as tokens
from curate.stages.dedup import _keep_policy
from curate.stages.dedup._bands import Bands

FORMAT = 2
"""The version of the sidecar and of indexes; raised when the meaning of hashes or columns changes."""

NO_PLACE = np.uint32(0xFFFFFFFF)
"""Marks a shard or row that is not known."""

SHORT = 256
"""Documents of at most this many bytes are checked for having a single shingle."""

_TOKENIZERS = {"words": tokens.WORDS, "characters": tokens.CHARACTERS, "code": tokens.CODE}


@dataclass(frozen=True)
class Sketcher:
    """Sketches texts and compares sketches, under one set of settings.

    Args:
        ngram, tokenizer, permutations, seed, keep: see `dedup.minhash`.
        bands: the banding.
        verify: how candidates are compared, which decides what the sidecar stores: "signature", "jaccard" or "none".
        per: only documents with the same value in this column are compared; None compares all.
    """

    ngram: int
    tokenizer: str
    permutations: int
    seed: int
    bands: Bands
    verify: str
    per: str | None
    keep: Any

    @property
    def settings(self) -> dict[str, Any]:
        """The settings in which two runs must agree for their sketches to be comparable."""
        return {
            "sketch": FORMAT, "scheme": "affine32", "seed": self.seed, "permutations": self.permutations,
            "ngram": self.ngram, "tokenizer": self.tokenizer, "bands": self.bands.bands, "rows": self.bands.rows,
            "verify": self.verify, "scope": self.per or "global",
        }  # fmt: skip

    @cached_property
    def _permutations(self) -> tuple[np.ndarray, np.ndarray]:
        return kernel.permutations(self.permutations, self.seed)

    # ------------------------------------------------------------------ emitting

    def emit(self, batch: Batch) -> Emitted:
        """Return the band keys of every document that has tokens, and the sidecar of all documents."""
        if self.verify == "jaccard":
            bounds, hashes = self.shingles(*batch.text_buffers())
            signatures = kernel.signatures(bounds, hashes, *self._permutations)
            shingles = kernel.sorted_sets(bounds, hashes)
        else:
            settings = (*self._tables, _TOKENIZERS[self.tokenizer], self.ngram, *self._permutations)
            signatures, shingles = kernel.signatures_of_texts(*batch.text_buffers(), *settings), None
        salts = _salts(batch, self.per) ^ self._single_shingles(batch)
        keys = kernel.band_keys(signatures, self.bands.bands, self.bands.rows, salts)
        n = len(batch)
        no_place = pa.array(np.full(n, NO_PLACE))
        ranks = _keep_policy.ranks(batch, self.keep)
        sidecar = {
            "order": pa.array(ranks.order),
            "digest": pa.array(kernel.band_keys(signatures, 1, self.permutations, salts)[:, 0]),
            "salt": pa.array(salts),
            "source": batch["source"] if "source" in batch else pa.nulls(n, pa.string()),
            "kept_shard": no_place,
            "kept_row": no_place,
            **self._sketch_columns(signatures, keys, shingles),
        }
        has_tokens = (signatures != kernel.NOTHING).any(axis=1)
        stored = pa.RecordBatch.from_arrays(list(sidecar.values()), names=list(sidecar))
        return Emitted(_rows(keys, has_tokens), stored, ranks.counts, ranks.warnings)

    def shingles(self, offsets: np.ndarray, data: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `(bounds int64[n + 1], hashes uint64[m])` of the shingles of texts."""
        return tokens.shingle_hashes(offsets, data, *self._tables, _TOKENIZERS[self.tokenizer], self.ngram)

    @property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        return characters.classes(), characters.lower()

    def _single_shingles(self, batch: Batch) -> np.ndarray:
        """Return uint64[n]: the 64-bit hash of the only shingle of a short document; 0 if it has more or none.

        Signatures use 32 bits of each hash. For documents with one shingle that is not enough: among a million of them,
        a hundred pairs would match by chance.
        """
        hash_of = np.zeros(len(batch), np.uint64)
        short = np.flatnonzero(np.diff(batch.text_buffers()[0]) <= SHORT)
        if len(short):
            short_texts = Batch(batch.rows.select(["id", "text"]).take(pa.array(short)))
            bounds, hashes = self.shingles(*short_texts.text_buffers())
            single = np.flatnonzero(np.diff(bounds) == 1)
            hash_of[short[single]] = hashes[bounds[single]]
        return hash_of

    def _sketch_columns(
        self, signatures: np.ndarray, keys: np.ndarray, shingles: tuple[np.ndarray, np.ndarray] | None
    ) -> dict[str, pa.Array]:
        if self.verify == "none":
            return {"keys": _fixed(keys)}
        if shingles is None:
            return {"signature": _fixed(signatures)}
        bounds, sets = shingles
        return {
            "signature": _fixed(signatures),
            "shingles": pa.LargeListArray.from_arrays(pa.array(bounds), pa.array(sets)),
        }

    def recall(self, rows: pa.RecordBatch) -> Emitted:
        """Return what `emit` returned about documents that an index remembers.

        A document that was dropped for one that this run cannot see (one of its own, when the run is repeated, or one
        of a dataset) emits no keys: the document that was kept for it is not known.
        """
        keys = self.keys(rows)
        has_tokens = np.ones(len(keys), bool)
        if self.verify != "none":
            has_tokens = (fixed(rows["signature"], np.uint32) != kernel.NOTHING).any(axis=1)
        is_known = rows["kept_shard"].to_numpy() != NO_PLACE
        return Emitted(
            _rows(keys, has_tokens & is_known), rows.select([name for name in rows.schema.names if name != "id"])
        )

    # ------------------------------------------------------------------ comparing

    @property
    def compared(self) -> list[str]:
        """The sidecar columns that `similarity` reads."""
        return {"none": ["keys"], "signature": ["signature", "salt"], "jaccard": ["signature", "shingles", "salt"]}[
            self.verify
        ]

    def keys(self, stored: pa.RecordBatch) -> np.ndarray:
        """Return uint64[n, bands], the band keys of sidecar rows."""
        if self.verify == "none":
            return fixed(stored["keys"], np.uint64)
        signatures, salts = fixed(stored["signature"], np.uint32), stored["salt"].to_numpy()
        return kernel.band_keys(signatures, self.bands.bands, self.bands.rows, salts)

    def similarity(
        self, context: ReduceContext, left: tuple[np.ndarray, np.ndarray], right: tuple[np.ndarray, np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Measure the similarity of pairs of documents.

        Args:
            left, right: (shard uint32[n], row uint32[n]) of the documents.
        Returns:
            `(similarity float32[n], shared bands int16[n])`; the similarity is NaN under `verify: none`.
        """
        if not len(left[0]):
            return np.zeros(0, np.float32), np.zeros(0, np.int16)
        places = np.concatenate([place_of(*left), place_of(*right)])
        distinct, which = np.unique(places, return_inverse=True)
        stored = context.lookup(self.compared, *shard_and_row(distinct))
        a, b = which[: len(left[0])], which[len(left[0]) :]
        keys = self.keys(stored)
        shared = kernel.shared_bands(keys[a], keys[b])
        if self.verify == "none":
            return np.full(len(a), np.nan, np.float32), shared
        if self.verify == "signature":
            signatures = fixed(stored["signature"], np.uint32)
            return kernel.agreement(signatures[a], signatures[b]), shared
        sets = stored["shingles"]
        return kernel.jaccard_sorted(*_lists(sets.take(pa.array(a))), *_lists(sets.take(pa.array(b)))), shared


def place_of(shard: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return uint64[n]: places as one number each, in the order of (shard, row)."""
    return (shard.astype(np.uint64) << np.uint64(32)) | row.astype(np.uint64)


def shard_and_row(place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (shard uint32[n], row uint32[n]) of places, the inverse of `place_of`."""
    return (place >> np.uint64(32)).astype(np.uint32), (place & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def fixed(column: pa.Array, kind: type) -> np.ndarray:
    """Return a fixed-size binary column as a numpy array of `kind`, [n, width]."""
    width = column.type.byte_width
    data = np.frombuffer(column.buffers()[1] or b"", np.uint8)
    rows = data[column.offset * width : (column.offset + len(column)) * width]
    return np.ascontiguousarray(rows).view(kind).reshape(len(column), width // np.dtype(kind).itemsize)


def _fixed(values: np.ndarray) -> pa.Array:
    flat = np.ascontiguousarray(values)
    width = flat.shape[1] * flat.itemsize
    return pa.Array.from_buffers(pa.binary(width), len(flat), [None, pa.py_buffer(flat)])


def _lists(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    return column.offsets.to_numpy(), column.values.to_numpy()


def _rows(keys: np.ndarray, has_tokens: np.ndarray) -> pa.RecordBatch:
    which = np.flatnonzero(has_tokens).astype(np.uint32)
    row = np.repeat(which, keys.shape[1])
    return pa.RecordBatch.from_arrays([pa.array(keys[which].ravel()), pa.array(row)], names=["key", "row"])


def _salts(batch: Batch, per: str | None) -> np.ndarray:
    """Return uint64[n]: one number per value of the column `per`; only documents with equal ones are compared."""
    if per is None:
        return np.zeros(len(batch), np.uint64)
    known: dict[Any, int] = {}
    values = batch[per].to_pylist()
    return np.array(
        [known.setdefault(value, xxhash.xxh3_64_intdigest(repr(value).encode())) for value in values], np.uint64
    )
