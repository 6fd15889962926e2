"""How numbers, sizes and names are written for readers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from curate.report.escaping import one_line

_JOINTS = re.compile(r"(?<=[._/@#])(?=[^\W_])")
_LONGEST_NAME = 200


def thousands(value: int) -> str:
    """Return a count, its thousands apart."""
    return f"{value:,}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share as percent; one that is neither nothing nor all never looks like it."""
    shown, least = 100 * share, 10.0**-digits
    if 0 < shown < least / 2:
        return f"<{least:.{digits}f}%"
    if 100 - least / 2 < shown < 100:
        return f">{100 - least:.{digits}f}%"
    return f"{shown:.{digits}f}%"


def size(n_bytes: float) -> str:
    """Return a number of bytes as people say it."""
    return _in_units(n_bytes, (" B", " KB", " MB", " GB", " TB"))


def short(value: float) -> str:
    """Return a large number in thousands (k), millions (M) and so on."""
    return _in_units(value, ("", "k", "M", "G", "T"))


def _in_units(value: float, units: Sequence[str]) -> str:
    for unit in units[:-1]:
        if value < 999.5:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}{units[-1]}"


def number(value: float | None) -> str:
    """Return a number as a reader wants it: three digits, thousands apart; empty for None."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def interval(ends: Sequence[float | None]) -> str:
    """Return `a to b`, or one number where they are the same."""
    low, high = number(ends[0]), number(ends[1])
    return low if low == high else f"{low} to {high}"


def duration(seconds: float) -> str:
    """Return a time in two units: `2 h 5 min`, `3 min 20 s`, `0.4 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def breakable(name: str) -> Markup:
    """Return the HTML of a name on one line, cut if it is very long, that may be broken after its dots, and whose letters run
    in their own direction."""
    shown = one_line(name)
    cut = shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}… ({len(name):,} characters)"
    return Markup("<bdi>{}</bdi>").format(Markup("<wbr>").join(escape(part) for part in _JOINTS.split(cut)))
