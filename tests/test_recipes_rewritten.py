"""Recipes with a value changed in their text: what is read is what `--set` gives, and all else stays as it was."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import SpecError
from curate.spec import carried, marks, overrides, recipes, relocated, rewritten, shipped

FORMS = {
    "a name alone": "  - filters.gopher.quality   # why\n",
    "without parameters": "  - filters.gopher.quality:   # why\n",
    "in braces": "  - filters.gopher.quality: {min_words: 50, max_words: 9}   # why\n",
    "empty braces": "  - filters.gopher.quality: {}   # why\n",
    "a block": "  - filters.gopher.quality:   # why\n      min_words: 50     # this\n      # and that\n      max_words: 9\n",
    "braces over lines": "  - filters.gopher.quality: {\n      min_words: 50,   # this\n      max_words: 9,    # that\n    }\n",
    "the last line": "  - filters.gopher.quality: {min_words: 50}",
}
HEAD = "# above\nname: r   # a name\nvars: {n: 3}\ninputs:\n  sources.jsonl: {paths: [a.jsonl]}\nstages:\n  - dedup.exact: {by: text}  # copies\n"


def _write(tmp_path, form):
    path = tmp_path / "r.yaml"
    path.write_text(HEAD + form, encoding="utf-8", newline="")
    return str(path)


def _wanted(path, changes):
    document = marks.load(path)
    for each in changes:
        overrides.apply(document, each)
    return marks.plain(rewritten.with_parameters(document))


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.lists(
        st.sampled_from([
            "filters.gopher.quality.min_words=30", "filters.gopher.quality.max_words=null", "dedup.exact.keep='first: #1'",
            "filters.gopher.quality.per={language: {zh: {min_words: 3}}}", "vars.n=[1, 2]", "dedup.exact.by=url",
            "filters.gopher.quality.min_stop_words=0", "name=other", "inputs.sources.jsonl.extra={a: int}",
        ]),
        min_size=1, max_size=4,
    )
)  # fmt: skip
def test_a_changed_recipe_says_what_set_says_and_keeps_its_comments(tmp_path, form, changes):
    path = _write(tmp_path, form)
    text = rewritten.changed(rewritten.text_of(path), path, changes)
    found = marks.plain(rewritten.with_parameters(marks.parse(text, "r.yaml")))
    assert found == _wanted(path, changes)
    for line in (HEAD + form).splitlines():
        if "#" in line:
            assert "#" + line.partition("#")[2] in text


@pytest.mark.parametrize("name", shipped.recipes())
def test_a_change_of_a_recipe_that_ships_touches_one_line(name, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(shipped.source_of(name), encoding="utf-8")
    before = rewritten.text_of(str(path))
    after = rewritten.changed(before, str(path), ["name=other"])
    differing = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert [pair[1] for pair in differing] == ["name: other"]


def test_what_stands_behind_an_alias_is_not_changed_for_others(tmp_path):
    path = _write(tmp_path, "  - filters.gopher.quality: &q {min_words: 5}\n  - filters.gopher.quality: *q\n")
    with pytest.raises(SpecError, match="cannot be changed without changing others"):
        rewritten.changed(rewritten.text_of(path), path, ["filters.gopher.quality#2.min_words=30"])


def _changed(path, *changes):
    return rewritten.changed(rewritten.text_of(path), path, changes)


def test_a_file_is_not_overwritten(tmp_path):
    path = _write(tmp_path, FORMS["in braces"])
    text = _changed(path, "filters.gopher.quality.min_words=3")
    with pytest.raises(SpecError, match="exists, and is not overwritten"):
        rewritten.write(path, path, text, replace=False)
    with pytest.raises(SpecError, match="no folder"):
        rewritten.write(str(tmp_path / "no" / "n.yaml"), path, text, replace=False)
    rewritten.write(path, path, text, replace=True)
    assert "min_words: 3, max_words: 9}   # why" in Path(path).read_text(encoding="utf-8")


def test_nothing_is_written_into_a_run_folder(tmp_path):
    path = _write(tmp_path, FORMS["in braces"])
    (tmp_path / "run" / "data").mkdir(parents=True)
    (tmp_path / "run" / "run.json").write_text('{"format": "curate run folder", "name": "r"}')
    for name in ("run.json", "n.yaml", "data/n.yaml"):
        with pytest.raises(SpecError, match="would lie in the run folder"):
            rewritten.write(str(tmp_path / "run" / name), path, HEAD, replace=True)
    assert sorted(each.name for each in (tmp_path / "run").rglob("*")) == ["data", "run.json"]


def _located(path):
    return relocated.located(recipes.read(path))


@pytest.mark.parametrize("paths", ["a.jsonl", "['sub/*.jsonl', a.jsonl]   # why", "[/abs/a.jsonl, ../b.jsonl, s3://x/y]", "\n    - a.jsonl   # why\n    - 'a b.jsonl'"])  # fmt: skip
def test_in_another_folder_a_recipe_reads_the_same_files(tmp_path, paths):
    path, new = tmp_path / "r.yaml", tmp_path / "other" / "deep" / "n.yaml"
    text = f"name: r\ninputs:\n  sources.jsonl:\n    source: a.jsonl#\n    paths: {paths}\nstages:\n  - safety.domains: {{lists: {{a: a.jsonl}}}}  # own\n"
    path.write_text(text)
    (tmp_path / "a.jsonl").write_text("{}")
    new.parent.mkdir(parents=True)
    moved = rewritten.write(str(new), str(path), text, replace=False)
    assert moved["a.jsonl"] == "../../a.jsonl" and all(not Path(each).is_absolute() for each in moved.values())
    assert _located(str(new)) == _located(str(path))
    written = new.read_text()
    assert "source: a.jsonl#" in written and written.count("#") == text.count("#")


def test_a_path_with_a_variable_in_it_is_not_led_elsewhere(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("name: r\nvars: {x: in}\ninputs:\n  sources.jsonl: {paths: '${x}/*.jsonl'}\n")
    (tmp_path / "other").mkdir()
    with pytest.raises(SpecError, match="would lead elsewhere"):
        rewritten.write(str(tmp_path / "other" / "n.yaml"), str(path), path.read_text(), replace=False)


RAN = {
    "a value": (["filters.gopher.quality.min_words=30"], [], None),
    "a value of its own": (["dedup.exact.keep=first"], [], None),
    "a variable": (["vars.n=7"], [], None),
    "another key": (["rejects=text", "name=other"], [], None),
    "how it is run": (["executor.local.workers=2"], [], None),
    "a stage left out": ([], ["dedup.exact"], "dedup.exact .left out of the run"),
    "a path of the command line": (["inputs.sources.jsonl.paths=[b.jsonl]"], [], "relative path of the command line, b.jsonl"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "skip", "refused"), RAN.values(), ids=RAN)
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_a_run_had_beyond_its_file_is_carried_or_refused(tmp_path, form, given, skip, refused):
    path = _write(tmp_path, form)
    ran = recipes.read(path, settings=given, skip=skip).resolved
    if refused:
        with pytest.raises(SpecError, match=refused):
            carried.settings(path, ran)
        return
    found = carried.settings(path, ran)
    new = tmp_path / "new.yaml"
    new.write_text(_changed(path, *found), encoding="utf-8")
    again = recipes.read(str(new)).resolved
    plain = [marks.plain(rewritten.with_parameters(marks.made({**each, "executor": None}, ""))) for each in (again, ran)]  # fmt: skip
    assert plain[0] == plain[1]
    assert not carried.settings(path, recipes.read(path).resolved)
