"""Which columns the record of judgements has: they are known from the stages before anything runs.

So the files of all shards make up one dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pyarrow as pa

from curate import languages, signals
from curate.batch import CORE
from curate.plan.columns import Bound, columns_of
from curate.plan.record import DOCUMENT, LANGUAGE, MEASURED, TYPES, VERDICT, RecordColumn, is_number
from curate.spec import PipelineSpec
from curate.stage import Kind


class Judged:
    """Which columns of the record each stage of a recipe makes.

    Args:
        stages: as bound to their columns; None for a checkpoint.

    `warnings` names the columns that cannot be in the record.
    """

    def __init__(self, spec: PipelineSpec, stages: Sequence[Bound | None]):
        self.warnings: list[str] = []
        read = [columns_of(each.source).makes for each in spec.inputs]
        self._source = [LANGUAGE] if any(languages.COLUMN in makes for makes in read) else []
        self._made = {bound.ref.label: list(self._of_stage(bound)) for bound in stages if bound is not None}

    def until(self, labels: Iterable[str]) -> tuple[RecordColumn, ...]:
        """Return the columns that there are after these stages; a column that two stages make has a type that holds both."""
        found: dict[str, RecordColumn] = {}
        for column in [*self._source, *(column for label in labels for column in self._made[label])]:
            before = found.get(column.name)
            found[column.name] = _wider(before, column) if before else column
        language = [found.pop(LANGUAGE.name)] if LANGUAGE.name in found else []
        return (*DOCUMENT, *language, *VERDICT, *MEASURED, *found.values())

    def _of_stage(self, bound: Bound) -> Iterator[RecordColumn]:
        spec, taken = bound.spec, {column.name for column in (*DOCUMENT, *VERDICT, *MEASURED)}
        for wanted, column in bound.ref.columns.items():
            signal = signals.SIGNALS.get(signals.current_name(wanted))
            if signal is not None:
                again = "" if column == signal.name else f"; measured again for {spec.label}"
                yield RecordColumn(column, str(pa.from_numpy_dtype(signal.dtype)), signal.about + again)
        for column, kind in bound.columns.makes.items() if spec.stage.kind is not Kind.SOURCE else ():
            if column == LANGUAGE.name:
                yield LANGUAGE
            elif column in CORE:
                continue
            elif kind is None:
                self._leave_out(bound, column, f"{spec.name} does not say of which type it is", f"Write `Makes: {column}: float` in its docstring")  # fmt: skip
            elif is_number(kind) and column in taken:
                self._leave_out(bound, column, "the record has a column of its own with this name", "Choose another")
            elif is_number(kind):
                yield RecordColumn(column, str(kind), f"made by {spec.label}: {spec.stage.summary.rstrip('.')}")

    def _leave_out(self, bound: Bound, column: str, why: str, advice: str) -> None:
        self.warnings.append(
            f"{bound.spec.where}\n  {bound.spec.label} makes the column `{column}`, which is not in the record of judgements: "
            f"{why}.  {advice}."
        )


def _wider(one: RecordColumn, other: RecordColumn) -> RecordColumn:
    if one.type == other.type:
        return one
    kinds = (TYPES[each.type].to_pandas_dtype() for each in (one, other))
    kind = pa.from_numpy_dtype(np.result_type(*kinds))
    return RecordColumn(one.name, str(kind), f"{one.about}; then {other.about}")
