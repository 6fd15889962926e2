"""Read the `published:` section of a recipe: the figures of the paper that runs are compared with.

The section does not affect what runs. Every figure is checked against the recipe, so that an impossible comparison is
an error before anything runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from curate import registry
from curate.errors import SpecError
from curate.spec import marks
from curate.spec.marks import Marked

KEYS = ("source", "remarks", "left", "distributions")
"""The keys of the section."""


@dataclass(frozen=True, slots=True)
class Step:
    """The share of documents left after a step of the paper's pipeline.

    Args:
        name: its name in the paper.
        after: the label of the last stage of the recipe that belongs to the step.
        share: documents left after the step, as a share of the raw crawl, 0-1.
    """

    name: str
    after: str
    share: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """The published distribution of a signal or column over the kept documents.

    Args:
        column: the signal or column.
        peak: the interval in which the distribution is highest; twice the same number for a point.
        range: the interval shown in the paper.
        where: the position in the recipe, as `file:line:column  path`.
    """

    column: str
    peak: tuple[float, float]
    range: tuple[float, float]
    where: str


@dataclass(frozen=True, slots=True)
class Published:
    """The whole section.

    Args:
        source: who published the figures, and where.
        remarks: why runs of this recipe may differ; free text.
        left: the shares left after each step.
        distributions: the distributions.
    """

    source: str
    remarks: str
    left: tuple[Step, ...]
    distributions: tuple[Distribution, ...]

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        for distribution in found["distributions"]:
            del distribution["where"]
        return found


def read(section: Marked, labels: Sequence[str]) -> Published:
    """Read the section.

    Args:
        section: the section of the recipe.
        labels: the labels of the recipe's source and stages, in order.
    Raises:
        SpecError: the section is not valid; the message names the position, what was found and what was expected.
    """
    entries = _mapping(section, KEYS, "published")
    if "source" not in entries:
        raise SpecError("the section has no `source`; expected who published the figures, and where.", section.place)
    source, remarks = (_text(entries[key]) if key in entries else "" for key in ("source", "remarks"))
    left = tuple(_steps(entries["left"], labels)) if "left" in entries else ()
    distributions = tuple(_distributions(entries["distributions"])) if "distributions" in entries else ()
    return Published(source, remarks, left, distributions)


def _steps(marked: Marked, labels: Sequence[str]) -> Iterator[Step]:
    if not isinstance(marked.value, list):
        raise SpecError("expected a list of {step, after, share}, in the order of the stages.", marked.place)
    last_at, last_share = -1, 1.0
    for entry in marked.value:
        given = _mapping(entry, ("step", "after", "share"), "a step")
        for key in ("step", "after", "share"):
            if key not in given:
                raise SpecError(f"the step has no `{key}`; expected {{step, after, share}}.", entry.place)
        after, share = given["after"], _number(given["share"])
        if not isinstance(after.value, str) or after.value not in labels:
            name = marks.plain(after)
            raise SpecError(
                f'the recipe has no stage "{name}".{registry.nearest(str(name), labels)}  It has: {", ".join(labels)}.',
                after.place,
            )
        if labels.index(after.value) <= last_at:
            raise SpecError(
                "the step ends at or before the previous one; list steps in the order of the stages.", after.place
            )
        if not 0 <= share <= last_share:
            raise SpecError(
                f"expected a share of the raw crawl, from 0 to the {last_share:g} left before this step, got {share:g}.",
                given["share"].place,
            )
        last_at, last_share = labels.index(after.value), share
        yield Step(_text(given["step"]), after.value, share)


def _distributions(marked: Marked) -> Iterator[Distribution]:
    for column, entry in _mapping(marked, None, "distributions").items():
        given = _mapping(entry, ("peak", "range"), column)
        for key in ("peak", "range"):
            if key not in given:
                raise SpecError(
                    f"{column} has no `{key}`; expected {{peak: [from, to], range: [from, to]}}.", entry.place
                )
        peak, shown = _interval(given["peak"]), _interval(given["range"])
        if not shown[0] <= peak[0] <= peak[1] <= shown[1] or shown[0] == shown[1]:
            raise SpecError(
                f"the peak {list(peak)} is not within the range {list(shown)}; correct one of the two.",
                given["peak"].place,
            )
        yield Distribution(column, peak, shown, entry.key_place)


def _interval(marked: Marked) -> tuple[float, float]:
    """Return a number as an interval of length 0, or two numbers as an interval."""
    if not isinstance(marked.value, list):
        number = _number(marked)
        return number, number
    if len(marked.value) != 2:
        raise SpecError(f"expected a number or [from, to], got {marks.plain(marked)!r}.", marked.place)
    low, high = map(_number, marked.value)
    if low > high:
        raise SpecError(f"expected [from, to] with the smaller number first, got {[low, high]}.", marked.place)
    return low, high


def _mapping(marked: Marked, keys: Sequence[str] | None, what: str) -> Mapping[str, Marked]:
    if not isinstance(marked.value, dict):
        raise SpecError(f"expected a mapping, got {marks.plain(marked)!r}.", marked.place)
    for key, value in marked.value.items():
        if keys and key not in keys:
            raise SpecError(
                f'no such key "{key}".{registry.nearest(str(key), keys)}  {what} has: {", ".join(keys)}.',
                value.key_place,
            )
    return marked.value


def _text(marked: Marked) -> str:
    if not isinstance(marked.value, str):
        raise SpecError(f"expected text, got {marks.plain(marked)!r}.", marked.place)
    return marked.value.strip()


def _number(marked: Marked) -> float:
    is_number = isinstance(marked.value, (int, float)) and not isinstance(marked.value, bool)
    if not is_number or not abs(marked.value) < float("inf"):
        raise SpecError(f"expected a number, got {marks.plain(marked)!r}.", marked.place)
    return float(marked.value)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the section."""
    interval = {
        "anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}]
    }
    step = {
        "step": {"type": "string"},
        "after": {"type": "string"},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
    }
    shown = {"peak": interval, "range": interval}
    return {
        "type": "object",
        "description": "Figures of the paper that runs are compared with. Does not affect what runs.",
        "additionalProperties": False,
        "required": ["source"],
        "properties": {
            "source": {"type": "string"},
            "remarks": {"type": "string"},
            "left": {"type": "array", "items": _object(step)},
            "distributions": {"type": "object", "additionalProperties": _object(shown)},
        },
    }


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}
