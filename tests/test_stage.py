"""What kind of stage a signature makes, what its parameters accept, and how the docstring is read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Literal

import pyarrow as pa
import pytest

from curate import Batch, Doc, Rules, Verdicts
from curate.assets import File
from curate.barrier import Barrier
from curate.batch import Columns
from curate.errors import StageError
from curate.params import Param
from curate.stage import Kind, Shard, ShardWriter, read_stage, sections


def filter_doc(doc: Doc, *, share: float = 0.3) -> bool | str: ...
def filter_doc_plainly(doc: Doc) -> bool: ...
def filter_batch(batch: Batch) -> Verdicts: ...
def edit_doc(doc: Doc) -> Doc: ...
def edit_or_drop(doc: Doc) -> Doc | str: ...
def edit_batch(batch: Batch) -> Batch: ...
def stream(batches: Iterator[Batch]) -> Iterator[Batch]: ...
def source(shard: Shard, *, paths: list[str]) -> Iterator[Batch]: ...
def sink(batches: Iterator[Batch], out: ShardWriter) -> None: ...
def rules(*, n: int = 1) -> Rules: ...


class Model:
    def __init__(self, *, path: str): ...
    def __call__(self, batch: Batch) -> Batch: ...


class Decision(Barrier):
    def emit(self, batch): ...
    def reductions(self, n_parts): ...
    def apply(self, batch, results): ...


@pytest.mark.parametrize(
    ("target", "kind"),
    [
        (filter_doc, Kind.DOC_FILTER), (filter_doc_plainly, Kind.DOC_FILTER), (filter_batch, Kind.BATCH_FILTER), (edit_doc, Kind.DOC_EDIT),
        (edit_or_drop, Kind.DOC_EDIT), (edit_batch, Kind.BATCH_EDIT), (stream, Kind.STREAM), (source, Kind.SOURCE), (sink, Kind.SINK),
        (rules, Kind.RULES), (Model, Kind.BATCH_EDIT), (Decision, Kind.BARRIER),
    ],
)  # fmt: skip
def test_the_signature_says_what_kind_of_stage_it_is(target, kind):
    assert read_stage("x", target).kind is kind


def no_types(doc): ...
def only_a_reason(doc: Doc) -> str: ...
def from_nowhere(text: str) -> bool: ...


@pytest.mark.parametrize("target", [no_types, only_a_reason, from_nowhere, 3, type("Empty", (), {})])
def test_any_other_signature_is_refused_with_the_table(target):
    with pytest.raises(StageError, match=r"is not a stage(.|\n)*A stage is one of\n(.|\n)*-> Rules"):
        read_stage("x", target)


def test_parameters_must_be_keyword_only_and_typed():
    def untyped(doc: Doc, *, n=1) -> bool: ...

    def starred(doc: Doc, **options: int) -> bool: ...

    with pytest.raises(StageError, match="`n` needs a type annotation"):
        read_stage("x", untyped)
    with pytest.raises(StageError, match="`options` must be keyword-only"):
        read_stage("x", starred)


@pytest.mark.parametrize(
    ("type_", "given", "wanted"),
    [
        (float, 1, 1.0),
        (int, 3, 3),
        (list[str], "en", ["en"]),
        (int | None, None, None),
        (Literal["a", "b"], "b", "b"),
        (float | None, 2, 2.0),
        (float, "1e-5", 1e-5),
    ],
)
def test_values_arrive_in_the_parameters_type(type_, given, wanted):
    value = Param("p", type_).convert(given)
    assert value == wanted and type(value) is type(wanted)


def test_files_are_text_that_must_stand_for_a_file(tmp_path):
    (tmp_path / "a.txt").write_text("a")
    param = Param("sets", list[File], [])
    path = str(tmp_path / "*.txt")
    assert param.convert(path) == [path] and json.loads(json.dumps(param.convert([path]))) == [path]
    assert all(type(file) is File for file in param.convert([path])) and File(path).find() == [str(tmp_path / "a.txt")]
    assert param.schema()["anyOf"][0] == {"items": {"type": "string"}, "type": "array"}
    for missing, message in (("b.txt", "no such file"), ("*.md", "none that matches"), ("", "is a folder")):
        with pytest.raises(ValueError, match=message):
            param.convert(str(tmp_path / missing))
    with pytest.raises(ValueError, match=r"expected list of File, got 1 at \[0\]"):
        param.convert([1])


@pytest.mark.parametrize(
    ("type_", "given", "message"),
    [
        (int, "fifty", 'expected int, got "fifty"'), (int, True, "expected int, got True"), (int, 1.5, "expected int, got 1.5"), (bool, "yes", 'expected bool, got "yes"'),
        (list[str], ["a", 1], r"expected list of str, got 1 at \[1\]"), (Literal["a", "b"], "c", 'expected one of "a", "b", got "c"'), (float, None, "expected float, got null"),
    ],
)  # fmt: skip
def test_a_wrong_value_says_what_was_expected_and_what_came(type_, given, message):
    with pytest.raises(ValueError, match=message):
        Param("p", type_).convert(given)


def test_the_docstring_is_cut_into_its_sections():
    cut = sections("Do it.\n\nMore.\n\nNeeds: html\nDrops:\n    bad: it was bad\n    worse: it was worse")
    assert cut == {"": "Do it.\n\nMore.", "Needs": "html", "Drops": "bad: it was bad\nworse: it was worse"}


class Score:
    """Score.

    Needs: text
    Makes: other: int
    """

    def __init__(self, *, score: str):
        self.columns = Columns(needs=("url",), makes={score: pa.float32()})

    def __call__(self, batch: Batch) -> Batch: ...


def test_columns_that_depend_on_parameters_are_an_attribute_beside_those_of_the_docstring():
    columns = read_stage("score", Score).columns({"score": "x"})
    assert columns == Columns(("text", "url"), {"other": pa.int64(), "x": pa.float32()})


def test_every_kind_has_a_word_that_users_read():
    words = {kind.word for kind in Kind}
    assert words == {"source", "filter", "transform", "global stage", "sink", "datatrove block"}
