"""The output's columns at plan time: which come out under which names, and what of a choice cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curate import registry
from curate.errors import Problems, SpecError
from curate.plan.phases import Output
from curate.spec import PipelineSpec
from curate.spec.output import ALWAYS, ColumnChoice, fits


@dataclass(frozen=True, slots=True)
class Made:
    """The columns that are there at the end of a recipe.

    Args:
        names: all of them, in the order in which they were made.
        measured: those that are signals or other measurements.
        is_open: a datatrove block may have made others, which nobody declared.
    """

    names: tuple[str, ...]
    measured: frozenset[str]
    is_open: bool


@dataclass(frozen=True, slots=True)
class OutputColumns:
    """The output's columns.

    Args:
        output: as the last map phase needs it.
        names: of the columns that come out, as they are called in the output. left_out: of the others.
    """

    output: Output
    names: tuple[str, ...]
    left_out: tuple[str, ...]


def choose(spec: PipelineSpec, made: Made, problems: Problems) -> OutputColumns:
    """Apply the recipe's choice of columns.

    Args:
        problems: takes what is wrong: a pattern or a renamed column is none of the columns, or two columns would have the
            same name.
    """
    choice = spec.output.columns
    if not made.is_open:
        for problem in _unknown(choice, made.names):
            problems.add(SpecError(problem, spec.output.where))
    chosen = choice.of(made.names, made.measured)
    with problems.noted():
        _check_clash(chosen, choice, made, spec.output.where)
    left_out = tuple(name for name in made.names if name not in chosen)
    return OutputColumns(
        Output(spec.sink.label, choice, tuple(sorted(made.measured))), tuple(chosen.values()), left_out
    )


def _unknown(choice: ColumnChoice, names: tuple[str, ...]) -> Iterator[str]:
    patterns = {"keep": choice.keep or (), "add": choice.add, "drop": choice.drop}
    families = dict.fromkeys(f"{name.partition('.')[0]}.*" for name in names if "." in name)
    for key, wanted in patterns.items():
        for pattern in wanted:
            if not any(fits(name, [pattern]) for name in names):
                yield f"{key}: no column of this recipe fits `{pattern}`.{registry.nearest(pattern, [*names, *families])}"
    for name in choice.rename:
        if name not in names:
            yield f"rename: this recipe makes no column `{name}`.{registry.nearest(name, names)}"


def _check_clash(chosen: dict[str, str], choice: ColumnChoice, made: Made, where: str) -> None:
    by_name: dict[str, str] = {}
    for name, new in chosen.items():
        if new in by_name:
            renamed, other = (name, by_name[new]) if name in choice.rename else (by_name[new], name)
            way_out = "" if other in ALWAYS else f", or drop or rename `{other}`"
            raise SpecError(
                f"rename: `{renamed}` cannot be called `{new}`, as another column is.  Choose another name{way_out}.",
                where,
            )
        by_name[new] = name
