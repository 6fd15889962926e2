"""Recipes: what is understood, and what is refused, where, and with which advice."""

from __future__ import annotations

import json

import pytest
import yaml

from curate import spec
from curate.errors import CurateError, SpecError

HEAD = "name: web\ninputs: {sources.jsonl: {paths: 'crawl/*.jsonl'}}\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(text: str, **options):
        (tmp_path / "web.yaml").write_text(text, encoding="utf-8")
        return spec.read("web.yaml", **options)

    return read


def test_names_alone_names_with_parameters_and_checkpoints_are_stages(read):
    stages = read(
        HEAD
        + "stages:\n- text.normalise\n- checkpoint\n- filters.gopher.quality: {min_words: 5}\n- filters.gopher.quality:\n"
    ).stages
    assert [s and s.label for s in stages] == [
        "text.normalise",
        None,
        "filters.gopher.quality",
        "filters.gopher.quality#2",
    ]
    assert stages[2].params == {"min_words": 5} and stages[3].all_params["min_words"] == 50


def test_variables_keep_their_type_or_become_part_of_a_string(read, tmp_path):
    recipe = read(
        "name: web\nvars: {n: 7, d: crawl}\ninputs: {sources.jsonl: {paths: '${d}/x.jsonl'}}\nstages: [{filters.gopher.quality: {min_words: '${n}'}}]\n"
    )
    assert recipe.stages[0].params == {"min_words": 7} and recipe.inputs[0].files.paths == (
        str(tmp_path / "crawl" / "x.jsonl"),
    )


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ("filters.gopher.quality.min_words=9", lambda r: r.stages[0].params["min_words"] == 9),
        ("stages[0].min_words=9", lambda r: r.stages[0].params["min_words"] == 9),
        ("inputs.sources.jsonl.paths=[a, b]", lambda r: r.inputs[0].files.paths == ("a", "b")),
        ("sources.jsonl.paths=a", lambda r: r.inputs[0].files.paths == ("a",)),
        ("executor.local.workers=3", lambda r: r.executor.params == {"workers": 3}),
        ("name=other", lambda r: r.name == "other"),
        ("vars.x=1", lambda r: r.resolved["vars"] == {"x": 1}),
    ],
)
def test_set_reaches_every_value(read, setting, found):
    assert found(read(HEAD + "vars: {x: 0}\nstages: [filters.gopher.quality]\n", settings=[setting]))


def test_set_reaches_the_second_stage_of_a_name_by_its_label(read):
    recipe = read(HEAD + "stages: [dedup.exact, dedup.exact]\n", settings=["dedup.exact#2.by=url"])
    assert [stage.params for stage in recipe.stages] == [{}, {"by": "url"}]


def test_input_replaces_the_paths(read):
    assert read(HEAD, inputs=["a.jsonl", "b.jsonl"]).inputs[0].files.paths == ("a.jsonl", "b.jsonl")


WRONG = [
    (
        "- filters.gopher.quality: {min_words: fifty}",
        "web.yaml:4:39  stages[0] > filters.gopher.quality > min_words",
        'expected int of 0 or more, or null, got "fifty".  Default is 50.',
    ),
    (
        "- filters.gopher.quality: {min_word: 5}",
        "web.yaml:4:28  stages[0] > filters.gopher.quality > min_word",
        'no parameter "min_word".  Did you mean min_words',
    ),
    (
        "- filters.gopher.qualty",
        "web.yaml:4:3  stages[0]",
        'no stage "filters.gopher.qualty".  Did you mean filters.gopher.quality',
    ),
    ("- my_module.not_shouty", "web.yaml:4:3  stages[0]", 'no stage "my_module.not_shouty"'),
    ("- json.dumps", "web.yaml:4:3  stages[0]", "add `modules: [json]` to the recipe"),
    ("- sinks.parquet", "web.yaml:4:3  stages[0]", "it belongs under `output:`"),
    ("- {a: 1, b: 2}", "web.yaml:4:3  stages[0]", "a stage is a name, or one name with parameters"),
    (
        "- filters.gopher.quality: 5",
        "web.yaml:4:27  stages[0] > filters.gopher.quality",
        "expected parameters as a mapping, got 5",
    ),
    ("- 7", "web.yaml:4:3  stages[0]", "a stage is a name"),
    ("- filters.gopher.quality: {min_words: 1, min_words: 2}", "web.yaml:4:42", 'duplicate key "min_words"'),
    ("- filters.gopher.quality: {min_words: '${n}'}", "web.yaml:4:39", "no variable `n`"),
    ("- filters.gopher.quality: {min_words: [}", "web.yaml:4:40", "not valid YAML"),
    ("- !!python/object/apply:os.system [echo]", "web.yaml:4:3", "a stage is a name"),
]


