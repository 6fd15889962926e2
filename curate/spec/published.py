"""The `published:` section of a recipe: what the paper it rebuilds reports, for a run to be compared with.

It changes nothing of what runs. Every figure is checked against the recipe, so that a comparison that cannot be made is
an error before anything is spent.
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
"""What the section may hold."""


@dataclass(frozen=True, slots=True)
class Step:
    """How much of the crawl was left after a step.

    Args:
        name: what the paper calls it.
        after: the label of the recipe's stage that ends the step.
        share: documents left, of all documents of the raw crawl, 0 to 1.
    """

    name: str
    after: str
    share: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a published figure shows of the distribution of a signal or column over the documents that were kept.

    Args:
        peak: from where to where it is highest; twice the same number for a point.
        range: from where to where it was shown.
        where: `file:line:column  path`.
    """

    column: str
    peak: tuple[float, float]
    range: tuple[float, float]
    where: str


@dataclass(frozen=True, slots=True)
class Published:
    """The whole section.

    Args:
        source: who published the figures, where.
        remarks: why a run of this recipe may come out otherwise; free text.
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
        section: as it stands in the recipe.
        labels: of the recipe's source and stages, in their order.
    Raises:
        SpecError: with the place, what was expected and what was found.
    """
    entries = _mapping(section, KEYS, "published")
    if "source" not in entries:
        raise SpecError("say under `source` who published the figures, and where.", section.place)
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
            said = marks.plain(after)
            raise SpecError(
                f'the recipe has no stage "{said}".{registry.nearest(str(said), labels)}  It has: {", ".join(labels)}.',
                after.place,
            )
        if labels.index(after.value) <= last_at:
            raise SpecError("the step ends at or before the one above it; write steps in their order.", after.place)
        if not 0 <= share <= last_share:
            raise SpecError(
                f"expected a share of the raw crawl, from 0 to the {last_share:g} left before it, got {share:g}.",
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
            raise SpecError(f"the peak {list(peak)} does not lie in the range {list(shown)}.", given["peak"].place)
        yield Distribution(column, peak, shown, entry.key_place)


def _interval(marked: Marked) -> tuple[float, float]:
    """Return a number as an interval of no length, and two numbers as one."""
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
        "description": "What the paper reports, for a run to be compared with. Changes nothing of what runs.",
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
