"""How much honest text the heuristic rules of a recipe drop, by rule and language, and how much that is not.

    python -m tests.bench.collateral [RECIPE] [PRESET]

The stages from FIRST to LAST of the recipe (`pipelines/wanjuan_cc.yaml` by default) see texts that are already extracted.
Every rule judges every text, dropped or not, so that it can be said what each rule takes *alone*: texts that no other
rule drops. The values are those of the recipe; texts in other languages than its own are judged with the values for
their language in PRESET (`measured` by default), a file in `curate/stages/filters/presets`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

import curate
from curate import signals, spec
from curate.batch import Batch
from curate.spec import StageSpec
from curate.stage import Kind
from tests.bench import honest_texts
from tests.bench.honest_texts import Texts
from tests.bench.real_data import need_real_data

RECIPE = Path(__file__).resolve().parents[2] / "pipelines" / "wanjuan_cc.yaml"
PRESETS = Path(curate.__file__).parent / "stages" / "filters" / "presets"
FIRST, LAST = "text.normalise", "filters.c4.page"
OWN = "en"
"""The language of the recipe: its values are used as they are."""


def main() -> None:
    """Print the tables."""
    recipe, preset, *_ = [*sys.argv[1:], *[str(RECIPE), "measured"][len(sys.argv) - 1 :]]
    stages = heuristics(recipe)
    values = yaml.safe_load((PRESETS / f"{preset}.yaml").read_text(encoding="utf-8"))
    data = need_real_data()
    for title, kinds in (
        ("Honest text lost", honest_texts.honest(data)),
        ("Other text dropped", honest_texts.unwanted(data)),
    ):
        found = [(kind, broken(stages, kind.texts, values_for(kind.language, values))) for kind in kinds]
        print(f"\n{title}\n\n| texts | language | documents | lost | share |\n|---|---|---:|---:|---:|")
        for kind, rules in found:
            lost = np.any(list(rules.values()), axis=0)
            print(f"| {kind.name} | {kind.language} | {len(lost):,} | {lost.sum():,} | {lost.mean():.1%} |")
        print(f"\n{title}, by rule\n\n| texts | language | rule | lost | by this rule alone |\n|---|---|---|---:|---:|")
        for kind, rules in found:
            print_rules(kind, rules)


def heuristics(recipe: str) -> list[StageSpec]:
    """Return the stages of a recipe from FIRST to LAST."""
    stages = [stage for stage in spec.read(recipe).stages if stage]
    names = [stage.name for stage in stages]
    return stages[names.index(FIRST) : names.index(LAST) + 1]


def values_for(language: str, preset: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the values of a preset for a language: stage -> parameter -> value."""
    if language == OWN:
        return {}
    return {stage: languages.get(language, {}) for stage, languages in preset.items()}


def broken(
    stages: Sequence[StageSpec], texts: list[str], values: Mapping[str, Mapping[str, Any]]
) -> dict[str, np.ndarray]:
    """Judge texts by every rule of the stages.

    Returns:
        "stage  reason" -> bool[n], the texts that break the rule.
    """
    batch = Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts})
    found = {}
    for stage in stages:
        made = stage.stage.construct({**stage.all_params, **values.get(stage.name, {})})
        if stage.stage.kind is Kind.RULES:
            rules = made()
            verdicts = rules.judge(signals.measure(rules.signals, batch), len(batch))
            found |= {f"{stage.label}  {reason}": verdicts.failed[:, k] for k, reason in enumerate(verdicts.reasons)}
        else:
            batch = made(batch)
    return found


def print_rules(kind: Texts, rules: Mapping[str, np.ndarray]) -> None:
    """Print the rules that drop texts, the most expensive first."""
    n_broken = np.sum(list(rules.values()), axis=0)
    for rule, is_broken in sorted(rules.items(), key=lambda item: -item[1].sum()):
        if is_broken.any():
            alone = (is_broken & (n_broken == 1)).sum()
            print(f"| {kind.name} | {kind.language} | {rule} | {is_broken.sum():,} | {alone:,} |")


if __name__ == "__main__":
    main()
