"""Stages that look at one document after the other: filters and transforms, of documents or of batches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from curate.batch import CORE, Batch, Columns, Doc, Verdicts
from curate.engine.tasks import cases, contracts, failing_documents
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import CurateError, StageError
from curate.plan import StageRef
from curate.stage import Kind, Stage, close


def run(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    """Run a stage that looks at one document after the other, in each case with its parameters."""
    opened = [variant.open(modules) for variant in ref.variants]
    columns = [stage.columns(variant.typed(stage, modules)) for variant in ref.variants]
    works = [partial(WORKS[stage.kind], ref, *pair) for pair in zip(opened, columns, strict=True)]
    if ref.on_error == "drop":
        works = [failing_documents.dropped_by(*pair) for pair in zip(works, columns, strict=True)]
    for batch in batches:
        recorder.enter(ref.label, batch)
        yield recorder.record(ref.label, cases.applied(ref.cases, works, batch) if ref.cases else works[0](batch))
    for each in opened:
        close(each)


def _doc_filter(ref: StageRef, judge: Callable, columns: Columns, batch: Batch) -> Batch:
    fallback = ref.name.rpartition(".")[2]
    answers = _Answers()
    for doc in batch.docs():
        answer = answers.of(ref, judge, doc)
        if not isinstance(answer, (bool, str, np.bool_)) or answer == "":
            answer = answers.refused(ref, doc, f"answered {answer!r:.80}; a filter answers True, False or a reason")
        answers.reasons.append(
            None if answer is True or answer is np.True_ else answer if isinstance(answer, str) else fallback
        )
    return answers.judged(batch)


def _batch_filter(ref: StageRef, judge: Callable, columns: Columns, batch: Batch) -> Batch:
    verdicts = contracts.checked(ref, judge(batch))
    if len(verdicts) != len(batch):
        raise StageError(f"{ref.label} gave {len(verdicts)} verdicts for {len(batch)} documents")
    return batch.judged(verdicts)


def _doc_edit(ref: StageRef, edit: Callable, columns: Columns, batch: Batch) -> Batch:
    given, docs, answers = list(batch.docs()), [], _Answers()
    for doc in given:
        answer = answers.of(ref, edit, replace(doc, columns=dict(doc.columns)))
        if (
            not isinstance(answer, (Doc, str))
            or answer == ""
            or (isinstance(answer, Doc) and not isinstance(answer.text, str))
        ):
            wanted = "a transform returns the Doc, its text a string, or a reason"
            answer = answers.refused(ref, doc, f"returned {answer!r:.80}; {wanted}")
        docs.append(doc if isinstance(answer, str) else answer)
        answers.reasons.append(answer if isinstance(answer, str) else None)
    schema = _with_made(ref, columns, batch.rows.schema, docs)
    try:
        made = batch.edited(given, docs, schema)
    except StageError:  # a value is of another type: say of which document
        for row, doc in enumerate(docs):
            if problem := _misfit(doc, schema):
                answers.reasons[row] = answers.refused(ref, given[row], problem, row)
                docs[row] = given[row]
        made = batch.edited(given, docs, schema)
    contracts.same_ids(ref, batch, made)
    return answers.judged(made)


def _misfit(doc: Doc, schema: pa.Schema) -> str:
    """Return which value of a document does not have the type of its column; empty if all have."""
    try:
        Batch.from_docs([doc], schema)
    except StageError as error:
        return f"made a value that does not fit: {error}"
    return ""


def _batch_edit(ref: StageRef, edit: Callable, columns: Columns, batch: Batch) -> Batch:
    made = edit(batch)
    contracts.same_ids(ref, batch, made)
    contracts.only_declared(ref, columns, batch, made)
    return made


WORKS: dict[Kind, Callable[[StageRef, Callable, Columns, Batch], Batch]] = {
    Kind.DOC_FILTER: _doc_filter,
    Kind.BATCH_FILTER: _batch_filter,
    Kind.DOC_EDIT: _doc_edit,
    Kind.BATCH_EDIT: _batch_edit,
}


class _Answers:
    """What a function said of the documents of a batch, and what it failed on."""

    def __init__(self) -> None:
        self.reasons: list[str | None] = []
        self.errors: dict[int, str] = {}
        self.counts: Counter[str] = Counter()

    def of(self, ref: StageRef, function: Callable, doc: Doc) -> Any:
        """Return what the function answers; if it fails, under `on_error: drop`, a reason."""
        try:
            return function(doc)
        except CurateError:
            raise
        except Exception as error:
            if ref.on_error != "drop" or isinstance(error, MemoryError):
                raise StageError(
                    f"{ref.label} failed on document {doc.id}: {failing_documents.evidence_of(error)}"
                ) from error
            return self._failed(failing_documents.evidence_of(error), failing_documents.count_of(error))

    def refused(self, ref: StageRef, doc: Doc, problem: str, row: int | None = None) -> str:
        """Return a reason for a document about which the answer cannot be used, under `on_error: drop`.

        Raises:
            StageError: `on_error` is another.
        """
        if ref.on_error != "drop":
            raise StageError(f"{ref.label}, document {doc.id}: {problem}")
        return self._failed(problem, failing_documents.BAD_ANSWER, row)

    def _failed(self, evidence: str, count: str, row: int | None = None) -> str:
        self.errors[len(self.reasons) if row is None else row] = evidence[: failing_documents.LONGEST]
        self.counts[count] += 1
        return failing_documents.REASON

    def judged(self, batch: Batch) -> Batch:
        """Return the batch with the verdicts."""
        evidence = [self.errors.get(row) for row in range(len(batch))] if self.errors else None
        return batch.judged(Verdicts.of(self.reasons, evidence=evidence)).counted(self.counts)


def _with_made(ref: StageRef, columns: Columns, schema: pa.Schema, docs: Sequence[Doc]) -> pa.Schema:
    """Return the schema with the columns this edit declares; every column a document has must be declared."""
    for name, declared in columns.makes.items():
        if schema.get_field_index(name) < 0:
            kind = CORE.get(name) or declared
            if kind is None:
                raise StageError(
                    f"{ref.label} makes the column `{name}`; give its type in the docstring: `Makes: {name}: float`"
                )
            schema = schema.append(pa.field(name, kind))
    undeclared = {name for doc in docs for name in doc.columns} - set(schema.names)
    if undeclared:
        raise StageError(
            f"{ref.label} made the column `{min(undeclared)}` without declaring it; add `Makes: {min(undeclared)}: float` to its docstring"
        )
    return schema
