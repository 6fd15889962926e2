"""What a stage can say about one document, beside its verdict and its columns; for `curate explain`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that a stage says about a document.

    Args:
        text: in words, on one line.
        data: the same as JSON-like values, for programs.
    """

    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One document as a finished run knows it.

    Args:
        id: of the document.
        columns: what was measured of it and what else is known, without nulls.
        before, after: its text before the stages from checkpoint to checkpoint (or barrier) among which the stage was, and after
            them; None where the run has not kept it. Other stages may have changed it, too.
    """

    id: str
    columns: Mapping[str, Any]
    before: str | None = None
    after: str | None = None
