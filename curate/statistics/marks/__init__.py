"""The table of markers: what shows in a text why a rule was broken, or what a stage found.

A recipe's own modules can add one: an instance of `Marker` in a public variable. A column or stage that no marker is for
is shown by its value.
"""

from __future__ import annotations

from collections.abc import Iterable

from curate import extensions
from curate.statistics.marks import characters, lines, phrases, stages
from curate.statistics.marks.marker import Marker, Span

MARKERS: tuple[Marker, ...] = (*lines.MARKERS, *phrases.MARKERS, *characters.MARKERS, *stages.MARKERS)

__all__ = ["MARKERS", "Marker", "Span", "find", "with_modules"]


def with_modules(modules: Iterable[str]) -> tuple[Marker, ...]:
    """Return the table with the markers that the user's modules bring.

    Raises:
        SpecError: a module cannot be imported, or brings a marker of a name that is taken.
    """
    return tuple(extensions.table(Marker, MARKERS, modules).values())


def find(markers: Iterable[Marker], stage: str, signal: str = "") -> Marker | None:
    """Return the marker for a rule of a stage, or for what a stage without rules found; None if there is none.

    Args:
        stage: the name of the stage. signal: that the rule compares; empty if there is none.
    """
    markers = list(markers)
    of_stage = (marker for marker in markers if stage in marker.stages)
    of_signal = (marker for marker in markers if signal and signal in marker.signals)
    return next(of_stage, None) or next(of_signal, None)
