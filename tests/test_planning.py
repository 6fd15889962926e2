"""What a plan says before anything runs: every mistake of a recipe at once, with its line, and no mistake that is none."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from annotated_types import Interval
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curate
from curate import params, registry
from curate.classifiers import backends
from curate.cli import show_plan
from curate.engine.planning import prepare
from curate.errors import CurateError, Problems, SpecError, SpecErrors
from curate.stages.decontaminate import _items

PLANTED = {
    "a share of 80": ({"quality.keep_top": {"by": ["words.count"], "share": 80}}, r"Did you mean 0\.8\?"),
    "a number that is a word": ({"filters.gopher.quality": {"min_words": "three"}}, "expected int of 0 or more"),
    "an unknown parameter": ({"filters.gopher.repetition": {"max_n_grams": 1}}, "has no parameter"),
    "an unknown stage": ("filters.gopher.kwality", "Did you mean filters.gopher.quality"),
    "a column that nobody makes": ({"quality.threshold": {"score": "fluency", "min": 0.1}}, "neither a signal nor"),
    "a score that is text": ({"quality.top_per": {"column": "source", "by": ["url"], "count": 3}}, "needs numbers"),
    "a missing parameter": ({"quality.threshold": {"min": 0.5}}, "needs score"),
    "parameters that contradict each other": (
        {"quality.threshold": {"score": "words.count", "min": 9, "max": 1}},
        "greater than max",
    ),
    "a language that is none": ({"language.detect": {"keep": ["xq"]}}, 'no language "xq"'),
    "a label that the model lacks": (
        {"quality.classifier": {"model": "fluency", "score": "s", "label": "rude"}},
        'no label "rude"',
    ),
    "a model that is none": ({"safety.classifier": {"model": "nobodys", "score": "t"}}, "no model nobodys"),
    "a file that is not there": ({"decontaminate.ngrams": {"sets": ["nowhere.jsonl"]}}, "no such file"),
    "a negative size": ({"extract.html": {"max_page_mib": -1}}, "expected float above 0"),
}
"""What -> a stage with one mistake, and what is said of it."""

UNKNOWN, MISSING = "an unknown stage", "a column that nobody makes"

SOUND = (
    "text.normalise",
    {"text.measure": {"signals": ["words.count"]}},
    {"filters.gopher.quality": {"min_words": 5}},
    {"quality.keep_top": {"by": ["words.count"], "share": 0.5}},
    {"quality.top_per": {"column": "source", "count": 3}},
    "dedup.exact",
)


def refused(recipe: str, **options) -> list[CurateError]:
    """Return what is wrong with a recipe."""
    with pytest.raises(CurateError) as found:
        prepare(recipe, **options)
    assert found.value.exit_code == 2
    return list(found.value.errors)


# ---------------------------------------------------------------------- all at once


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(sorted(PLANTED)), st.integers(0, len(SOUND) - 1)), max_size=9))
def test_all_planted_mistakes_are_found_and_no_others(write_recipe, write_jsonl, chosen):
    write_jsonl("a.jsonl", [{"text": "a b c", "url": "https://a.example/"}])
    stages = [PLANTED[each][0] if isinstance(each, str) else SOUND[each] for each in chosen]
    recipe = write_recipe(["language.detect", {"text.measure": {"signals": ["words.count"]}}, *stages])
    names = list(dict.fromkeys(each for each in chosen if isinstance(each, str)))
    if len(names) < sum(isinstance(each, str) for each in chosen):  # the same mistake twice may be said once
        return
    if UNKNOWN in names and MISSING in names[names.index(UNKNOWN) :]:  # which may have made the column
        names.remove(MISSING)
    wanted = [PLANTED[name][1] for name in names]
    if not wanted:
        prepare(recipe)
        return
    found = refused(recipe)
    assert len(found) == len(wanted), [str(each) for each in found]
    for each, pattern in zip(found, wanted, strict=True):
        assert re.search(pattern, str(each)), (pattern, [str(each) for each in found])
    assert all(each.where.at[0] > 1 for each in found)


def test_a_mistake_in_every_section_is_said_with_its_line_and_one_exit(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "name: a b\n"
        "inputs: {sources.jsonl: {paths: [nowhere.jsonl], max_doc_mib: -1}}\n"
        "stages:\n"
        "  - filters.gopher.quality: {min_words: x}\n"
        "output: {sinks.parquet: {row_group_docs: -3}}\n"
        "rejects: maybe\n"
        "executor: {local: {workers: 0}}\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "curate", "plan", str(tmp_path / "r.yaml")], capture_output=True, text=True
    )
    assert done.returncode == 2 and "Traceback" not in done.stderr
    lines = [int(line) for line in re.findall(r"^\S*r\.yaml:(\d+):\d+ ", done.stderr, re.M)]
    assert lines == [1, 2, 2, 4, 5, 6, 7] and "7 errors.  Nothing was run." in done.stderr


@pytest.mark.parametrize("size", ["64", "-1"], ids=["", "with a wrong size of shards"])
@pytest.mark.parametrize("source", ["jsonl", "parquet"])
def test_all_fields_that_an_input_lacks_are_said_with_what_stages_lack(tmp_path, source, size):
    document = {"body": "a b c", "n": 1}
    (tmp_path / "a.jsonl").write_text(json.dumps(document) + "\n")
    pq.write_table(pa.Table.from_pylist([document]), tmp_path / "a.parquet")
    fields = "{text: txt, id: key, url: link, date: meta.day}"
    (tmp_path / "r.yaml").write_text(
        f"name: r\ninputs:\n  a: {{sources.{source}: {{paths: a.{source}, shard_mib: {size}, fields: {fields}, extra: {{stars: int}}}}}}\n"
        "stages:\n  - language.detect: {keep: [xq, yq]}\n  - quality.threshold: {score: toxic_score, max: 0.5}\n"
        "  - quality.keep_top: {share: 0.5, by: [fluency, ease]}\n"
    )
    found = refused(str(tmp_path / "r.yaml"))
    said = [str(error).splitlines()[-1] for error in found]
    wanted = ["`link`", "`meta.day`", "`stars`", "txt", "key", *(["got -1"] if size == "-1" else [])]
    wanted += ['"xq"', '"yq"', '"toxic_score"', "`fluency`", "`ease`"]
    assert len(said) == len(wanted) and all(any(each in one for one in said) for each in wanted)
    assert [error.where.at for error in found] == sorted(error.where.at for error in found)


def test_one_mistake_is_said_without_a_count(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    (error,) = refused(write_recipe([{"filters.gopher.quality": {"min_words": -1}}]))
    assert type(error) is SpecError and "errors" not in str(error)


def test_a_missing_column_is_said_once(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    stages = [{"quality.keep_top": {"by": ["fluency_score"], "share": share}} for share in (0.5, 0.4)]
    (error,) = refused(write_recipe(stages))
    assert "needs the column `fluency_score`" in str(error)


def test_secrets_are_hidden_in_each_of_several_errors(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    word = "hunter2hunter2"
    stages = [{"filters.gopher.quality": {"min_words": "${password}"}}, {"quality.keep_top": {"share": "${password}"}}]
    errors = refused(write_recipe(stages, vars={"password": word}))
    assert len(errors) >= 2 and not any(word in str(each) for each in errors)


def test_problems_are_raised_in_the_order_of_the_file_and_travel():
    import pickle

    with pytest.raises(SpecErrors) as found, Problems() as problems:
        for text in ("b", "a", "b"):
            with problems.noted():
                raise SpecError(text)
    copy = pickle.loads(pickle.dumps(found.value))
    assert str(copy) == str(found.value) == "b\na\n2 errors.  Nothing was run."


# ---------------------------------------------------------------------- ranges


RANGED = [
    (name, param)
    for name, stage in registry.catalogue().items()
    for param in stage.params.values()
    if isinstance(param.schema(), dict) and re.search(r" (from|of|above) [0-9]", params.spell(param.type))
]


@pytest.mark.parametrize(("name", "param"), RANGED, ids=lambda each: each if isinstance(each, str) else each.name)
def test_every_range_is_kept_said_and_in_the_schema(name, param):
    range = next(
        each for hint in _hints(param.type) for each in getattr(hint, "__metadata__", ()) if isinstance(each, Interval)
    )
    low = range.ge if range.ge is not None else range.gt
    with pytest.raises(ValueError, match=re.escape(params.spell(param.type))):
        param.convert(low - 1)
    if range.le is not None:
        with pytest.raises(ValueError, match="expected"):
            param.convert(math.nextafter(range.le, math.inf) if isinstance(range.le, float) else range.le + 1)
        assert param.convert(range.le) == range.le
    assert param.is_required or param.default is None or param.convert(param.default) == param.default
    assert "inimum" in json.dumps(param.schema())


def _hints(hint):
    import typing

    return [hint, *typing.get_args(hint)]


# ---------------------------------------------------------------------- what stages need


def test_a_missing_package_is_named_with_its_extra_before_anything_runs(
    write_recipe, write_jsonl, tmp_path, monkeypatch
):
    import importlib.util

    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "a.arpa").write_text("\\data\\\nngram 1=1\n")
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "kenlm" else found(name, *more)
    )
    (error,) = refused(write_recipe([{"quality.perplexity": {"model": "a.arpa"}}]))
    assert "pip install 'curate[kenlm]'" in str(error) and error.where.at[0] > 1


def test_a_missing_package_of_a_datatrove_block_is_named(write_recipe, write_jsonl, monkeypatch):
    from datatrove.pipeline.filters import URLFilter

    write_jsonl("a.jsonl", ["a"])
    monkeypatch.setattr(URLFilter, "_requires_dependencies", ["no_such_package_of_anyone"])
    (error,) = refused(write_recipe(["datatrove.pipeline.filters.URLFilter"]))
    assert "pip install no_such_package_of_anyone" in str(error) and "stages[0]" in str(error.where)


OF_A_KIND = {
    "tokenizer.json": ({"text.count_tokens": {"tokenizer": "FILE"}}, "expected a tokenizer.json"),
    "pieces.model": (
        {"quality.perplexity": {"model": "n.arpa", "tokenizer": "FILE"}},
        "not a complete SentencePiece model",
    ),
    "model/config.json": ({"quality.perplexity": {"model": "model/*"}}, "expected a causal model"),
    "lid.ftz": ({"language.detect": {"model": "FILE"}}, "not a valid fastText model|cannot be read"),
    "scores.bin": ({"quality.classifier": {"model": "FILE", "score": "s"}}, ""),
    "scores.npz": ({"safety.classifier": {"model": "FILE", "score": "s"}}, ""),
    "words.txt": ({"safety.words": {"lists": {"own": "FILE"}}}, "not valid UTF-8|NUL byte|has no entry"),
    "hosts.txt": ({"safety.domains": {"lists": {"own": "FILE"}}}, "not valid UTF-8|NUL byte|has no entry"),
    "sets.parquet": ({"decontaminate.ngrams": {"sets": ["FILE"]}}, ""),
    "allow.parquet": ({"decontaminate.ngrams": {"sets": [], "allow": ["FILE"]}}, ""),
}
"""A file of a kind -> a stage that reads it, and what is said of one of another kind."""


ANOTHER = {"empty": b"", "json": b"{}", "yaml": b"name: web\n", "binary": b"\xff\x00\xfe" * 40}


@pytest.mark.parametrize(
    "name, content",
    [(name, what) for name in OF_A_KIND for what in (("empty", "binary") if name.endswith(".txt") else ANOTHER)],
)
def test_a_file_of_another_kind_is_refused_by_the_plan_with_its_line(
    write_recipe, write_jsonl, tmp_path, name, content
):
    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "n.arpa").write_text("\\data\\\nngram 1=1\n")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(ANOTHER[content])
    stage = json.loads(json.dumps(OF_A_KIND[name][0]).replace("FILE", name))
    (error,) = refused(write_recipe([stage]))
    assert re.search(OF_A_KIND[name][1], str(error)) and name.split("/")[0] in str(error) and error.where.at[0] > 1


def test_a_missing_package_of_a_tokenizer_is_named_with_its_extra(write_recipe, write_jsonl, tmp_path, monkeypatch):
    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "t.json").write_text("{}")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    (error,) = refused(write_recipe([{"text.count_tokens": {"tokenizer": "t.json"}}]))
    assert "pip install 'curate[tokens]'" in str(error) and error.where.at[0] > 1


def test_a_perplexity_model_of_another_kind_is_refused(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "a.bin").write_bytes(b"\x00" * 100)
    (error,) = refused(write_recipe([{"quality.perplexity": {"model": "a.bin"}}]))
    assert "not a KenLM model" in str(error)


def test_labels_of_a_model_are_told_without_loading_it(linear_file, fasttext_file):
    from curate.classifiers.loading import open_model, recognised

    for path in (linear_file, fasttext_file):
        label = open_model(str(path)).labels[0] if path == linear_file else None
        labels = recognised(path).labels(path)
        assert labels == open_model(str(path), label or labels[0]).labels and backends.BACKENDS


def test_fields_that_no_row_of_a_set_has_are_refused_with_the_nearest(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "set.jsonl").write_text('{"stem": "How many?", "gold": "3"}\n' * 3)
    stage = {"decontaminate.ngrams": {"sets": ["set.jsonl"], "question_fields": ["stems"]}}
    (error,) = refused(write_recipe([stage]))
    assert "its fields are stem, gold" in str(error) and "such as stem" in str(error)


@given(
    st.lists(
        st.fixed_dictionaries({}, optional={"q": st.sampled_from(["", "x"]), "z": st.just("x")}), min_size=1, max_size=5
    )
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_set_is_refused_before_a_run_only_if_a_task_would_refuse_it(tmp_path, rows):
    path = tmp_path / "set.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def is_refused(function) -> bool:
        try:
            list(function() or ())
        except CurateError:
            return True
        return False

    files = {"set.jsonl": str(path)}
    if is_refused(lambda: _items.check(files, ["q"])):
        assert is_refused(lambda: _items.read(files, ["q"], []))


@pytest.mark.parametrize(
    "options", [{"when": {"language": ["xx"]}}, {"per": {"language": {"english": {"min_words": 3}}}}]
)
def test_a_language_code_that_does_not_exist_is_refused(write_recipe, write_jsonl, options):
    write_jsonl("a.jsonl", ["a"])
    (error,) = refused(write_recipe(["language.detect", {"filters.gopher.quality": options}]))
    assert "there is no language" in str(error)


def test_names_of_languages_that_the_files_give_are_left_alone(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", [{"text": "a", "language": "english"}])
    inputs = {"sources.jsonl": {"paths": ["in/*.jsonl"], "extra": {"language": "string"}}}
    prepare(write_recipe([{"filters.gopher.quality": {"when": {"language": ["english"]}}}], inputs=inputs))


def test_a_module_beside_the_recipe_is_named(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "mine_of_planning.py").write_text("def calm(doc): pass\n")
    (tmp_path / "pack_of_planning").mkdir()
    (tmp_path / "pack_of_planning" / "__init__.py").write_text("def calm(doc): pass\n")
    named = ["mine_of_planning.calm", "pack_of_planning.calm", "nowhere_of_planning.calm", "calm"]
    *dotted, last = map(str, refused(write_recipe(named)))
    assert all(f"add `modules: [{name.partition('.')[0]}]`" in said for name, said in zip(named, dotted, strict=False))
    assert "write mine_of_planning.calm" in last


def test_a_checkpoint_before_rules_is_proposed_where_it_saves_the_slow_stages(write_recipe, write_jsonl, capsys):
    write_jsonl("a.jsonl", ["a"])
    slow, rules = "language.detect", {"filters.gopher.quality": {"min_words": 2}}
    for stages, is_said in (([slow, rules], True), ([slow, "checkpoint", rules], False), ([rules, slow], False)):
        show_plan.print_plan(prepare(write_recipe(stages)))
        assert ("A `checkpoint` before filters.gopher.quality" in capsys.readouterr().out) is is_said


def test_an_index_inside_of_the_run_folder_is_refused_and_nothing_is_written(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a"])
    recipe = write_recipe([{"dedup.exact": {"index": str(tmp_path / "run" / "index")}}])
    with pytest.raises(SpecError, match=r"dedup\.exact > index: .* lies in the run folder"):
        curate.run(recipe, output=str(tmp_path / "run"))
    (error,) = refused(recipe, output=str(tmp_path / "run"))
    assert "dedup.exact > index" in str(error) and not (tmp_path / "run").exists()
    prepare(recipe, output=str(tmp_path / "another"))


def test_all_that_lies_in_the_run_folder_is_said_by_the_plan(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [{"id": "1", "text": "a"}])
    recipe = write_recipe([{"dedup.minhash": {"reference": ["in"], "index": "in/index"}}])
    said = [str(error) for error in refused(recipe, output=str(tmp_path / "in"))]
    assert len(said) == 3 and all(f"> {what}: " in "".join(said) for what in ("index", "reference"))
    assert any(f"{tmp_path}/in/a.jsonl lies in the run folder" in each for each in said)


def test_set_reaches_columns_of_an_output_that_the_recipe_does_not_name(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    for stages_of in ({}, {"output": "sinks.parquet"}, {"output": {"sinks.jsonl": {}}}):
        recipe = write_recipe([], **stages_of)
        assert "link" in prepare(recipe, settings=["output.columns.rename.url=link"]).columns
