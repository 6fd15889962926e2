"""What the terminal shows of the catalogue of stages, and of one stage."""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from curate.cli.console import OUT, quoted, styled
from curate.params import Param, spell
from curate.spec.reader import GENERAL_PARAMS
from curate.spec.stages import known_params
from curate.stage import Stage

NARROWEST = 24
"""Characters that the last column of a table has at least, even on a narrower terminal."""


def stage_summary(stage: Stage) -> dict[str, Any]:
    """Return a stage as JSON-like data."""
    params = {
        p.name: {"type": spell(p.type), **({} if p.is_required else {"default": p.default})}
        for p in stage.params.values()
    }
    return {
        "name": stage.name,
        "kind": stage.kind.word,
        "summary": stage.summary,
        "params": params,
        "needs": stage.documented_columns.needs,
        "makes": tuple(stage.documented_columns.makes),
        "measures": stage.measures,
    }


# ---------------------------------------------------------------------- all stages


def print_catalogue(catalogue: Mapping[str, Stage]) -> None:
    """Print a line for each stage, grouped by family; on a terminal no line is longer than it is wide."""
    families = {name.partition(".")[0] for name in catalogue}
    for line in catalogue_lines(catalogue, OUT.width):
        OUT.print(line, style="bold" if line in families else "")
    OUT.print("\n`curate stages NAME` shows one, with its parameters and what it drops.")
    OUT.print("Functions of yours and datatrove's blocks are stages, too.")


def catalogue_lines(catalogue: Mapping[str, Stage], width: int | None) -> Iterator[str]:
    """Yield the catalogue as text: the name of a family and, indented, its stages with kind and first sentence.

    Args:
        catalogue: stages by name, sorted.
        width: characters per line at most, 56 or more; sentences that are longer end in an ellipsis. None cuts nothing.
    """
    rows = [(stage.name.partition(".")[2], stage.kind.word, stage.summary) for stage in catalogue.values()]
    lines = zip(catalogue, _aligned(rows, width), strict=True)
    for family, members in groupby(lines, key=lambda line: line[0].partition(".")[0]):
        yield family
        yield from (line for _, line in members)


def _aligned(rows: Sequence[tuple[str, str, str]], width: int | None) -> Iterator[str]:
    """Yield a line for each (name, kind, summary)."""
    names, kinds = (max((len(row[k]) for row in rows), default=0) for k in (0, 1))
    for name, kind, summary in rows:
        start = f"  {name:<{names}}  {kind:<{kinds}}  "
        yield start + _first_sentence(summary, width and max(NARROWEST, width - len(start)))


def _first_sentence(text: str, width: int | None) -> str:
    sentence = text.partition(". ")[0].removesuffix(".") + "."
    if not width or len(sentence) <= width:
        return sentence
    return textwrap.shorten(sentence, width - 1, placeholder="").rstrip(",;:") + "…"


# ---------------------------------------------------------------------- stages about a word


def about(catalogue: Mapping[str, Stage], word: str) -> dict[str, str]:
    """Return the stages whose name, summary, `Why:` or reasons have a word, without regard to case; all of them for "".

    Returns:
        name -> the line of `Why:` or `Drops:` with the word, empty if the word is in the name or the summary.
    """
    wanted = word.casefold()
    found = {}
    for name, stage in catalogue.items():
        if wanted in f"{name} {stage.summary}".casefold():
            found[name] = ""
        elif lines := [line for line in _searched(stage) if wanted in line.casefold()]:
            found[name] = lines[0]
    return found


def print_found(stages: Sequence[Stage], found: Mapping[str, str]) -> None:
    """Print a line for each stage of a search, and below it where the word is, if that is not in the line itself.

    Args:
        found: as `about` returns it.
    """
    for stage, line in zip(
        stages, _aligned([(each.name, each.kind.word, each.summary) for each in stages], OUT.width), strict=True
    ):
        OUT.print(line)
        if where := found[stage.name]:
            OUT.print(
                f"      {textwrap.shorten(where, max(NARROWEST, (OUT.width or 1000) - 6), placeholder='…')}",
                style="dim",
            )
    OUT.print("\n`curate stages NAME` shows one, with its parameters and what it drops.")


def _searched(stage: Stage) -> Iterator[str]:
    """Yield the sentences of `Why:`, and each reason of `Drops:` with its explanation."""
    yield from (f"{sentence.strip(' .')}." for sentence in " ".join(stage.help.get("Why", "").split()).split(". "))
    yield from (line.strip() for line in stage.help.get("Drops", "").split("\n"))


# ---------------------------------------------------------------------- one stage


def print_stage(stage: Stage) -> None:
    """Print a stage's parameters and its docstring."""
    OUT.print(styled(stage.name, "bold"), f"  {stage.kind.word}\n")
    for line in param_lines(list(stage.params.values()), OUT.width):
        OUT.print(line)
    known = {**GENERAL_PARAMS.get(stage.kind, {}), **known_params(stage)}
    if general := [param for name, param in known.items() if name not in stage.params]:
        OUT.print(f"{'  as' if stage.params else 'As'} every {stage.kind.word}:")
        for line in param_lines(general, OUT.width):
            OUT.print(line)
    if stage.params or general:
        OUT.print()
    OUT.print(quoted(inspect.getdoc(stage.target) or "", lines=True))


def param_lines(params: list[Param], width: int | None) -> Iterator[str]:
    """Yield parameters as text: name, default and type, in columns.

    Args:
        width: characters per line at most, 56 or more; longer types continue on the next line. None breaks no line.
    """
    rows = [(p.name, "required" if p.is_required else f"= {_spelled(p.default)}", spell(p.type)) for p in params]
    names, defaults = (max((len(row[k]) for row in rows), default=0) for k in (0, 1))
    for name, default, type_ in rows:
        start = f"  {name:<{names}}  {default:<{defaults}}  "
        room = max(NARROWEST, width - len(start)) if width else len(type_) + 1
        first, *more = textwrap.wrap(type_, room, break_long_words=False)
        yield start + first
        yield from (" " * len(start) + line for line in more)


def _spelled(default: object) -> str:
    """Return a default as it is written in a recipe."""
    return json.dumps(default, default=str, ensure_ascii=False)
