"""Convert Python strings to the buffers that kernels read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from curate.batch import Batch


def batch_of(texts: Sequence[str | None] | pa.Array) -> Batch:
    """Return texts as a batch with the columns `id` (null) and `text`; None becomes null."""
    values = texts if isinstance(texts, pa.Array) else pa.array(_clean(texts), pa.large_string())
    return Batch.from_columns({"id": pa.nulls(len(values), pa.string()), "text": values})


def spans_of(texts: Sequence[str | None] | pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `(data uint8[m], starts int64[n], ends int64[n])`: all texts as UTF-8, and where each begins and ends."""
    offsets, data = batch_of(texts).text_buffers()
    return data, offsets[:-1], offsets[1:]


def _clean(texts: Sequence[str | None]) -> list[str | None]:
    """Replace lone surrogates, which UTF-8 cannot encode, by question marks."""
    return [None if text is None else text.encode("utf-8", "replace").decode() for text in texts]
