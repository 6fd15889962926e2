"""The result of `extract.html` for one page."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace

import pyarrow as pa

from curate.stages.extract.metadata import NO_METADATA, Metadata

COLUMNS = {
    "text": ("text", pa.large_string()),
    "title": ("metadata.title", pa.string()),
    "page_date": ("metadata.date", pa.string()),
    "author": ("metadata.author", pa.string()),
    "canonical_url": ("metadata.canonical_url", pa.string()),
    "declared_language": ("metadata.language", pa.string()),
    "licence": ("metadata.licence", pa.string()),
    "stated_by": ("stated_by", pa.string()),
    "confidence": ("confidence", pa.float32()),
    "extracted_by": ("engine", pa.string()),
    "charset": ("charset", pa.string()),
}
"""Output column -> attribute of `PageResult`, Arrow type."""


@dataclass(frozen=True, slots=True)
class PageResult:
    """The result for one page: one row of the output.

    Args:
        reason, value, evidence: the drop reason and its details; None if the page is kept.
        text: the main text.
        metadata: what the page states about itself.
        confidence: the F score that `blocks` expects of its text, 0 to 1; None for the other engines.
        charset, charset_source, n_replaced: see `charset.Decoded`.
        engine: the engine that extracted the text.
    """

    reason: str | None
    value: float = math.nan
    evidence: str | None = None
    text: str | None = None
    metadata: Metadata = NO_METADATA
    confidence: float | None = None
    charset: str | None = None
    charset_source: str | None = None
    n_replaced: int = 0
    engine: str | None = None

    @property
    def stated_by(self) -> str | None:
        """`metadata.stated_by` as JSON."""
        stated_by = self.metadata.stated_by
        return None if stated_by is None else json.dumps(stated_by, sort_keys=True)

    def needs_fallback(self, min_confidence: float) -> bool:
        """Return whether the second engine should also extract the page, because the confidence is too low."""
        return self.confidence is not None and self.confidence < min_confidence

    def with_fallback(self, other: PageResult) -> PageResult:
        """Return this result with the text of the second engine, if that engine found any text."""
        if not other.text:
            return self
        return replace(self, reason=None, text=other.text, engine=other.engine)
