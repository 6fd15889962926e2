"""What stages may offer so that one document of a finished run can be looked at: its record in the input, and more of its story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from curate.batch import Seen, Told


@runtime_checkable
class HasStory(Protocol):
    """A stage, other than a barrier, that can tell more of a document than its verdict and its columns say."""

    def tell(self, document: Seen) -> Sequence[Told]:
        """Return what `curate explain` shows of a document that the stage has seen; the stage is not set up."""
