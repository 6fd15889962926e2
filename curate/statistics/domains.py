"""The registered domains of addresses, which the record of judgements has no column for."""

from __future__ import annotations

import pyarrow as pa

from curate.batch import Batch


def domains(urls: pa.Array) -> pa.Array:
    """Return the registered domain of each address, as `text.domain` makes it: string[n], null without a host."""
    from curate.stages.text.domain import domain

    ids = pa.nulls(len(urls), pa.string())
    return domain(Batch(pa.RecordBatch.from_arrays([ids, urls.cast(pa.string())], names=["id", "url"])))["domain"]