@pytest.mark.parametrize(("line", "where", "what"), WRONG, ids=[line for line, _, _ in WRONG])
def test_a_wrong_stage_is_refused_with_its_place_and_advice(read, line, where, what):
    with pytest.raises(SpecError) as caught:
        read(HEAD + "stages:\n" + line + "\n")
    assert str(caught.value).startswith(where) and what in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "a recipe is a mapping"), ("- a\n- b\n", "a recipe is a mapping"), ("name: web\n", "the recipe has no `inputs`"), (HEAD + "stage: []\n", 'no such key "stage".  Did you mean stages'),
        ("name: a/b\ninputs: {sources.jsonl: {paths: x}}\n", "cannot be a folder"), (HEAD + "rejects: all\n", 'expected "sample"'), (HEAD + "executor: {sge: {}}\n", 'no executor "sge"'),
        (HEAD + "executor: {local: {workers: 0}}\n", "1 or more, or null, got 0"), ("name: x\ninputs: {filters.gopher.quality: {}}\n", "not a source such as sources.warc"),
        ("name: x\ninputs: {sources.jsonl: {}}\n", "sources.jsonl needs paths"), (HEAD + "stages: text.normalise\n", "`stages` is a list"), (HEAD + "modules: x\n", "expected list, got 'x'"),
        ("a: &a [*a]\n", "contains itself"), (HEAD + "vars: {a: &a [x, x], b: &b [*a, *a], c: &c [*b, *b]" + "".join(f", d{i}: &d{i} [{', '.join([f'*{p}'] * 9)}]" for i, p in [(0, "c"), (1, "d0"), (2, "d1"), (3, "d2"), (4, "d3")]) + "}\n", "more than 100000 values"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_refused(read, text, what):
    with pytest.raises(SpecError, match=what.replace("[", r"\[")):
        read(text)


def test_a_missing_recipe_and_a_binary_one_are_refused(tmp_path):
    with pytest.raises(SpecError, match="there is no recipe"):
        spec.read(str(tmp_path / "none.yaml"))
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpecError, match="cannot be read"):
        spec.read(str(tmp_path / "binary.yaml"))


@pytest.mark.parametrize(
    "setting",
    [
        "nonsense",
        "filters.gopher.quality.min_words",
        "nam=x",
        "filters.nowhere.min_words=1",
        "stages[9].x=1",
        "vars.none=1",
    ],
)
def test_a_wrong_setting_is_refused_and_named(read, setting):
    with pytest.raises(SpecError, match="--set"):
        read(HEAD + "stages: [filters.gopher.quality]\n", settings=[setting])


def test_the_schema_accepts_the_recipes_that_ship_and_knows_every_stage():
    from curate import registry
    from tests.conftest import ROOT

    schema = spec.json_schema()
    text = json.dumps(schema)
    assert all(json.dumps(name) in text for name in registry.catalogue())
    import jsonschema
    import yaml

    for recipe in (ROOT / "pipelines").glob("*.yaml"):
        jsonschema.validate(yaml.safe_load(recipe.read_text()), schema)


