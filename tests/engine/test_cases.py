"""Stages for some documents (`when`), values for some documents (`per`), and functions that fail on some (`on_error`)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.batch import Batch, ListHits, Verdicts
from curate.engine.planning import prepare
from curate.engine.tasks import cases
from curate.engine.tasks.recorder import TaskRecorder
from curate.engine.tasks.stage_runners import through
from curate.errors import RunError, SpecError
from curate.plan import StageRef
from curate.spec import Case, json_schema

MINE = "tests.engine.my_stages"
LANGUAGES = ["en", "zh", "zh-Hant", "de", "un", None]


def rows_in(url: str, folder: str = "data") -> list[dict]:
    return [row for path in sorted(Path(url, folder).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def ledger(url: str) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(Path(url, "ledger.json").read_text())["stages"]}


@pytest.fixture
def run(write_recipe, write_jsonl, tmp_path):
    """Run a recipe on documents that say their language."""

    def run(stages, texts, *, folder="run") -> str:
        write_jsonl("a.jsonl", [{"text": text, "language": language} for language, text in texts])
        inputs = {"sources.jsonl": {"paths": str(tmp_path / "in" / "*.jsonl"), "extra": {"language": "string"}}}
        recipe = write_recipe(stages, inputs=inputs, modules=[MINE])
        return curate.run(recipe, output=str(tmp_path / folder), workers=1)

    return run


# ---------------------------------------------------------------------- groups of rules


def of_case(when: dict, **changes) -> Case:
    from curate import params, registry

    return Case(when, {**params.defaults(registry.find("filters.gopher.quality").params), **changes})


documents = st.lists(st.tuples(st.sampled_from(LANGUAGES), st.text(max_size=60)), min_size=1, max_size=30)


@given(documents, st.integers(0, 6), st.integers(0, 6), st.integers(1, 8))
def test_values_per_language_decide_as_recipes_run_apart(docs, for_zh, for_others, size):
    """Each language alone, with its values, through a plain filter, gives the decision of the filter with cases."""
    split = of_case({"language": ["zh"]}, min_words=for_zh, min_stop_words=None), of_case({}, min_words=for_others)
    batch = Batch.from_columns(
        {"id": [str(i) for i in range(len(docs))], "text": [text for _, text in docs], "language": pa.array([each for each, _ in docs], pa.string())}
    )  # fmt: skip
    ours = decisions([gopher(split)], batch, size)
    is_zh = np.array([language in ("zh", "zh-Hant") for language, _ in docs])
    apart = [
        decisions([gopher((), case.params)], batch.take(mask), size)
        for case, mask in zip(split, (is_zh, ~is_zh), strict=True)
    ]
    assert ours == {**apart[0], **apart[1]}


def gopher(split, params=None) -> StageRef:
    from curate import registry

    stage = registry.find("filters.gopher.quality")
    columns = {name: name for name in stage.construct({})().signals}
    return StageRef("filters.gopher.quality", "filters.gopher.quality", params or {}, columns, cases=tuple(split))


def decisions(refs, batch, size) -> dict[str, tuple]:
    """Return id -> the reason for which a document is dropped, and every rule it broke; None if it is kept."""
    recorder = TaskRecorder("none")
    batches = (batch.slice(start, min(size, len(batch) - start)) for start in range(0, len(batch), size))
    kept = [id for each in through(refs, (), batches, recorder) for id in each["id"].to_pylist()]
    recorder.ledger.check()
    found = {
        row["id"]: (row["reason"], row["value"], row["failed"])
        for rows in recorder.rejects._rows()
        for row in rows.to_pylist()
    }
    return {**dict.fromkeys(kept), **found}


def test_a_filter_for_one_language_lets_others_pass(run):
    url = run(
        [{"filters.gopher.quality": {"when": {"language": ["en", "de"]}, "min_words": 5}}],
        [("en", "a"), ("zh", "b"), (None, "c"), ("de", "d")],
    )
    assert [row["text"] for row in rows_in(url)] == ["b", "c"]
    entry = ledger(url)["filters.gopher.quality"]
    assert (entry["in"], entry["out"]) == (4, 2)


def test_a_longer_language_tag_is_asked_first(run):
    values = {"zh": {"min_words": 0}, "zh-Hant": {"min_words": 9}}
    stage = {
        "filters.gopher.quality": {
            "min_words": 0,
            "min_stop_words": None,
            "min_mean_word_length": None,
            "min_alpha_word_share": None,
            "per": {"language": values},
        }
    }
    url = run([stage], [("zh", "港口"), ("zh-Hant", "港口")])
    assert [row["language"] for row in rows_in(url)] == ["zh"]


# ---------------------------------------------------------------------- other stages


def test_an_edit_for_some_documents_leaves_the_others_as_they_are(run):
    url = run(
        [{f"{MINE}.exclaim": {"when": {"language": "en"}}}],
        [("en", "wow"), ("de", "Hut"), ("en", "why?"), ("de", "ja?")],
    )
    assert [(row["text"], row["n_marks"]) for row in rows_in(url)] == [("wow!", 1), ("Hut", None), ("ja?", None)]
    assert [row["reason"] for row in rows_in(url, "rejects")] == ["is_a_question"]


def test_each_language_has_its_model_and_others_none(run, tmp_path):
    from curate.stages.quality.classifier import classifier

    texts = [
        ("en", "You are kind people, and I like you. " * 4),
        ("zh", "你们都是很好的人，我喜欢你们。" * 4),
        ("de", "Ihr seid nett. " * 4),
    ]
    models = {"en": {"model": "toxicity"}, "zh": {"model": "toxicity_zh"}}
    url = run([{"quality.classifier": {"score": "toxic", "per": {"language": models}}}, {"quality.threshold": {"score": "toxic", "max": 1}}], texts)  # fmt: skip
    found = {row["language"]: row["toxic"] for row in rows_in(url)}
    for language, text in texts[:2]:
        alone = classifier(model=curate.classifiers.loading.ModelName(models[language]["model"]), score="toxic")
        alone.setup()
        wanted = alone(Batch.from_columns({"id": ["a"], "text": [text], "language": [language]}))["toxic"][0].as_py()
        assert found[language] == wanted
    assert found["de"] is None  # kept: its language has no model


@given(st.lists(st.tuples(st.integers(0, 3), st.sampled_from([None, "bad", "worse"]), st.booleans()), max_size=20))
def test_verdicts_about_parts_are_put_together_row_by_row(rows):
    """The slow twin looks at one row after the other."""
    parts = []
    for part in range(3):
        at = np.array([i for i, row in enumerate(rows) if row[0] == part], np.int64)
        own = Verdicts.of([rows[i][1] for i in at], [float(i) for i in at], [rows[i][1] for i in at])
        hits = ListHits(
            (f"list{part}", "both"), np.array([[rows[i][2], rows[i][2]] for i in at], bool).reshape(len(at), 2)
        )
        parts.append((at, Verdicts(own.reasons, own.code, own.value, own.evidence, lists=hits)))
    whole = cases.merged_verdicts(parts, len(rows))
    for i, (part, reason, is_listed) in enumerate(rows):
        is_judged = part < 3
        assert (None if whole.code[i] < 0 else whole.reasons[whole.code[i]]) == (reason if is_judged else None)
        assert whole.evidence[i] == (reason if is_judged else None)
        assert [whole.reasons[k] for k in np.flatnonzero(whole.failed[i])] == ([reason] if reason and is_judged else [])
        assert set(whole.lists.of(i)) == ({f"list{part}", "both"} if is_listed and is_judged else set())


# ---------------------------------------------------------------------- on_error


@pytest.mark.parametrize("stage", ["divides", "divides_batch", "divides_edit", "divides_batch_edit"])
def test_documents_on_which_a_function_fails_are_dropped_with_the_error(run, stage):
    texts = [("en", text) for text in ("2", "0", "1", "x", "0")]
    url = run([{f"{MINE}.{stage}": {"on_error": "drop"}}], texts)
    assert [row["text"] for row in rows_in(url)] == ["2", "1"]
    dropped = rows_in(url, "rejects")
    assert [(row["reason"], row["evidence"].partition(":")[0]) for row in dropped] == [
        ("function_failed", "ZeroDivisionError"), ("function_failed", "ValueError"), ("function_failed", "ZeroDivisionError"),
    ]  # fmt: skip
    assert ledger(url)[f"{MINE}.{stage}"]["counts"] == {"errors.ValueError": 1, "errors.ZeroDivisionError": 2}


@pytest.mark.parametrize("stage", ["divides", "divides_batch", "divides_edit", "divides_batch_edit"])
def test_if_all_documents_fail_the_columns_are_still_there(run, stage):
    url = run([{f"{MINE}.{stage}": {"on_error": "drop"}}, "checkpoint", "filters.gopher.quality"], [("en", "0")])
    data = pq.read_table(Path(url, "data"))
    assert not len(data) and ("inverse" in data.column_names) == stage.endswith("edit")


def test_answers_that_cannot_be_used_are_failures_too(run):
    texts = [("en", text) for text in ("2", "x", "1", "0")]
    url = run([{f"{MINE}.mislabels": {"on_error": "drop"}}], texts)
    assert [(row["text"], row["size"]) for row in rows_in(url)] == [("2", 2.0), ("1", 1.0)]
    said = {row["text"]: row["evidence"] for row in rows_in(url, "rejects")}
    assert "column `size` does not fit float" in said["x"] and said["0"].startswith("returned None")
    assert ledger(url)[f"{MINE}.mislabels"]["counts"] == {"errors.bad_answer": 2}
    with pytest.raises(RunError, match=r"document a\.jsonl/\d+: made a value that does not fit: column `size`"):
        run([f"{MINE}.mislabels"], texts[:3], folder="fails")


def test_without_it_the_task_fails_and_names_the_document(run):
    with pytest.raises(RunError, match=r"failed on document a\.jsonl/0: ZeroDivisionError"):
        run([f"{MINE}.divides"], [("en", "0")])


def test_a_broken_contract_is_no_failing_document(run):
    with pytest.raises(RunError, match="took 2 documents and returned 1"):
        run([{f"{MINE}.loses_rows": {"on_error": "drop"}}], [("en", "a"), ("en", "b")])


# ---------------------------------------------------------------------- what is refused, shown and warned of


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([{"filters.gopher.quality": {"when": {"lang": "en"}}}], r"quality, in its `when` or `per`, needs the column `lang`, which nothing before it makes"),
        ([{"filters.gopher.quality": {"when": {"language": False}}}], 'write "no" for Norwegian'),
        ([{"filters.gopher.quality": {"when": {"language": []}}}], "fits no document"),
        ([{"filters.gopher.quality": {"when": {"language": [[1]]}}}], "expected a text, a whole number"),
        ([{"filters.gopher.quality": {"per": {"language": "finewebb2"}}}], r'no preset "finewebb2"'),
        ([{"filters.gopher.quality": {"per": {"language": {"zh": {"min_word": 1}}}}}], r'per > language > zh > min_word\n.*no parameter "min_word".  Did you mean min_words'),
        ([{"filters.gopher.quality": {"per": {"language": {"zh": {"min_words": "x"}}}}}], "expected int of 0 or more, or null"),
        ([{"filters.gopher.quality": {"per": {"language": {"zh": {}}, "source": {"a": {}}}}}], "`per` takes one column, got 2"),
        ([{"filters.gopher.quality": {"per": {"language": {}}}}], "or the name of a preset"),
        ([{"filters.gopher.quality": {"per": {}}}], "`per` takes one column, got 0"),
        ([{"filters.gopher.quality": {"on_error": "drop"}}], "it only compares measurements"),
        ([{f"{MINE}.divides": {"on_error": "skip"}}], 'expected one of "fail", "drop"'),
        ([{f"{MINE}.halves": {"when": {"language": "en"}}}], "takes no `when`: it may hold documents back"),
        ([{"quality.classifier": {"score": "s", "per": {"language": {"zh": {}}}}}], r"per\n.*needs model for language zh"),
        ([{"quality.classifier": {"score": "s"}}], "quality.classifier needs model"),
    ],
)  # fmt: skip
def test_what_a_plan_refuses(write_recipe, write_jsonl, tmp_path, stages, message):
    path = write_jsonl("a.jsonl", [{"text": "a", "language": "en"}])
    inputs = {"sources.jsonl": {"paths": str(path), "extra": {"language": "string"}}}
    with pytest.raises(SpecError, match=message):
        prepare(write_recipe(stages, inputs=inputs, modules=[MINE]))


def test_a_column_that_comes_later_is_refused(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    with pytest.raises(
        SpecError, match=r"needs the column `language`, which nothing before it makes.  Put language.detect"
    ):
        prepare(write_recipe([{"filters.gopher.quality": {"when": {"language": "en"}}}, "language.detect"]))


def warnings(write_recipe, write_jsonl, stages) -> str:
    write_jsonl("a.jsonl", ["a"])
    return "\n".join(prepare(write_recipe(stages, modules=[MINE])).warnings)


def test_an_english_rule_is_warned_of_only_where_it_meets_another_language(write_recipe, write_jsonl):
    def said(keep, **options):
        stages = [{"language.detect": {"keep": keep}}, {"filters.gopher.quality": options}]
        return "too_few_stop_words" in warnings(write_recipe, write_jsonl, stages)

    assert said(["en", "zh"]) and not said(["en"])
    assert not said(["en", "zh"], per={"language": {"zh": {"min_stop_words": None}}})
    assert said(["en", "zh", "de"], per={"language": {"zh": {"min_stop_words": None}}})
    assert said(["en", "zh"], per={"language": {"zh": {"min_words": 3}}})
    assert not said(["en", "zh"], when={"language": "en"})


def test_a_threshold_that_would_drop_what_has_no_score_on_purpose_is_warned_of(write_recipe, write_jsonl):
    score = {"quality.classifier": {"model": "fluency", "score": "s", "when": {"source": "web"}}}
    said = warnings(
        write_recipe, write_jsonl, ["language.detect", score, {"quality.threshold": {"score": "s", "min": 0.5}}]
    )
    assert "made only for documents with source web" in said
    same = {"quality.threshold": {"score": "s", "min": 0.5, "when": {"source": "web"}}}
    assert "made only for" not in warnings(write_recipe, write_jsonl, ["language.detect", score, same])


def test_values_of_cases_are_part_of_the_fingerprint(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])

    def prints(**options):
        made = prepare(write_recipe(["language.detect", {"filters.gopher.quality": options}]))
        return made.phases[0].fingerprint

    found = [prints(), prints(min_words=50), prints(when={"language": "en"}), prints(when={"language": "de"}), prints(per={"language": {"zh": {"min_words": 3}}}), prints(per={"language": {"zh": {"min_words": 4}}})]  # fmt: skip
    assert found[0] == found[1] and len(set(found)) == 5


def test_the_manifest_has_the_rules_of_each_case(run):
    stage = {"filters.gopher.quality": {"min_words": 1, "per": {"language": {"zh": {"min_words": 0}}}}}
    manifest = json.loads(Path(run([stage], [("zh", "港")]), "manifest.json").read_text())
    described = next(each for each in manifest["stages"] if each["name"] == "filters.gopher.quality")
    found = [(case["when"], case["rules"]["too_few_words"]["at_least"]) for case in described["cases"]]
    assert found == [({"language": ["zh"]}, 0), ({}, 1)]


def test_editors_know_what_every_stage_takes():
    import jsonschema

    recipe = {
        "name": "r",
        "inputs": {"crawl": {"sources.warc": {"paths": "x"}}},
        "stages": [{"extract.html": {"only": "crawl"}}, {"quality.classifier": {"score": "s", "per": {"language": {"zh": {"model": "toxicity_zh"}}}}}],
    }  # fmt: skip
    jsonschema.validate(recipe, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**recipe, "stages": [{"dedup.exact": {"only": "crawl"}}]}, json_schema())


def test_explain_shows_the_bound_that_was_in_force_for_the_document(run):
    from curate.report import fate

    values = {"min_words": 3, "min_mean_word_length": None, "per": {"language": {"zh": {"min_words": 9}}}}
    url = run([{"filters.gopher.quality": values}], [("zh-Hant", "港口港口"), ("en", "harbour")])
    bounds = [fate.find(url, row["id"])["rule"]["at_least"] for row in rows_in(url, "rejects")]
    assert bounds == [9, 3]


def test_keys_of_numbers_and_truth_values_mean_these(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [{"text": "one", "stars": 3, "ok": True}, {"text": "two", "stars": 4, "ok": False}])
    inputs = {"sources.jsonl": {"paths": str(tmp_path / "in" / "*.jsonl"), "extra": {"stars": "int", "ok": "bool"}}}
    for n, per in enumerate(({"stars": {3: {"min_words": 9}}}, {"ok": {True: {"min_words": 9}}})):
        free = dict.fromkeys(("min_stop_words", "min_mean_word_length", "min_alpha_word_share"))
        recipe = write_recipe([{"filters.gopher.quality": {"min_words": 0, **free, "per": per}}], inputs=inputs)
        url = curate.run(recipe, output=str(tmp_path / f"run{n}"), workers=1, fresh=True)
        assert [row["text"] for row in rows_in(url)] == ["two"]


def test_a_case_for_a_language_that_no_document_has_is_warned_of(write_recipe, write_jsonl):
    def said(**options):
        stages = [{"language.detect": {"keep": ["en", "zh"]}}, {"filters.gopher.repetition": options}]
        return "has a case for the language" in warnings(write_recipe, write_jsonl, stages)

    cut = {"max_duplicate_line_share": 0.5}
    assert said(per={"language": {"ja": cut}}) and said(when={"language": "de"})
    assert not said(per={"language": {"zh-Hant": cut}}) and not said(per={"language": "measured"})
