"""A bundled model scores the languages that it knows; documents in others pass, counted. Plans warn of what is for one language."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import curate
from curate import Batch
from curate.classifiers.loading import BUNDLED, ModelName, languages_of
from curate.engine.planning import prepare
from curate.stages.safety.classifier import classifier

ENGLISH = "The committee met on Tuesday and decided to close the old bridge until the repairs were finished in spring. "
SPANISH = "El comité se reunió el martes y decidió cerrar el viejo puente hasta que terminen las obras en primavera. "
CHINESE = "委员会星期二开会，决定在春天完工之前关闭旧桥，居民们对此感到非常失望。"


def score(model: str, **columns) -> tuple[list[float | None], dict[str, int]]:
    stage = classifier(model=ModelName(model), score="s")
    stage.setup()
    texts = [ENGLISH, SPANISH, CHINESE, " "]
    batch = stage(Batch.from_columns({"id": list("abcd"), "text": texts, **columns}))
    return batch["s"].to_pylist(), batch.counts


def ledger(url: str) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(Path(url, "ledger.json").read_text())["stages"]}


def kept(url: str) -> list[str]:
    return sorted(i for path in Path(url, "data").glob("*.parquet") for i in pq.read_table(path)["id"].to_pylist())


def test_every_bundled_classifier_says_which_languages_it_knows():
    names = {path.stem for path in BUNDLED.glob("*.npz")} - {"extraction"}
    assert {name: languages_of(name) for name in names} == {
        **dict.fromkeys(names, ("en",)), "toxicity_zh": ("zh",)
    }  # fmt: skip
    assert languages_of(str(BUNDLED / "adult.npz")) == ("en",)


def test_a_model_of_the_users_knows_all_languages(linear_file):
    scores, counts = score(str(linear_file), language=["en", "es", "zh", "un"])
    assert [value is None for value in scores] == [False, False, False, True] and counts == {"no_score_blank": 1}


@pytest.mark.parametrize(
    ("model", "languages", "scored"),
    [
        ("adult", ["en", "es", "zh", "en"], [0]),
        ("toxicity_zh", ["en", "es", "zh-Hant", "zh"], [2]),
        ("adult", ["eng", "spa", "zho", "un"], [0]),
        ("adult", ["un", None, "Chinese", "en"], [0, 1, 2]),
        ("toxicity_zh", ["cmn", "yue", "chi", "zh"], [0, 2]),
    ],
)
def test_only_documents_in_a_known_other_language_get_no_score(model, languages, scored):
    scores, counts = score(model, language=languages)
    everything, _ = score(model)
    assert scores == [everything[i] if i in scored else None for i in range(4)]
    n_blank = languages[3] in ("en", "zh", "un")
    assert counts.get("no_score_other_language", 0) == 4 - len(scored) - n_blank
    assert counts["no_score_blank"] == n_blank


@pytest.fixture
def corpus(write_jsonl):
    texts = {"en": ENGLISH * 3, "es": SPANISH * 3, "zh": CHINESE * 3}
    rows = [{"id": f"{name}{k}", "text": f"{text}{k}."} for name, text in texts.items() for k in range(4)]
    write_jsonl("0.jsonl", [*rows, {"id": "blank", "text": " "}])


SCORED = {"quality.classifier": {"model": "fluency", "score": "fluency_score"}}


def source(tmp_path) -> dict:
    return {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "fields": {"id": "id"}}}


def test_a_threshold_lets_pass_what_has_no_score_because_of_its_language_and_nothing_else(
    corpus, write_recipe, tmp_path
):
    threshold = {"quality.threshold": {"score": "fluency_score", "min": 0.01}}
    recipe = write_recipe(["language.detect", SCORED, "checkpoint", threshold], inputs=source(tmp_path))
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    assert kept(url) == sorted(f"{name}{k}" for name in ("en", "es", "zh") for k in range(4))
    counted = ledger(url)
    assert counted["quality.classifier"]["counts"]["no_score_other_language"] == 8
    assert counted["quality.threshold"]["counts"] == {"no_score_other_language": 8}
    assert counted["quality.threshold"]["dropped"] == {"no_score": 1}


def test_without_languages_everything_is_scored_and_the_plan_warns(corpus, write_recipe, tmp_path):
    recipe = write_recipe(
        [SCORED, {"quality.threshold": {"score": "fluency_score", "min": 0.01}}], inputs=source(tmp_path)
    )
    (warning,) = prepare(recipe).warnings
    assert "quality.classifier knows en only" in warning and "language.detect" in warning and "test.yaml:" in warning
    counted = ledger(curate.run(recipe, output=str(tmp_path / "run"), workers=1))
    assert not counted["quality.threshold"]["counts"]
    assert counted["quality.threshold"]["dropped"]["no_score"] == 1


@pytest.mark.parametrize(
    "stage", [{"quality.keep_top": {"share": 0.5}}, {"quality.top_per": {"column": "source", "count": 2}}]
)
def test_ranking_keeps_the_best_of_what_has_a_score_and_all_of_other_languages(stage, corpus, write_recipe, tmp_path):
    ((name, params),) = stage.items()
    stages = ["language.detect", SCORED, {name: {**params, "by": ["fluency_score"]}}]
    url = curate.run(write_recipe(stages, inputs=source(tmp_path)), output=str(tmp_path / "run"), workers=1)
    found = kept(url)
    assert [i for i in found if i[:2] != "en"] == sorted(f"{name}{k}" for name in ("es", "zh") for k in range(4))
    assert sum(i[:2] == "en" for i in found) == 2
    metrics = json.loads(Path(url, "manifest.json").read_text())["metrics"][name]
    assert metrics == {"documents": 13, "kept": 10, "no_score": 1, "no_score_other_language": 8}


@pytest.mark.parametrize(
    ("keep", "rule", "warns"),
    [
        (["en", "zh"], "filters.gopher.quality", "keeps en, zh"),
        ([], "filters.gopher.quality", "keeps all languages"),
        (["zh-Hant"], "filters.gopher.quality", "keeps zh-Hant"),
        (["en"], "filters.gopher.quality", ""),
        (["en", "zh"], {"filters.gopher.quality": {"min_stop_words": None}}, ""),
        (["en", "zh"], "filters.gopher.repetition", ""),
        (["en", "de"], {"quality.threshold": {"score": "words.function_share", "min": 0.1}}, "keeps en, de"),
        (["en", "de"], {"text.measure": {"signals": ["words.function_share"]}}, ""),
        (["en", "fr"], "filters.c4.lines", "keeps en, fr"),
        (["en", "fr"], {"filters.c4.lines": {"drop_policies": False}}, ""),
        (["en"], "filters.c4.lines", ""),
        (None, "filters.gopher.quality", ""),
    ],
)
def test_the_plan_warns_of_rules_that_are_made_for_one_language(keep, rule, warns, corpus, write_recipe, tmp_path):
    detect = [{"language.detect": {"keep": keep}}] if keep is not None else []
    found = prepare(write_recipe([*detect, rule], inputs=source(tmp_path))).warnings
    if not warns:
        assert found == ()
        return
    assert all("is made for en" in warning and f"language.detect {warns}" in warning for warning in found)
    assert len(found) == 1


def test_the_recipe_of_one_language_brings_no_warning(write_jsonl):
    from tests.conftest import ROOT

    recipe, crawl = str(ROOT / "pipelines" / "wanjuan_cc.yaml"), str(ROOT / "examples" / "crawl" / "**" / "*.warc.gz")
    assert prepare(recipe, input_paths=[crawl]).warnings == ()


def test_real_paragraphs_in_other_languages_are_not_dropped_as_adult(data, write_recipe, write_jsonl, tmp_path):
    rows = pq.read_table(data / "langid" / "xquad.parquet", columns=["id", "text", "metadata"]).to_pylist()
    wanted = ("de", "en", "es", "ro")
    docs = [{"id": row["id"], "text": row["text"]} for row in rows if row["metadata"]["lang"] in wanted]
    short = pq.read_table(data / "langid" / "tatoeba.parquet").to_pylist()
    for language in ("fra", "spa", "cat", "nld"):
        lines = [row["text"] for row in short if row["metadata"]["lang"] == language]
        docs += [{"id": f"{language}{k}", "text": " ".join(lines[k : k + 8])} for k in range(0, len(lines), 8)]
    write_jsonl("0.jsonl", docs)
    scored = {"safety.classifier": {"model": "adult", "score": "porn_score"}}
    threshold = {"quality.threshold": {"score": "porn_score", "max": 0.7}}
    before, after = (
        curate.run(
            write_recipe([*first, scored, threshold], inputs=source(tmp_path), name=name),
            output=str(tmp_path / f"run-{name}"),
            workers=1,
        )
        for name, first in (("without", []), ("with", ["language.detect"]))
    )
    assert ledger(before)["quality.threshold"]["dropped"]["score_too_high"] > 60, (
        "the model does not know these languages"
    )
    assert sum(ledger(after)["quality.threshold"]["dropped"].values()) <= 1
    assert ledger(after)["quality.threshold"]["counts"]["no_score_other_language"] > 0.9 * (len(docs) - 240)
    assert ledger(after)["safety.classifier"]["in"] == len(docs)
