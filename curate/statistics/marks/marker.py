"""What a marker is: it finds in a text what a rule or a stage was about."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any

Span = tuple[int, int]
"""Where a match begins and ends in a text, in characters."""


class Marker(ABC):
    """Finds what a rule or a stage was about. A member of the table is an instance; a subclass says what it looks for."""

    name: str
    """How the table calls it."""

    shows: str
    """What it marks, for readers: `lines that stood before`."""

    signals: tuple[str, ...] = ()
    """The signals or columns that are measured from what it marks: it marks the texts that a rule on one of them judges."""

    stages: tuple[str, ...] = ()
    """The names of the stages whose documents it marks, whatever the reason."""

    column: str = ""
    """For stages: the column that says how much there is to mark in a document; empty if there is none."""

    @abstractmethod
    def spans(self, text: str, params: Mapping[str, Any]) -> Iterable[Span]:
        """Return what is to be marked, in order, without overlaps.

        Args:
            params: of the stage, as plain data.
        """


def joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans in which those that touch or overlap are one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return found
