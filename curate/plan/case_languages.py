"""Which languages the documents of a stage's cases are in, as far as a plan can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from curate import languages
from curate.batch import Columns
from curate.spec import Case, StageSpec


def of_columns(cases: Sequence[Case], columns: Sequence[Columns]) -> dict[str, tuple[str, ...]]:
    """Return the languages of the documents that get a value, for each made column that not all documents get.

    Args:
        columns: of the stage in each of its cases.
    """
    found: dict[str, tuple[str, ...]] = {}
    for column in dict.fromkeys(name for each in columns for name in each.makes):
        of_cases = [
            each.languages.get(column) or tuple(case.when.get(languages.COLUMN, ()))
            for case, each in zip(cases, columns, strict=True)
            if column in each.makes
        ]
        if all(of_cases):
            found[column] = tuple(dict.fromkeys(language for known in of_cases for language in known))
    return found


def met(spec: StageSpec, case: Case, spoken: tuple[str, tuple[str, ...]] | None) -> tuple[str, tuple[str, ...]] | None:
    """Return who says in which languages the documents of a case are, and in which (empty: all); None if nobody does.

    Args:
        spoken: the same for all documents that come to the stage.
    """
    if asked := tuple(case.when.get(languages.COLUMN, ())):
        return "its case is for", asked
    if spoken is None:
        return None
    who, known = spoken
    others = [value for other in spec.cases if other is not case for value in other.when.get(languages.COLUMN, ())]
    left = tuple(language for language in known if languages.is_other(language, others)) if others else known
    return None if known and not left else (f"{who} keeps", left)


def spelled(when: Mapping[str, Sequence]) -> str:
    """Return the documents of a case in words."""
    return " and ".join(f"with {column} {' or '.join(map(str, values))}" for column, values in when.items())
