"""Every recipe that ships, on what it reads without options: planned without a warning, run, and looked at."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest
import yaml

import curate
from curate import spec
from curate.classifiers.examples import Examples
from curate.classifiers.fit_fasttext import FastTextSettings
from curate.classifiers.training import train
from curate.engine.planning import prepare
from curate.errors import SpecError
from curate.spec import shipped
from tests.classifiers import models
from tests.conftest import ROOT
from tests.engine.test_stage_runners import ledger, rejects, result

RECIPES = shipped.recipes()

PROSE = ("article", "near_duplicate", "print_version", "exact_duplicate", "documentation", "forum_thread", "product")
"""Kinds of pages that people wrote for people; what else is in the crawl, `truth.jsonl` says."""

MENUS = {"menu_only", "number_table", "needs_script", "lorem_ipsum", "letter_spaced", "paywall"}


@dataclass(frozen=True)
class Wanted:
    """What is characteristic of the result of a recipe.

    Args:
        kept: how many documents stay, at least and at most.
        reasons: stage and reason of some documents that are dropped.
        languages: those of the documents kept; empty if the recipe does not look at languages.
    """

    kept: tuple[int, int]
    reasons: tuple[tuple[str, str], ...]
    languages: frozenset[str] = frozenset({"en"})


WANTED: Mapping[str, Wanted] = {
    "c4": Wanted(
        (120, 180),
        (
            ("dedup.exact", "exact_duplicate"),
            ("filters.c4.page", "too_few_sentences"),
            ("safety.words", "many_listed_words"),
            ("dedup.lines", "only_repeated_lines"),
        ),
    ),
    "clean_jsonl": Wanted(
        (45, 60),
        (("filters.gopher.repetition", "repeated_lines"), ("dedup.exact", "exact_duplicate"), ("dedup.minhash", "near_duplicate")),
        frozenset({"ar", "de", "en", "fr", "ja", "zh"}),
    ),
    "dclm_baseline": Wanted((5, 25), (("dedup.minhash", "near_duplicate"), ("quality.keep_top", "not_in_top"))),
    "dedup_only": Wanted((50, 62), (("dedup.exact", "exact_duplicate"), ("dedup.minhash", "near_duplicate")), frozenset()),
    "fineweb": Wanted(
        (70, 110),
        (
            ("filters.gopher.quality", "too_few_letters"),
            ("filters.c4.page", "too_few_sentences"),
            ("filters.fineweb.quality", "mostly_short_lines"),
            ("dedup.minhash", "near_duplicate"),
        ),
    ),
    "gopher": Wanted(
        (110, 170),
        (
            ("safety.words", "listed_words"),
            ("filters.gopher.quality", "too_few_stop_words"),
            ("filters.gopher.repetition", "repeated_lines"),
            ("dedup.exact", "exact_duplicate"),
            ("dedup.minhash", "near_duplicate"),
        ),
    ),
    "internlm2_text": Wanted(
        (45, 90),
        (
            ("filters.wanjuan.separators", "mostly_menu_or_table"),
            ("filters.wanjuan.punctuation", "too_little_punctuation"),
            ("dedup.minhash", "near_duplicate"),
            ("quality.keep_top", "not_in_top"),
        ),
        frozenset({"en", "zh"}),
    ),
    "monthly": Wanted((45, 90), (("dedup.exact", "exact_duplicate"), ("dedup.minhash", "near_duplicate"))),
    "multilingual": Wanted(
        (30, 50),
        (("dedup.minhash", "near_duplicate"), ("filters.gopher.quality", "too_few_letters")),
        frozenset({"ar", "de", "es", "fr", "ja", "ru", "zh"}),
    ),
    "refinedweb": Wanted(
        (120, 180),
        (
            ("filters.gopher.repetition", "repeated_lines"),
            ("dedup.minhash", "near_duplicate"),
            ("dedup.lines", "only_repeated_lines"),
            ("dedup.exact", "exact_duplicate"),
        ),
    ),
    "wanjuan1": Wanted(
        (90, 150),
        (("filters.wanjuan.punctuation", "too_little_punctuation"), ("dedup.exact", "exact_duplicate"), ("dedup.minhash", "near_duplicate")),
        frozenset({"en", "zh"}),
    ),
    "wanjuan_cc": Wanted(
        (25, 60),
        (("filters.wanjuan.punctuation", "too_little_punctuation"), ("dedup.minhash", "near_duplicate"), ("quality.keep_top", "not_in_top")),
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def hq_model(tmp_path_factory) -> Path:
    """A fastText model with the labels of DCLM's, trained for a moment."""
    path = tmp_path_factory.mktemp("hq") / "hq.bin"
    made = models.labelled()
    examples = Examples(made.texts, ~made.is_positive, "hq", slices=made.slices)
    train(examples, path, backend="fasttext", settings=FastTextSettings(epochs=(5,), dim=8, bucket=1000, min_count=1))
    return path


