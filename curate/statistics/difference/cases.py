"""What a stage does otherwise in one recipe than in another, and for which documents: the cases of both are compared value by value.

The first case that fits a document counts, and a document that fits none passes. So what a stage does is a function of the columns
that its cases name; how the cases are written does not matter.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.spec import Case

APPLIES = "the stage applies"
"""What is compared for documents that one of the recipes lets pass: whether the stage applies to them."""

_REST = object()
"""Stands for all values that no case names."""

Values = dict[str, list[Any]]
"""Column -> values; a document is meant if each of these columns has one of its values."""


@dataclass(frozen=True, slots=True)
class CaseChange:
    """A parameter that some documents meet with another value.

    Args:
        param: its name; or `APPLIES`.
        a, b: its values; None if the recipe has none.
        when: the documents: column -> values. Empty: all.
        unless: column -> values that they do not have.
    """

    param: str
    a: Any
    b: Any
    when: Values
    unless: Values


def changes(a: Sequence[Case], b: Sequence[Case]) -> list[CaseChange]:
    """Return what differs, by parameter, for as few groups of documents as it is the same for.

    Args:
        a, b: the cases of the stage in both recipes; one for all documents if a recipe has none.
    """
    named = _named((*a, *b))
    met = [_met(cases, named) for cases in (a, b)]
    pairs: dict[tuple[int | None, int | None], list[int]] = {}
    for cell, pair in enumerate(zip(*met, strict=True)):
        pairs.setdefault(pair, []).append(cell)
    found = []
    for param in dict.fromkeys([APPLIES, *(name for case in (*a, *b) for name in case.params)]):
        groups: list[tuple[tuple[Any, Any], list[int]]] = []  # values need not be hashable
        for (one, other), cells in pairs.items():
            sides = _value(a, one, param), _value(b, other, param)
            if (param != APPLIES and None in (one, other)) or _are_same(*sides):
                continue
            same = next((cells for values, cells in groups if all(map(_are_same, values, sides))), None)
            if same is None:
                groups.append((sides, list(cells)))
            else:
                same.extend(cells)
        for sides, cells in groups:
            found += [CaseChange(param, *sides, *box) for box in _boxes(sorted(cells), named)]
    return found


def _named(cases: Sequence[Case]) -> Values:
    """Return column -> the values that cases name, and one for the rest."""
    columns = dict.fromkeys(column for case in cases for column in case.when)
    return {
        column: [*dict.fromkeys(value for case in cases for value in case.when.get(column, ())), _REST]
        for column in columns
    }


def _met(cases: Sequence[Case], named: Values) -> list[int | None]:
    """Return the case that counts for each combination of values, the last column fastest; None if none does."""
    fits = {
        column: [{k for k, case in enumerate(cases) if _fits(case, column, value)} for value in values]
        for column, values in named.items()
    }
    every = set(range(len(cases)))
    return [min(every.intersection(*each), default=None) for each in itertools.product(*fits.values())]


def _fits(case: Case, column: str, value: Any) -> bool:
    return column not in case.when or Case({column: case.when[column]}, {}).fits({column: value})


def _value(cases: Sequence[Case], which: int | None, param: str) -> Any:
    if param == APPLIES:
        return which is not None
    return None if which is None else cases[which].params.get(param)


def _are_same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _boxes(cells: Sequence[int], named: Values) -> Iterator[tuple[Values, Values]]:
    """Yield `when` and `unless` of groups of documents that together are these combinations of values."""
    sizes = [len(values) for values in named.values()]
    places = list(itertools.product(*map(range, sizes)))
    boxes = [tuple(frozenset([place]) for place in places[cell]) for cell in cells]
    for k in reversed(range(len(sizes))):  # boxes that differ in one column only become one
        merged: dict[tuple, frozenset] = {}
        for box in boxes:
            rest = box[:k], box[k + 1 :]
            merged[rest] = merged.get(rest, frozenset()) | box[k]
        boxes = [(*before, values, *after) for (before, after), values in merged.items()]
    for box in boxes:
        when, unless = {}, {}
        for (column, values), some in zip(named.items(), box, strict=True):
            if len(some) == len(values):
                continue
            is_rest = len(values) - 1 in some
            meant = [value for place, value in enumerate(values[:-1]) if (place in some) != is_rest]
            (unless if is_rest else when)[column] = meant
        yield when, unless


def as_cases(stage: Mapping[str, Any]) -> list[Case]:
    """Return the cases of a stage of a manifest; one for all documents if it has none."""
    return [Case(case["when"], case["params"]) for case in stage.get("cases", [{"when": {}, **stage}])]
