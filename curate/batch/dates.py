"""Dates of documents as instants: microseconds since 1970 in UTC, from the forms in which crawls and feeds write them.

Read are ISO 8601 (also `2024`, `2024-03` and `20240301`), the dates of HTTP and e-mail (RFC 2822 and what came before it),
seconds or milliseconds since 1970 (10 or 13 digits), and what `python-dateutil` reads, if it states a year. Without a time
zone a time is in UTC; one in a zone whose name is not known, or means several (IST), cannot be read. What is missing is the
beginning of the period. `01/02/2024` is the second of January, `01.02.2024` the first of February.
"""

from __future__ import annotations

import contextlib
import functools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_tz

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

OLDEST = -(2**63) + 1
"""The instant of a document whose date is missing or cannot be read: older than all others."""

LONGEST = 100
"""Characters of the longest string that is read as a date."""

_PLAIN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?Z?)?$"
"""What Arrow reads, many at a time: the dates of WARC files, and ISO dates without an offset."""

_EPOCH = re.compile(r"([0-9]{10})(?:\.[0-9]*)?|[0-9]{13}")
_DIGITS = re.compile(r"([0-9]{4})(?:([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2}))?)?)?")
_MAIL = re.compile(
    r"(?:[A-Za-z]{3,9},? +)?[0-9]{1,2}[ -][A-Za-z]{3}[ -][0-9]{2,4} +[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?"
    r"(?: +(?:[+-][0-9]{4}|(?![AaPp][Mm])[A-Za-z]{1,5}|\([^()]*\)))*"
)
_LEAP_SECOND = re.compile(r"([0-9]{2}:[0-9]{2}):60(?![0-9])")
_DAY_FIRST = re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}")
_START = datetime(1970, 1, 1)
_ZONES = {
    "Z": 0, "UT": 0, "UTC": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "AKST": -9, "AKDT": -8, "HST": -10, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "MET": 1, "MEST": 2, "MEZ": 1, "MESZ": 2,
    "EET": 2, "EEST": 3, "MSK": 3, "HKT": 8, "SGT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Names of time zones, in hours: those of RFC 2822, where they mean something else elsewhere, and names that mean one zone."""

_OFFSET_OF_UTC = re.compile(r"(?:GMT|UTC?) ?([+-])([0-9]{1,2})(?::?([0-9]{2}))?(?![0-9:])")
"""As JavaScript writes it: `GMT+0200`. `dateutil` takes the sign as that of a POSIX time zone, which is the opposite."""

_REMARK = re.compile(r"(?<! ) *+\([^()]*+\)$")
"""What JavaScript and e-mail write behind the offset: `(Central European Summer Time)`."""

_ENDS_IN_OFFSET = re.compile(r"[+-][0-9]{2}:?[0-9]{2}$")
_ZONE_OF_MAIL = re.compile(r"[0-9] +([A-Za-z]+)$")


@dataclass(frozen=True, slots=True)
class Instants:
    """The dates of a batch.

    Args:
        values: int64[n], microseconds since 1970 in UTC; `OLDEST` for a date that is missing or cannot be read.
        n_unparsed: how many are there and cannot be read.
        example: the first of these; empty if there is none.
    """

    values: np.ndarray
    n_unparsed: int
    example: str


def instants(dates: pa.Array) -> Instants:
    """Read dates.

    Args:
        dates: strings; null and blank ones are missing.
    """
    values = np.full(len(dates), OLDEST, np.int64)
    is_plain = pc.fill_null(pc.match_substring_regex(dates, _PLAIN), False).to_numpy(zero_copy_only=False)
    with contextlib.suppress(pa.ArrowInvalid):  # one of them is no day of any month: all are read one by one
        plain = pc.utf8_rtrim(dates if is_plain.all() else dates.filter(pa.array(is_plain)), "Z")
        values[is_plain] = plain.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy()
        return _with_others(dates, values, np.flatnonzero(~is_plain))
    return _with_others(dates, values, np.arange(len(dates)))


def _with_others(dates: pa.Array, values: np.ndarray, rows: np.ndarray) -> Instants:
    """Read the dates of some rows one by one, equal ones once."""
    known: dict[str, int | None] = {}
    n_unparsed, example = 0, ""
    for row, date in zip(rows, dates.take(pa.array(rows)).to_pylist(), strict=True):
        if date is None or not (text := date.strip()):
            continue
        if text not in known:
            known[text] = instant(text)
        if (found := known[text]) is not None:
            values[row] = found
        else:
            n_unparsed, example = n_unparsed + 1, example or text
    return Instants(values, n_unparsed, example)


def instant(text: str) -> int | None:
    """Return a date as microseconds since 1970 in UTC; None if it cannot be read."""
    if len(text) > LONGEST:
        return None
    text = _LEAP_SECOND.sub(r"\1:59", text)
    plain = _OFFSET_OF_UTC.sub(_offset, text)
    text = _REMARK.sub("", plain) if plain != text or _ENDS_IN_OFFSET.search(_REMARK.sub("", plain)) else plain
    if text.isascii() and (match := _EPOCH.fullmatch(text)):
        return round(float(text) * 1_000_000) if match[1] else int(text) * 1000
    for read in (_iso, _digits, _of_mail, _other):
        with contextlib.suppress(ValueError, TypeError, LookupError, ArithmeticError):  # each reader has its own
            if (found := read(text)) is not None:
                return _microseconds(found)
    return None


def _microseconds(when: datetime) -> int:
    """Return an instant as a number, without leaving the range of `datetime` on the way."""
    offset = when.utcoffset() or timedelta()
    return (when.replace(tzinfo=None) - _START) // timedelta(microseconds=1) - offset // timedelta(microseconds=1)


def _iso(text: str) -> datetime | None:
    return datetime.fromisoformat(text)


def _digits(text: str) -> datetime | None:
    match = _DIGITS.fullmatch(text) if text.isascii() else None
    return datetime(*map(int, [*match.groups("1")[:3], *match.groups("0")[3:]])) if match else None


def _offset(match: re.Match) -> str:
    return f"{match[1]}{int(match[2]):02d}:{match[3] or '00'}"


def _of_mail(text: str) -> datetime | None:
    found = parsedate_tz(text) if _MAIL.fullmatch(text) else None
    if found and (named := _ZONE_OF_MAIL.search(text)):
        return datetime(*found[:6], tzinfo=_zone(named[1], None))
    return datetime(*found[:6], tzinfo=timezone(timedelta(seconds=found[9] or 0))) if found else None


def _other(text: str) -> datetime | None:
    """Read other forms; a date that states no year takes it from the default, which shows with two defaults."""
    parse = _parser().parse
    day_first = _DAY_FIRST.match(text) is not None
    one, other = (parse(text, default=datetime(year, 1, 1), tzinfos=_zone, dayfirst=day_first) for year in (2000, 2004))
    return one if one == other else None


def _zone(name: str | None, offset: int | None) -> timezone:
    """Return a time zone that is the same on every machine; `dateutil` would take the names of its own machine's.

    Raises:
        KeyError: the name is not known, or means several zones.
    """
    return timezone(timedelta(seconds=offset) if offset is not None else timedelta(hours=_ZONES[(name or "Z").upper()]))


@functools.cache
def _parser():
    """Return the parser of `dateutil`, with two-digit years that do not depend on today: 69 to 99 are before 2000."""
    from dateutil.parser import parser, parserinfo

    class FixedCentury(parserinfo):
        def convertyear(self, year: int, century_specified: bool = False) -> int:
            return year if century_specified or year > 99 else year + (1900 if year > 68 else 2000)

    return parser(FixedCentury())
