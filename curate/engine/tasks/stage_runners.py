"""Documents through stages: one generator for each stage, which records what the stage did.

Adjacent signal filters form a group. All their signals are measured in one pass, each filter judges every
document of the group, and rows leave at its end: so every broken rule is on record, and "what if this
threshold were another" has an exact answer. What is slow judges survivors only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from curate import languages, signals
from curate.batch import CORE, KEEP, Batch, Columns, Doc, Verdicts
from curate.engine.tasks import cases, failing_documents, sources
from curate.engine.tasks.judgements import Broken
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import CurateError, StageError
from curate.plan import StageRef
from curate.rules import Rules
from curate.stage import Kind, Stage, close


def through(
    refs: Sequence[StageRef], modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder, input: str = ""
) -> Iterator[Batch]:
    """Return the batches as they come out of these stages.

    Args:
        input: the name of the input that the documents are from.
    """
    staged = [(ref, ref.find(modules)) for ref in refs]
    for is_group, members in groupby(staged, key=lambda pair: pair[1].kind is Kind.RULES):
        if is_group:
            batches = _group([ref for ref, _ in members], modules, batches, recorder, input)
            continue
        for ref, stage in members:
            recorder.ledger.stage(ref.label)
            if _sees(ref, input):
                staged_batches = _RUNNERS[stage.kind](ref, stage, modules, batches, recorder)
                batches = recorder.clock.each(ref.label, staged_batches)
            else:
                batches = sources.passing(ref.label, batches, recorder)
    return batches


def _sees(ref: StageRef, input: str) -> bool:
    return not ref.only or input in ref.only


def _enter(label: str, batch: Batch, recorder: TaskRecorder) -> None:
    entry = recorder.ledger.stage(label)
    entry.n_in += len(batch)
    entry.bytes_in += batch.n_bytes


# ---------------------------------------------------------------------- signal filters


def _group(
    refs: Sequence[StageRef], modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder, input: str
) -> Iterator[Batch]:
    filters = [_Filter(ref, modules, _sees(ref, input)) for ref in refs]
    for ref in refs:
        recorder.ledger.stage(ref.label)
    measured_by = _measured_by([each.ref for each in filters if each.sees])

    def run() -> Iterator[Batch]:
        for batch in batches:
            missing = {column: signal for column, signal in measured_by.items() if column not in batch}
            with recorder.clock.of(refs[0].label):
                values = signals.measure(missing.values(), batch)
                batch = batch.with_columns({column: values[signal] for column, signal in missing.items()})
                judged = _judge(filters, batch, recorder)
            yield judged

    return run()


class _Filter:
    """A signal filter of a group, with its rules for each case; `sees` is whether the documents are of its inputs."""

    def __init__(self, ref: StageRef, modules: Sequence[str], sees: bool):
        self.ref, self.sees = ref, sees
        self.rules: list[Rules] = [variant.open(modules)() for variant in ref.variants]

    def judge(self, batch: Batch) -> tuple[Verdicts, np.ndarray]:
        """Return verdicts, and which documents passed without a score that their language does not have (bool[n])."""
        n = len(batch)
        if not self.sees:
            return Verdicts((), *_nothing(n), failed=np.zeros((n, 0), bool)), np.zeros(n, bool)
        values = {signal: batch.numbers(column) for signal, column in self.ref.columns.items()}
        not_asked = _not_asked(self.ref, batch)
        judged = [self._judged(rules, values, not_asked, n) for rules in self.rules]
        if not self.ref.cases:
            return judged[0]
        is_in = list(cases.masks(self.ref.cases, batch))
        parts = [(mask, verdicts[mask]) for mask, (verdicts, _) in zip(is_in, judged, strict=True)]
        unscored = np.any([mask & each for mask, (_, each) in zip(is_in, judged, strict=True)], axis=0)
        return cases.merged_verdicts(parts, n), unscored

    @staticmethod
    def _judged(
        rules: Rules, values: Mapping[str, np.ndarray], not_asked: Mapping[str, np.ndarray], n: int
    ) -> tuple[Verdicts, np.ndarray]:
        needed = [bound.signal for _, bound in rules if bound.is_needed and bound.signal in not_asked]
        unscored = [not_asked[signal] & np.isnan(values[signal]) for signal in needed]
        return rules.judge(values, n, not_asked), np.any(unscored or [[False] * n], axis=0)


def _nothing(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.full(n, KEEP, np.int16), np.full(n, np.nan, np.float32)


def _measured_by(refs: Sequence[StageRef]) -> dict[str, str]:
    """Return which built-in signal fills each column that these filters read."""
    wanted = ((column, signals.current_name(name)) for ref in refs for name, column in ref.columns.items())
    return {column: signal for column, signal in wanted if signal in signals.SIGNALS}


def _judge(filters: Sequence[_Filter], batch: Batch, recorder: TaskRecorder) -> Batch:
    """Let every filter of a group judge every document; drop each for the first rule that it broke."""
    n = len(batch)
    lengths = np.diff(batch.text_buffers()[0]) if "text" in batch else np.zeros(n, np.int64)
    refs = [each.ref for each in filters]
    verdicts, unscored = zip(*(each.judge(batch) for each in filters), strict=True)
    is_alive = np.ones(n, bool)
    broken = Broken.of_group([ref.label for ref in refs], verdicts)
    for ref, verdict, is_unscored in zip(refs, verdicts, unscored, strict=True):
        entry = recorder.ledger.stage(ref.label)
        if n_unscored := int((is_alive & is_unscored).sum()):
            entry.counts[languages.UNSCORED] = entry.counts.get(languages.UNSCORED, 0) + n_unscored
        entry.n_in += int(is_alive.sum())
        entry.bytes_in += int(lengths[is_alive].sum())
        recorder.count(entry.failed, verdict)
        first = Verdicts(verdict.reasons, np.where(is_alive, verdict.code, KEEP).astype(np.int16), verdict.value)
        recorder.reject(ref.label, batch, first, broken)
        is_alive &= verdict.is_kept
        entry.n_out += int(is_alive.sum())
        entry.bytes_out += int(lengths[is_alive].sum())
    recorder.judge(batch, broken)
    return batch.take(is_alive)


def _not_asked(ref: StageRef, batch: Batch) -> dict[str, np.ndarray]:
    """Return, for each signal that only documents in some languages have, which documents are in another one."""
    return {
        signal: batch.in_other_language(ref.languages[column])
        for signal, column in ref.columns.items()
        if column in ref.languages
    }


# ---------------------------------------------------------------------- filters and transforms


def _by_document(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    """Run a stage that looks at one document after the other, in each case with its parameters."""
    opened = [variant.open(modules) for variant in ref.variants]
    columns = [stage.columns(variant.typed(stage, modules)) for variant in ref.variants]
    works = [partial(_WORKS[stage.kind], ref, *pair) for pair in zip(opened, columns, strict=True)]
    if ref.on_error == "drop":
        works = [failing_documents.dropped_by(*pair) for pair in zip(works, columns, strict=True)]
    for batch in batches:
        _enter(ref.label, batch, recorder)
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
    verdicts = checked(ref, judge(batch))
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
    same_ids(ref, batch, made)
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
    same_ids(ref, batch, made)
    only_declared(ref, columns, batch, made)
    return made


_WORKS: dict[Kind, Callable[[StageRef, Callable, Columns, Batch], Batch]] = {
    Kind.DOC_FILTER: _doc_filter,
    Kind.BATCH_FILTER: _batch_filter,
    Kind.DOC_EDIT: _doc_edit,
    Kind.BATCH_EDIT: _batch_edit,
}

# ---------------------------------------------------------------------- stages that may hold documents back


def _stream(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    work = ref.open(modules)
    yield from _matched(ref, work, batches, recorder)
    close(work)


def _datatrove(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    from curate.engine.datatrove.blocks import as_stream

    return _matched(ref, as_stream(stage, ref.params, recorder.task, recorder.n_tasks), batches, recorder)


def _matched(ref: StageRef, work: Callable, batches: Iterator[Batch], recorder: TaskRecorder) -> Iterator[Batch]:
    """Run a stage that may hold documents back: what comes out is matched with what went in by id.

    A document whose id never went in was born. One that never came out again, and was given no reason,
    was consumed: its content lives on in others, as pages do in the questions made from them.
    """
    entry = recorder.ledger.stage(ref.label)
    waiting: dict[str, list[Batch]] = {}
    recorded = {"id", "url", "source", "text", *recorder.recorded_columns}

    def watched() -> Iterator[Batch]:
        for batch in batches:
            _enter(ref.label, batch, recorder)
            slim = batch.without(*(name for name in batch.names if name not in recorded))
            for i, id in enumerate(batch["id"].to_pylist()):
                waiting.setdefault(id, []).append(slim.slice(i, 1))
            yield batch

    for batch in work(watched()):
        for id in batch["id"].to_pylist():
            if waiting.get(id):
                waiting[id].pop()
            else:
                entry.n_born += 1
        yield recorder.record(ref.label, batch)
    left = [pa.Table.from_batches([row.rows]) for rows in waiting.values() for row in rows]
    for rows in pa.concat_tables(left, promote_options="default").combine_chunks().to_batches() if left else ():
        verdicts = Verdicts.of(["consumed"] * rows.num_rows)
        recorder.count(entry.failed, verdicts)
        recorder.drop(ref.label, Batch(rows), verdicts)


_RUNNERS: dict[Kind, Callable] = {
    **dict.fromkeys(_WORKS, _by_document),
    Kind.STREAM: _stream,
    Kind.DATATROVE: _datatrove,
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
                raise StageError(f"{ref.label} failed on document {doc.id}: {type(error).__name__}: {error}") from error
            return self._failed(failing_documents.evidence_of(error), failing_documents.count_of(error))

    def refused(self, ref: StageRef, doc: Doc, problem: str, row: int | None = None) -> str:
        """Return a reason for a document about which the answer is none, under `on_error: drop`.

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


