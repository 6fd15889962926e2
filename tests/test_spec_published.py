"""The `published:` section: what is understood, and what is refused, where."""

from __future__ import annotations

import jsonschema
import pytest
import yaml

from curate import plan, spec
from curate.errors import SpecError
from curate.spec.published import Distribution, Step

HEAD = """\
name: web
inputs: {sources.jsonl: {paths: 'crawl/*.jsonl'}}
stages: [text.normalise, filters.gopher.quality, text.measure]
published:
"""
WHOLE = """\
  source: a paper
  remarks: We are small.
  left:
    - {step: repaired, after: text.normalise, share: 1}
    - {step: rules, after: filters.gopher.quality, share: 0.328}
  distributions:
    lines.count: {peak: 1, range: [0, 17]}
    text.characters: {peak: [1000, 2000], range: [0, 15000]}
"""


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def read(section: str, **options):
        (tmp_path / "web.yaml").write_text(HEAD + section, encoding="utf-8")
        return spec.read("web.yaml", **options)

    return read


def test_a_whole_section_is_understood(read):
    found = read(WHOLE).published
    assert (found.source, found.remarks) == ("a paper", "We are small.")
    assert found.left == (Step("repaired", "text.normalise", 1.0), Step("rules", "filters.gopher.quality", 0.328))
    lines, characters = found.distributions
    assert (lines.column, lines.peak, lines.range) == ("lines.count", (1, 1), (0, 17))
    assert isinstance(characters, Distribution) and characters.where.startswith("web.yaml:12:5")
    assert "where" not in found.to_json()["distributions"][0]


def test_a_recipe_without_the_section_has_none(tmp_path):
    (tmp_path / "plain.yaml").write_text("name: web\ninputs: {sources.jsonl: {paths: x}}\n")
    assert spec.read(str(tmp_path / "plain.yaml")).published is None


def test_editors_know_the_section(read):
    read(WHOLE)
    schema = spec.json_schema()
    jsonschema.validate(yaml.safe_load(HEAD + WHOLE), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(HEAD + "  source: x\n  lft: []\n"), schema)


@pytest.mark.parametrize(
    ("section", "where", "what"),
    [
        ("  left: []", "web.yaml:5:3  published", "the section has no `source`"),
        ("  [a]", "web.yaml:5:3  published", "expected a mapping"),
        ("  source: 7", "web.yaml:5:11  published > source", "expected text, got 7"),
        ("  {source: x, lft: []}", "web.yaml:5:15  published > lft", 'no such key "lft".  Did you mean left'),
        ("  {source: x, left: {}}", "web.yaml:5:21  published > left", "expected a list of {step, after, share}"),
        ("  {source: x, left: [{step: a, after: text.normalise}]}", "web.yaml:5:22", "the step has no `share`"),
        (
            "  {source: x, left: [{step: a, after: text.normalize, share: 1}]}",
            "web.yaml:5:39  published > left[0] > after",
            'no stage "text.normalize".  Did you mean text.normalise',
        ),
        ("  {source: x, left: [{step: a, after: [b], share: 1}]}", "web.yaml:5:39", "no stage"),
        ("  {source: x, left: [{step: a, after: text.normalise, share: 52.6}]}", "web.yaml:5:62", "from 0 to the 1 left"),
        ("  {source: x, left: [{step: a, after: text.normalise, share: half}]}", "web.yaml:5:62", "expected a number"),
        (
            "  {source: x, left: [{step: a, after: text.measure, share: 1}, {step: b, after: text.normalise, share: 0.5}]}",
            "web.yaml:5:81",
            "ends at or before the previous one",
        ),
        (
            "  {source: x, left: [{step: a, after: text.normalise, share: 0.1}, {step: b, after: text.measure, share: 0.5}]}",
            "web.yaml:5:106",
            "from 0 to the 0.1 left before this step, got 0.5",
        ),
        ("  {source: x, distributions: {lines.count: {peak: 1}}}", "web.yaml:5:44", "lines.count has no `range`"),
        ("  {source: x, distributions: {lines.count: {peak: 1, range: [1]}}}", "web.yaml:5:61", "expected a number or [from, to]"),
        ("  {source: x, distributions: {lines.count: {peak: 1, range: [9, 1]}}}", "web.yaml:5:61", "smaller number first"),
        ("  {source: x, distributions: {lines.count: {peak: 20, range: [0, 17]}}}", "web.yaml:5:51", "is not within the range"),
        ("  {source: x, distributions: {lines.count: {peak: true, range: [0, 1]}}}", "web.yaml:5:51", "expected a number, got True"),
        ("  {source: x, distributions: {lines.count: {peak: .inf, range: [0, 1]}}}", "web.yaml:5:51", "expected a number, got inf"),
    ],
)  # fmt: skip
def test_a_wrong_section_is_refused_with_its_place(read, section, where, what):
    with pytest.raises(SpecError) as caught:
        read(section + "\n")
    assert str(caught.value).startswith(where) and what in str(caught.value)


@pytest.mark.parametrize(
    ("column", "what"),
    [("text.control_share", "Put `text.measure: {signals: [text.control_share]}` before the output"), ("lines.cuont", "Did you mean lines.count"),
     ("perplexity", "Put quality.perplexity before it")],
)  # fmt: skip
def test_a_distribution_that_nothing_measures_is_refused_before_anything_runs(read, column, what):
    section = f"  {{source: x, distributions: {{{column}: {{peak: 1, range: [0, 17]}}}}}}\n"
    recipe = read(section, settings=["text.measure.signals=[lines.count]"])
    with pytest.raises(SpecError) as caught:
        plan.make(recipe, [])
    assert str(caught.value).startswith("web.yaml:5:31") and what in str(caught.value)
