"""Recipes with a value changed in their text: what is read is what `--set` gives, and all else stays as it was."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import SpecError
from curate.spec import marks, overrides, rewritten, shipped

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
    text = rewritten.text_of(path, changes)
    found = marks.plain(rewritten.with_parameters(marks.parse(text, "r.yaml")))
    assert found == _wanted(path, changes)
    for line in (HEAD + form).splitlines():
        if "#" in line:
            assert "#" + line.partition("#")[2] in text


@pytest.mark.parametrize("name", shipped.recipes())
def test_a_change_of_a_recipe_that_ships_touches_one_line(name, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(shipped.source_of(name), encoding="utf-8")
    before, after = path.read_text(encoding="utf-8"), rewritten.text_of(str(path), ["name=other"])
    differing = [pair for pair in zip(before.splitlines(), after.splitlines(), strict=True) if pair[0] != pair[1]]
    assert [pair[1] for pair in differing] == ["name: other"]


def test_what_stands_behind_an_alias_is_not_changed_for_others(tmp_path):
    path = _write(tmp_path, "  - filters.gopher.quality: &q {min_words: 5}\n  - filters.gopher.quality: *q\n")
    with pytest.raises(SpecError, match="cannot be changed without changing others"):
        rewritten.text_of(path, ["filters.gopher.quality#2.min_words=30"])


def test_a_file_is_not_overwritten_and_paths_stay_right(tmp_path):
    path = _write(tmp_path, FORMS["in braces"])
    (tmp_path / "other").mkdir()
    with pytest.raises(SpecError, match="would lead elsewhere"):
        rewritten.write(str(tmp_path / "other" / "n.yaml"), path, ["filters.gopher.quality.min_words=3"], replace=False)
    with pytest.raises(SpecError, match="exists, and is not overwritten"):
        rewritten.write(path, path, ["filters.gopher.quality.min_words=3"], replace=False)
    with pytest.raises(SpecError, match="no folder"):
        rewritten.write(str(tmp_path / "no" / "n.yaml"), path, ["dedup.exact.by=url", "inputs.sources.jsonl.paths=/a.jsonl"], replace=False)  # fmt: skip
    rewritten.write(path, path, ["filters.gopher.quality.min_words=3"], replace=True)
    assert "min_words: 3, max_words: 9}   # why" in Path(path).read_text(encoding="utf-8")
