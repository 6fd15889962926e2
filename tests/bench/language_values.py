"""Find values of the heuristic rules with which they spare honest text in other languages than English.

    python -m tests.bench.language_values > curate/stages/filters/presets/measured.yaml

The rules are those of `pipelines/wanjuan_cc.yaml`, and so are the values where they drop at most LIMIT of each kind of
honest text in a language. Elsewhere the value is the strictest with two decimals that does. A rule that is made for English
is off, and so is one that could drop nothing any more. For English nothing is measured: its values are published,
and `tests.bench.collateral` says what they cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from curate import signals
from curate.batch import Batch
from curate.rules import Bound
from curate.signals import SIGNALS
from curate.spec import StageSpec
from curate.stage import Kind
from tests.bench import honest_texts
from tests.bench.collateral import OWN, RECIPE, heuristics
from tests.bench.honest_texts import Texts
from tests.bench.real_data import need_real_data

LIMIT = 0.01

HEADER = """\
# Values of the heuristic rules by language, measured on honest text: Wikipedia paragraphs of XQuAD (48 texts in each
# language), 7,862 articles of the Chinese Wikipedia, Don Quixote (es) and Die Verwandlung (de) in parts.
# A value is here if the one for English drops more than 1 % of a kind of these texts; this one drops at most 1 %.
# null: the rule is made for English, or could drop nothing any more.
# Made by `python -m tests.bench.language_values`, which says more; `python -m tests.bench.collateral` shows what is lost.
"""


def main() -> None:
    """Print the preset."""
    print(preset(need_real_data()), end="")


def preset(data: Path) -> str:
    """Return the preset as YAML, with the share of texts that the English value drops beside each value."""
    kinds = [kind for kind in honest_texts.honest(data) if kind.language != OWN]
    stages = heuristics(str(RECIPE))
    found: dict[str, dict[str, dict[str, str]]] = {}
    for language in sorted({kind.language for kind in kinds}):
        for name, parameter, value in values(stages, [kind for kind in kinds if kind.language == language]):
            found.setdefault(name, {}).setdefault(language, {})[parameter] = value
    lines = [HEADER]
    for name, languages in found.items():
        lines.append(f"{name}:\n")
        for language, chosen in languages.items():
            lines.append(f"  {language}:\n")
            lines += [f"    {parameter}: {value}\n" for parameter, value in chosen.items()]
    return "".join(lines)


def values(stages: Sequence[StageSpec], kinds: Sequence[Texts]) -> Iterator[tuple[str, str, str]]:
    """Yield `(stage, parameter, "value  # comment")` for each parameter whose value drops too much of one kind of text."""
    batches = [Batch.from_columns({"id": [""] * len(kind.texts), "text": kind.texts}) for kind in kinds]
    for stage in stages:
        made = stage.stage.construct(stage.all_params)
        if stage.stage.kind is not Kind.RULES:
            batches = [made(batch) for batch in batches]
            continue
        measured = [signals.measure(made().signals, batch) for batch in batches]
        for parameter, bound in bounds(stage):
            found = [of_kind[bound.signal] for of_kind in measured]
            lost = max(float(bound.broken_by(values).mean()) for values in found)
            if lost > LIMIT:
                chosen = None if SIGNALS[bound.signal].language == OWN else loosened(bound, found)
                yield stage.name, parameter, f"{'null' if chosen is None else chosen}  # English value: {lost:.1%}"


def bounds(stage: StageSpec) -> Iterator[tuple[str, Bound]]:
    """Yield the parameters that are bounds, with their bounds: those without which one bound is another."""
    given = stage.all_params
    rules = dict(stage.stage.construct(given)())
    for parameter, value in given.items():
        if isinstance(value, bool) or value is None:
            continue
        without = dict(stage.stage.construct({**given, parameter: None})())
        for reason, bound in rules.items():
            if bound != without[reason]:
                yield parameter, bound


def loosened(bound: Bound, found: Sequence[np.ndarray]) -> Any:
    """Return the strictest value with two decimals that drops at most LIMIT of each array; None if it drops nothing."""
    is_least = bound.at_least is not None
    known = [values[~np.isnan(values)].astype(float) for values in found]
    if is_least:
        value = min(np.quantile(values, LIMIT, method="lower") for values in known)
    else:
        value = max(np.quantile(values, 1 - LIMIT, method="higher") for values in known)
    if SIGNALS[bound.signal].dtype is np.int32:
        return int(value)
    value = (math.floor if is_least else math.ceil)(round(value * 100, 3)) / 100
    return None if value == (0.0 if is_least else 1.0) else value


if __name__ == "__main__":
    main()
