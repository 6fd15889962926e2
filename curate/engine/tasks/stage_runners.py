"""Documents through stages: one generator for each stage, which records what the stage did.

Adjacent signal filters form a group. All their signals are measured in one pass, each filter judges every
document of the group, and rows leave at its end: so every broken rule is on record, and "what if this
threshold were another" has an exact answer. What is slow judges survivors only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pyarrow as pa

from curate import languages, signals
from curate.batch import KEEP, Batch, Verdicts
from curate.engine.tasks import by_document, cases, sources
from curate.engine.tasks.judgements import Broken
from curate.engine.tasks.recorder import TaskRecorder
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
    recorded = {"id", "url", "source", "date", "text", *recorder.recorded_columns}

    def watched() -> Iterator[Batch]:
        for batch in batches:
            recorder.enter(ref.label, batch)
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
    **dict.fromkeys(by_document.WORKS, by_document.run),
    Kind.STREAM: _stream,
    Kind.DATATROVE: _datatrove,
}