@pytest.fixture
def settings(hq_model, tmp_path):
    """Return what a recipe cannot do without on another machine, and an index that no other run fills."""
    needed = {"dclm_baseline": [f"vars.model={hq_model}"], "monthly": [f"vars.index={tmp_path / 'index'}"]}
    return lambda name: needed.get(name, [])


@pytest.fixture(scope="module")
def kinds() -> dict[tuple[str, str], str]:
    """The kind of each page of the example crawl, by file and URL."""
    lines = (ROOT / "examples" / "crawl" / "truth.jsonl").read_text().splitlines()
    return {(page["file"], page["url"]): page["kind"] for page in map(json.loads, lines)}


def test_every_recipe_is_tested():
    assert RECIPES.keys() == WANTED.keys()


def test_a_wheel_has_the_recipes_where_they_are_looked_for():
    """In a checkout they are beside the package; `curate.spec.shipped` looks inside of it first."""
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["force-include"] == {"pipelines": str(shipped.INSTALLED.relative_to(ROOT))}
    assert {path.parent for path in RECIPES.values()} == {ROOT / "pipelines"}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_valid_and_plans_without_a_warning(name, settings):
    jsonschema.validate(yaml.safe_load(RECIPES[name].read_text()), spec.json_schema())
    planned = prepare(str(RECIPES[name]), settings=settings(name))
    assert planned.warnings == ()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_says_what_it_makes_and_the_readme_names_it(name):
    text = RECIPES[name].read_text()
    assert text.startswith("# ") and shipped.description_of(name)
    assert len(text.splitlines()) <= 85 and max(map(len, text.splitlines())) <= 120
    assert f"`{name}`" in (ROOT / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_keeps_what_it_should(name, settings, tmp_path, kinds):
    url = curate.run(str(RECIPES[name]), output=str(tmp_path / "run"), settings=settings(name), workers=1)
    assert json.loads(Path(url, "manifest.json").read_text())["warnings"] == []
    kept, dropped, wanted = result(url), rejects(url), WANTED[name]
    least, most = wanted.kept
    assert least <= len(kept) <= most
    assert {row.get("language") for row in kept} - {None} == wanted.languages
    assert set(wanted.reasons) <= {(row["stage"].partition("#")[0], row["reason"]) for row in dropped}
    if "examples/crawl" in RECIPES[name].read_text():
        found = Counter(_kind(row, kinds) for row in kept)
        assert sum(found[kind] for kind in PROSE) > 0.7 * found.total()
        assert not found.keys() & (MENUS | {"status_404", "pdf", "image"})


def _kind(row: dict, kinds: Mapping[tuple[str, str], str]) -> str:
    file = row["id"].rpartition("/")[0]
    return next(kind for (path, url), kind in kinds.items() if path.endswith(file) and url == row["url"])


def test_dclm_says_that_its_model_is_missing():
    with pytest.raises(SpecError, match=r"model\n  no model .*openhermes_reddit_eli5_vs_rw_v2_bigram_200k_train\.bin: there is no such file"):  # fmt: skip
        prepare(str(RECIPES["dclm_baseline"]))


@pytest.mark.slow
def test_a_second_month_has_nothing_that_the_first_one_kept(tmp_path):
    def month(name: str) -> str:
        changes = [f"vars.month={name}", f"vars.index={tmp_path / 'index'}"]
        return curate.run(str(RECIPES["monthly"]), output=str(tmp_path / name), settings=changes, workers=1)

    first, second = month("2023-50"), month("2024-10")
    assert not {row["url"] for row in result(first)} & {row["url"] for row in result(second)}
    known = {row["id"] for row in result(first)}
    copies = [row for row in rejects(second) if row["kept_id"] in known]
    assert {"exact_duplicate", "near_duplicate"} <= {row["reason"] for row in copies}
    alone = ledger(month("2024-10"))  # again, in its folder: what it stored itself does not count
    assert alone["sinks.parquet"]["out"] == len(result(second))
