"""Documents through stages: one generator for each stage, which records what the stage did.

Adjacent signal filters form a group. All their signals are measured in one pass, each filter judges every
document of the group, and rows leave at its end: so every broken rule is on record, and "what if this
threshold were another" has an exact answer. What is slow judges survivors only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from curate import languages, signals
from curate.batch import CORE, KEEP, Batch, Columns, Doc, Verdicts
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import CurateError, StageError
from curate.plan import StageRef
from curate.rules import Rules
from curate.stage import Kind, Stage, close


def through(
    refs: Sequence[StageRef], modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    """Return the batches as they come out of these stages."""
    staged = [(ref, ref.find(modules)) for ref in refs]
    for is_group, members in groupby(staged, key=lambda pair: pair[1].kind is Kind.RULES):
        if is_group:
            batches = _group([ref for ref, _ in members], modules, batches, recorder)
            continue
        for ref, stage in members:
            recorder.ledger.stage(ref.label)
            batches = recorder.clock.each(ref.label, _RUNNERS[stage.kind](ref, stage, modules, batches, recorder))
    return batches


def born(label: str, batches: Iterator[Batch], recorder: TaskRecorder) -> Iterator[Batch]:
    """Yield what a source made."""
    entry = recorder.ledger.stage(label)
    for batch in recorder.clock.each(label, batches):
        entry.n_born += len(batch)
        yield recorder.record(label, batch)


def _enter(label: str, batch: Batch, recorder: TaskRecorder) -> None:
    entry = recorder.ledger.stage(label)
    entry.n_in += len(batch)
    entry.bytes_in += batch.n_bytes


# ---------------------------------------------------------------------- signal filters


def _group(
    refs: Sequence[StageRef], modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    rules = [ref.open(modules)() for ref in refs]
    for ref in refs:
        recorder.ledger.stage(ref.label)
    measured_by = _measured_by(refs)

    def run() -> Iterator[Batch]:
        for batch in batches:
            missing = {column: signal for column, signal in measured_by.items() if column not in batch}
            with recorder.clock.of(refs[0].label):
                values = signals.measure(missing.values(), batch)
                batch = batch.with_columns({column: values[signal] for column, signal in missing.items()})
                yield_ = _judge(refs, rules, batch, recorder)
            yield yield_

    return run()


def _measured_by(refs: Sequence[StageRef]) -> dict[str, str]:
    """Return which built-in signal fills each column that these filters read."""
    wanted = ((column, signals.current_name(name)) for ref in refs for name, column in ref.columns.items())
    return {column: signal for column, signal in wanted if signal in signals.SIGNALS}


def _judge(refs: Sequence[StageRef], rules: Sequence[Rules], batch: Batch, recorder: TaskRecorder) -> Batch:
    """Let every filter of a group judge every document; drop each for the first rule that it broke."""
    n = len(batch)
    lengths = np.diff(batch.text_buffers()[0]) if "text" in batch else np.zeros(n, np.int64)
    verdicts, unscored = [], []
    for ref, rule in zip(refs, rules, strict=True):
        values = {signal: batch.numbers(column) for signal, column in ref.columns.items()}
        not_asked = _not_asked(ref, batch)
        verdicts.append(rule.judge(values, n, not_asked))
        needed = [bound.signal for _, bound in rule if bound.is_needed and bound.signal in not_asked]
        unscored.append(
            np.any([not_asked[signal] & np.isnan(values[signal]) for signal in needed] or [[False] * n], axis=0)
        )
    is_alive = np.ones(n, bool)
    broken = _broken(refs, verdicts, n)
    for ref, verdict, is_unscored in zip(refs, verdicts, unscored, strict=True):
        entry = recorder.ledger.stage(ref.label)
        if n_unscored := int((is_alive & is_unscored).sum()):
            entry.counts[languages.UNSCORED] = entry.counts.get(languages.UNSCORED, 0) + n_unscored
        entry.n_in += int(is_alive.sum())
        entry.bytes_in += int(lengths[is_alive].sum())
        recorder.count(entry.failed, verdict)
        first = Verdicts(verdict.reasons, np.where(is_alive, verdict.code, KEEP).astype(np.int16), verdict.value)
        recorder.drop(ref.label, batch, first, broken)
        is_alive &= verdict.is_kept
        entry.n_out += int(is_alive.sum())
        entry.bytes_out += int(lengths[is_alive].sum())
    return batch.take(is_alive)


def _not_asked(ref: StageRef, batch: Batch) -> dict[str, np.ndarray]:
    """Return, for each signal that only documents in some languages have, which documents are in another one."""
    return {
        signal: batch.in_other_language(ref.languages[column])
        for signal, column in ref.columns.items()
        if column in ref.languages
    }


def _broken(refs: Sequence[StageRef], verdicts: Sequence[Verdicts], n: int) -> list[list[str]]:
    broken: list[list[str]] = [[] for _ in range(n)]
    for ref, verdict in zip(refs, verdicts, strict=True):
        for row, rule in np.argwhere(verdict.failed):
            broken[row].append(f"{ref.label} {verdict.reasons[rule]}")
    return broken


# ---------------------------------------------------------------------- one runner a kind


def _doc_filter(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    judge = ref.open(modules)
    fallback = ref.name.rpartition(".")[2]
    for batch in batches:
        _enter(ref.label, batch, recorder)
        reasons = []
        for doc in batch.docs():
            answer = _called(ref, judge, doc)
            if not isinstance(answer, (bool, str, np.bool_)) or answer == "":
                raise StageError(
                    f"{ref.label} answered {answer!r} for {doc.id}; a filter answers True, False or a reason"
                )
            reasons.append(
                None if answer is True or answer is np.True_ else answer if isinstance(answer, str) else fallback
            )
        yield recorder.record(ref.label, batch, Verdicts.of(reasons))
    close(judge)


def _batch_filter(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    judge = ref.open(modules)
    for batch in batches:
        _enter(ref.label, batch, recorder)
        yield recorder.record(ref.label, batch, checked(ref, judge(batch)))
    close(judge)


def _doc_edit(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    edit = ref.open(modules)
    columns = stage.columns(ref.typed(stage, modules))
    for batch in batches:
        _enter(ref.label, batch, recorder)
        docs, reasons = [], []
        for doc in batch.docs():
            answer = _called(ref, edit, doc)
            if (
                not isinstance(answer, (Doc, str))
                or answer == ""
                or (isinstance(answer, Doc) and not isinstance(answer.text, str))
            ):
                raise StageError(
                    f"{ref.label} returned {answer!r:.80} for {doc.id}; an edit returns the Doc, its text a string, or a reason"
                )
            docs.append(doc if isinstance(answer, str) else answer)
            reasons.append(answer if isinstance(answer, str) else None)
        made = Batch.from_docs(docs, _with_made(ref, columns, batch.rows.schema, docs))
        same_ids(ref, batch, made)
        yield recorder.record(ref.label, made, Verdicts.of(reasons))
    close(edit)


def _batch_edit(
    ref: StageRef, stage: Stage, modules: Sequence[str], batches: Iterator[Batch], recorder: TaskRecorder
) -> Iterator[Batch]:
    edit = ref.open(modules)
    columns = stage.columns(ref.typed(stage, modules))
    for batch in batches:
        _enter(ref.label, batch, recorder)
        made = edit(batch)
        same_ids(ref, batch, made)
        only_declared(ref, columns, batch, made)
        yield recorder.record(ref.label, made)
    close(edit)


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

    def watched() -> Iterator[Batch]:
        for batch in batches:
            _enter(ref.label, batch, recorder)
            slim = batch.without(*(n for n in batch.names if n not in ("id", "url", "source", "text")))
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
    for left in (row for rows in waiting.values() for row in rows):
        entry.failed["consumed"] = entry.failed.get("consumed", 0) + 1
        recorder.drop(ref.label, left, Verdicts.of(["consumed"]))


_RUNNERS: dict[Kind, Callable] = {
    Kind.DOC_FILTER: _doc_filter,
    Kind.BATCH_FILTER: _batch_filter,
    Kind.DOC_EDIT: _doc_edit,
    Kind.BATCH_EDIT: _batch_edit,
    Kind.STREAM: _stream,
    Kind.DATATROVE: _datatrove,
}


def _called(ref: StageRef, function: Callable, doc: Doc):
    try:
        return function(doc)
    except CurateError:
        raise
    except Exception as error:
        raise StageError(f"{ref.label} failed on document {doc.id}: {type(error).__name__}: {error}") from error


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
