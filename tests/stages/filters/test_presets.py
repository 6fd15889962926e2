"""The presets name stages, languages and parameters that exist, with values that these take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from curate import registry
from curate.languages import is_known
from curate.rules import Rules
from curate.stages import filters
from curate.stages.language.detect import detect
from tests.bench import collateral, honest_texts, language_values

PRESETS = sorted(Path(filters.__file__).with_name("presets").glob("*.yaml"))
ENTRIES = [
    pytest.param(stage, language, values, id=f"{path.stem} {stage} {language}")
    for path in PRESETS
    for stage, languages in yaml.safe_load(path.read_text(encoding="utf-8")).items()
    for language, values in languages.items()
]


def test_there_are_published_values_and_measured_ones():
    assert [path.stem for path in PRESETS] == ["fineweb2", "measured"]


@pytest.mark.parametrize(("stage", "language", "values"), ENTRIES)
def test_an_entry_is_a_language_and_values_of_a_filter(stage, language, values):
    assert is_known(language) and detect(keep=[language]).keep == (language,)
    found = registry.find(stage)
    assert values and values.keys() <= found.params.keys()
    converted = {name: found.params[name].convert(value) for name, value in values.items()}
    assert converted == values
    assert isinstance(found.target(**values), Rules) and found.target(**values) != found.target()


def test_the_measured_values_are_those_that_the_bench_finds(data):
    assert collateral.PRESETS.joinpath("measured.yaml").read_text(encoding="utf-8") == language_values.preset(data)


def test_default_rules_spare_honest_text_and_drop_what_surrounds_it(data):
    stages = collateral.heuristics(str(collateral.RECIPE))
    measured = yaml.safe_load(collateral.PRESETS.joinpath("measured.yaml").read_text(encoding="utf-8"))

    def lost(kind: honest_texts.Texts) -> float:
        rules = collateral.broken(stages, kind.texts, collateral.values_for(kind.language, measured))
        return float(np.any(list(rules.values()), axis=0).mean())

    wikipedia, articles, _, chinese, *books_and_paragraphs = honest_texts.honest(data)
    assert lost(wikipedia) <= 0.05
    assert lost(articles) <= 0.1
    assert lost(chinese) <= 0.1
    assert max(map(lost, books_and_paragraphs)) <= 0.03
    judged, surroundings = honest_texts.unwanted(data)
    assert lost(judged) >= 0.4
    assert lost(surroundings) >= 0.95