DOUBLED = ", ".join(f'a{i + 1}: "${{a{i}}}${{a{i}}}"' for i in range(34))
DOUBLED_LISTS = ", ".join(f'a{i + 1}: ["${{a{i}}}", "${{a{i}}}"]' for i in range(34))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("vars: {<<: 5}", "`<<` takes a mapping"),
        ("vars: {<<: [{a: 1}, 5]}", "`<<` takes a mapping"),
        ('vars: {a: !!timestamp "abc"}', "'abc' is not a YAML timestamp"),
        ('vars: {a: !!int ""}', "'' is not a YAML int"),
        ('vars: {a: !!bool "abc"}', "'abc' is not a YAML bool"),
        ('vars: {a: !!float ""}', "'' is not a YAML float"),
        ("vars: {a: !!set abc}", "got a YAML set"),
        ('vars: {a: !!binary "aGFs"}', "got a YAML binary"),
        (f"stages: [{{filters.gopher.quality: {{min_words: 0x{'f' * 6000}}}}}]", "a whole number of 24,000 bits"),
        (f"stages: [{{filters.gopher.quality: {{min_words: {'9' * 6000}}}}}]", "is not a YAML int"),
        (f"vars: {{a: {'[' * 101}{']' * 101}}}", "more than 100 lists and mappings inside each other"),
        ("executor: [local]", "expected the name of an executor"),
        ("modules: [5]", "expected names of modules, got 5"),
        ("modules: [[x]]", "expected names of modules, got ['x']"),
        ("vars: {a: [1], b: 'x${a}'}", "the variable `a` is a list or a mapping, which cannot be a part of a text"),
        (f"vars: {{a0: x, {DOUBLED}}}", "with the variable `a18` the recipe grows to more than 1,000,000 characters"),
        (f"vars: {{a0: [x], {DOUBLED_LISTS}}}", "with the variable `a14` the recipe grows"),
        (f"vars: {{a: {'x' * 1000}}}\nstages: ['{'${a}' * 1001}']", "with the variable `a` the recipe grows"),
    ],
)
def test_what_yaml_can_say_and_a_recipe_cannot_is_refused_with_its_place(read, more, message):
    with pytest.raises(SpecError) as caught:
        read(f"{HEAD}{more}\n")
    assert message in str(caught.value) and (caught.value.where or "").startswith("web.yaml:"), caught.value
    assert len(str(caught.value)) < 1000 or "executor" in more


def test_dates_stay_as_they_are_written_and_merges_are_applied(read):
    recipe = read(
        f"{HEAD}vars: {{since: 2020-01-01, base: &b {{x: 1, y: 2}}, own: {{<<: [*b, {{x: 3, z: 4}}], y: 5}}}}\n"
    )
    assert json.loads(json.dumps(recipe.resolved["vars"])) == {
        "since": "2020-01-01",
        "base": {"x": 1, "y": 2},
        "own": {"x": 1, "y": 5, "z": 4},
    }


def test_an_empty_choice_of_executors_is_the_usual_one(read):
    assert read(f"{HEAD}executor: {{}}\n").executor.executor.name == "local"


WHOLE = """
name: test
description: x
vars: {a: 1, b: "${a}-x", my_token: "secret"}
modules: []
inputs: {sources.jsonl: {paths: ["in/*.jsonl"], fields: {id: id}, extra: {x: string}, shard_mib: 64, source: web}}
stages:
- filters.gopher.quality: {min_words: 20}
- checkpoint
- dedup.exact: {keep: first}
- text.measure: {signals: [words.count]}
output: {sinks.parquet: {}}
rejects: sample
executor: {local: {workers: 2}}
published:
  {source: s, left: [{step: a, after: dedup.exact, share: 0.5}], distributions: {words.count: {peak: 5, range: [1, 9]}}}
"""
ODD = (5, -1, float("nan"), "x", "", [1], [], {}, None, {"a": "b"}, True, [[1]], {"local": 5}, [None], 10**50, "a\0b")


def _places(value, path=()):
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from _places(value[key], (*path, key))


def _with(value, path, new):
    if not path:
        return new
    found = value.copy()
    found[path[0]] = _with(value[path[0]], path[1:], new)
    return found


@pytest.mark.parametrize("odd", ODD, ids=repr)
def test_an_odd_value_anywhere_is_understood_or_refused(read, odd):
    recipe = yaml.safe_load(WHOLE)
    for path in _places(recipe):
        try:
            read(yaml.safe_dump(_with(recipe, path, odd)))
        except CurateError as error:
            assert str(error)