def checked(ref: StageRef, verdicts: Verdicts) -> Verdicts:
    """Refuse an answer that is not `Verdicts`, or that names a reason which does not exist."""
    if not isinstance(verdicts, Verdicts):
        raise StageError(f"{ref.label} returned {type(verdicts).__name__}, not Verdicts")
    if len(verdicts) and not (verdicts.code.min() >= KEEP and verdicts.code.max() < len(verdicts.reasons)):
        raise StageError(
            f"{ref.label} gave a code outside -1 .. {len(verdicts.reasons) - 1}, the places of its reasons"
        )
    if verdicts.kept_copy is not None and len(verdicts.kept_copy.shard) != len(verdicts):
        raise StageError(f"{ref.label} named {len(verdicts.kept_copy.shard)} kept copies for {len(verdicts)} documents")
    return verdicts


def only_declared(ref: StageRef, columns: Columns, before: Batch, after: Batch) -> None:
    """Refuse columns that were made or removed without a declaration: the plan, and every later stage, rely on it."""
    came = set(after.names) - set(before.names) - set(columns.makes)
    went = set(before.names) - set(after.names) - set(columns.removes)
    if came or went:
        what = f"made the column `{min(came)}`" if came else f"took away the column `{min(went)}`"
        raise StageError(
            f"{ref.label} {what} without declaring it; add `{'Makes' if came else 'Removes'}: {min(came or went)}` to its docstring"
        )


def same_ids(ref: StageRef, before: Batch, after: Batch) -> None:
    """Refuse a batch that has not the same documents in the same order.

    Raises:
        StageError: documents are missing or new, or their order or ids changed.
    """
    if not isinstance(after, Batch):
        raise StageError(f"{ref.label} returned {type(after).__name__}, not a Batch")
    if len(before) != len(after) or not before["id"].equals(after["id"]):
        raise StageError(
            f"{ref.label} took {len(before)} documents and returned {len(after)}, or changed their order or ids.  "
            "An edit returns the same rows; to drop some, mark them with `batch.judged(...)`."
        )


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
