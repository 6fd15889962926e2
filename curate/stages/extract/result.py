"""What became of one page in `extract.html`: a row of its result."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import pyarrow as pa

COLUMNS = {
    "text": ("text", pa.large_string()),
    "title": ("title", pa.string()),
    "page_date": ("date", pa.string()),
    "author": ("author", pa.string()),
    "canonical_url": ("canonical_url", pa.string()),
    "declared_language": ("language", pa.string()),
    "licence": ("licence", pa.string()),
    "stated_by": ("stated_by", pa.string()),
    "confidence": ("confidence", pa.float32()),
    "extracted_by": ("by", pa.string()),
    "charset": ("charset", pa.string()),
}
"""The columns of the result: from which field each comes, and its type."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One row of the result.

    Args:
        reason, value, evidence: why the page is dropped, if it is.
        text ... stated_by: what was found; `stated_by` is JSON, by field.
        confidence: the F that `blocks` expects of its text.
        charset, said_by, n_replaced: how the page was decoded.
        by: the engine whose text it is.
    """

    reason: str | None
    value: float = math.nan
    evidence: str | None = None
    text: str | None = None
    title: str | None = None
    date: str | None = None
    author: str | None = None
    canonical_url: str | None = None
    language: str | None = None
    licence: str | None = None
    stated_by: str | None = None
    confidence: float | None = None
    charset: str | None = None
    said_by: str | None = None
    n_replaced: int = 0
    by: str | None = None

    def is_unsure(self, min_confidence: float) -> bool:
        """Say whether another engine should be asked: a text was looked for, and little is expected of it."""
        return self.confidence is not None and self.confidence < min_confidence

    def or_rather(self, other: Judged) -> Judged:
        """Return this page with the other engine's text, if that found any."""
        if not other.text:
            return self
        return replace(self, reason=None, text=other.text, by=other.by)
