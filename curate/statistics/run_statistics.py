"""The statistics of a run, from its record of judgements: added up by its tasks, and merged when it is finished."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import zstandard

from curate import languages
from curate.plan.record import BYTES, YEAR, is_number
from curate.signals import TOKENS
from curate.sketches import BottomK, Distinct, HeavyHitters, Histogram, JointOutcomes, Moments
from curate.sketches.distinct import hashes
from curate.statistics.domains import domains

KEPT = ""
"""Stands for the documents that no stage dropped, where others have the label of a stage, or an outcome."""

GROUPED_BY: Mapping[str, str] = {"source": "source", "language": languages.COLUMN, "domain": "url", "year": YEAR}  # fmt: skip
"""What documents are grouped by -> the column of the record that it is made from."""

COUNTED = ("documents", "bytes", "tokens")
"""The numbers of each group and outcome, in this order. Bytes and tokens are those of documents for which they are known."""

_VERSION = 1


@dataclass(slots=True)
class NumberSketch:
    """What is known of the numbers in a column: how often each size occurred, mean and deviation."""

    histogram: Histogram = field(default_factory=Histogram)
    moments: Moments = field(default_factory=Moments)

    def count(self, values: np.ndarray) -> None:
        """Add numbers, float64[n]."""
        self.histogram.count(values)
        self.moments.count(values)

    def add(self, other: NumberSketch) -> None:
        """Add the numbers of another sketch."""
        self.histogram.add(other.histogram)
        self.moments.add(other.moments)

    def to_json(self) -> dict[str, Any]:
        return {"histogram": self.histogram.to_json(), "moments": self.moments.to_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NumberSketch:
        return cls(Histogram.from_json(data["histogram"]), Moments.from_json(data["moments"]))


@dataclass(slots=True)
class RunStatistics:
    """Statistics of all documents of a run, kept and dropped, which can be added up over its tasks.

    An outcome is `KEPT`, or `stage reason` as in the column `broken` of the record of judgements.

    Args:
        tokens: the column that counts tokens; None if there is none.
        documents: stage, or `KEPT` -> documents that it dropped.
        reasons: outcome -> documents.
        columns: column -> stage, or `KEPT` -> its numbers, without the missing ones; a stage is there if there is a number.
        groups: one of `GROUPED_BY` -> documents by value and outcome: `COUNTED`. Exact up to 1,024 values.
        distinct: `url` and `domain` -> about how many there are.
        joint: which rules documents broke together, where they were dropped.
        examples: outcome -> ids of a few documents.
    """

    tokens: str | None = None
    documents: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    columns: dict[str, dict[str, NumberSketch]] = field(default_factory=dict)
    groups: dict[str, HeavyHitters] = field(default_factory=dict)
    distinct: dict[str, Distinct] = field(default_factory=dict)
    joint: JointOutcomes = field(default_factory=JointOutcomes)
    examples: dict[str, BottomK] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """The number of documents."""
        return sum(self.documents.values())

    def numbers(self, column: str, stages: Iterable[str] | None = None) -> NumberSketch:
        """Return what is known of a column for documents that some stages dropped, or for `KEPT` ones; by default for all.

        The result is new; documents without a number are counted as missing. It is empty for a column without numbers.
        """
        found = NumberSketch()
        of_stage = self.columns.get(column, {})
        for stage in self.documents if stages is None else stages:
            found.add(of_stage.get(stage, NumberSketch()))
            found.histogram.n_missing += self.documents.get(stage, 0)
        found.histogram.n_missing -= found.histogram.n
        return found

    def kept(self, column: str) -> NumberSketch:
        """Return what is known of a column for the kept documents."""
        return self.numbers(column, [KEPT])

    def dropped(self, column: str) -> NumberSketch:
        """Return what is known of a column for the dropped documents."""
        return self.numbers(column, [stage for stage in self.documents if stage != KEPT])

    def count(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Add rows of the record of judgements."""
        stages = _Coded.of(rows["stage"])
        outcomes = _Coded.of(pc.binary_join_element_wise(rows["stage"], rows["reason"], " "))
        for coded, counts in ((stages, self.documents), (outcomes, self.reasons)):
            for name, n in zip(coded.names, np.bincount(coded.codes, minlength=len(coded.names)).tolist(), strict=True):
                counts[name] = counts.get(name, 0) + n
        self._count_numbers(rows, stages)
        self._count_groups(rows, outcomes)
        self._count_examples(rows["id"], outcomes)
        for found in pc.value_counts(_whole(pc.binary_join(_whole(rows["broken"]), "\n"))).to_pylist():
            if found["values"]:
                self.joint.count(found["values"].split("\n"), found["counts"])

    def count_kept(self, column: str, values: np.ndarray) -> None:
        """Add numbers of kept documents, float64[n], from a column that the record of judgements does not have."""
        found = values[np.isfinite(values)]
        if len(found):
            self.columns.setdefault(column, {}).setdefault(KEPT, NumberSketch()).count(found)

    def _count_numbers(self, rows: pa.Table | pa.RecordBatch, stages: _Coded) -> None:
        order = np.argsort(stages.codes, kind="stable")
        bounds = np.searchsorted(stages.codes[order], np.arange(len(stages.names) + 1))
        for column in rows.schema:
            if not is_number(column.type):
                continue
            values = _numbers(rows[column.name])[order]
            of_stage = self.columns.setdefault(column.name, {})
            for stage, start, stop in zip(stages.names, bounds, bounds[1:], strict=False):
                found = values[start:stop][np.isfinite(values[start:stop])]
                if len(found):
                    of_stage.setdefault(stage, NumberSketch()).count(found)

    def _count_groups(self, rows: pa.Table | pa.RecordBatch, outcomes: _Coded) -> None:
        names = set(rows.schema.names)
        self.tokens = next((name for name in TOKENS if name in names), None)
        numbers = [_known(rows, BYTES), _known(rows, self.tokens)]
        for by, column in GROUPED_BY.items():
            if column not in names:
                continue
            values = _whole(rows[column].cast(pa.string()))
            coded = (domains(values) if by == "domain" else values).dictionary_encode()
            if by == "domain":
                self.distinct.setdefault("url", Distinct()).count(values.drop_null().to_pylist())
                self.distinct.setdefault("domain", Distinct()).count(coded.dictionary.to_pylist())
            self.groups.setdefault(by, HeavyHitters()).add(_grouped(coded, outcomes, numbers))

    def _count_examples(self, ids: pa.Array | pa.ChunkedArray, outcomes: _Coded) -> None:
        ids = _whole(ids)
        hashed = hashes(ids.to_pylist())
        order = np.lexsort([hashed, outcomes.codes])
        bounds = np.searchsorted(outcomes.codes[order], np.arange(len(outcomes.names)))
        for outcome, start in zip(outcomes.names, bounds, strict=True):
            sample = self.examples.setdefault(outcome, BottomK())
            at = order[start : start + sample.size]
            at = at[outcomes.codes[at] == outcomes.codes[order[start]]]
            sample.count_hashed(zip(hashed[at].tolist(), ids.take(pa.array(at)).to_pylist(), strict=True))

    def add(self, other: RunStatistics) -> None:
        """Add the statistics of other documents of the same run."""
        self.tokens = self.tokens or other.tokens
        for mine, theirs in ((self.documents, other.documents), (self.reasons, other.reasons)):
            for name, n in theirs.items():
                mine[name] = mine.get(name, 0) + n
        for column, of_stage in other.columns.items():
            mine = self.columns.setdefault(column, {})
            for stage, sketch in of_stage.items():
                mine.setdefault(stage, NumberSketch()).add(sketch)
        for by, group in other.groups.items():
            self.groups.setdefault(by, HeavyHitters(group.capacity)).add(group)
        for name, distinct in other.distinct.items():
            self.distinct.setdefault(name, Distinct()).add(distinct)
        for outcome, sample in other.examples.items():
            self.examples.setdefault(outcome, BottomK(sample.size)).add(sample)
        self.joint.add(other.joint)

    def to_json(self) -> dict[str, Any]:
        return {
            "version": _VERSION, "tokens": self.tokens, "documents": dict(sorted(self.documents.items())),
            "reasons": dict(sorted(self.reasons.items())),
            "columns": {
                column: {stage: sketch.to_json() for stage, sketch in sorted(of_stage.items())}
                for column, of_stage in sorted(self.columns.items())
            },
            "groups": {by: group.to_json() for by, group in self.groups.items()},
            "distinct": {name: found.to_json() for name, found in self.distinct.items()},
            "joint": self.joint.to_json(),
            "examples": {outcome: sample.to_json() for outcome, sample in sorted(self.examples.items())},
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RunStatistics:
        """Return the statistics.

        Raises:
            ValueError, KeyError: `to_json` of this version did not return them.
        """
        if data["version"] != _VERSION:
            raise ValueError(f"version {data['version']!r} of the statistics; this version of curate reads {_VERSION}")
        return cls(
            data["tokens"], dict(data["documents"]), dict(data["reasons"]),
            {
                column: {stage: NumberSketch.from_json(sketch) for stage, sketch in of_stage.items()}
                for column, of_stage in data["columns"].items()
            },
            {by: HeavyHitters.from_json(group) for by, group in data["groups"].items()},
            {name: Distinct.from_json(found) for name, found in data["distinct"].items()},
            JointOutcomes.from_json(data["joint"]),
            {outcome: BottomK.from_json(sample) for outcome, sample in data["examples"].items()},
        )  # fmt: skip

    def compressed(self) -> bytes:
        """Return the same as `to_bytes`, in a fifth of the space."""
        return zstandard.compress(self.to_bytes())

    @classmethod
    def from_compressed(cls, content: bytes) -> RunStatistics:
        """Return the statistics that `compressed` returned."""
        return cls.from_json(json.loads(zstandard.decompress(content)))

    def to_bytes(self) -> bytes:
        """Return the content of `statistics.json`."""
        return json.dumps(self.to_json(), ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column of few strings: the name of each code, and int64[n]; null is `KEPT`."""

    names: list[str]
    codes: np.ndarray

    @classmethod
    def of(cls, values: pa.Array | pa.ChunkedArray) -> _Coded:
        coded = _whole(pc.fill_null(values, KEPT)).dictionary_encode()
        return cls(coded.dictionary.to_pylist(), coded.indices.to_numpy().astype(np.int64))


def _grouped(values: pa.DictionaryArray, outcomes: _Coded, numbers: list[np.ndarray]) -> HeavyHitters:
    """Count documents by value and outcome; of more values than there is room for, the rarest at once as `rest`."""
    found, names = HeavyHitters(), values.dictionary
    at = pc.fill_null(values.indices, len(names)).to_numpy(zero_copy_only=False).astype(np.int64)
    documents = np.bincount(at, minlength=len(names) + 1)
    if np.count_nonzero(documents) > found.capacity:
        found.error = int(np.partition(documents, -found.capacity - 1)[-found.capacity - 1])
    at[documents[at] <= found.error] = -1
    keys, inverse, n = np.unique(at * len(outcomes.names) + outcomes.codes, return_inverse=True, return_counts=True)
    sums = [np.bincount(inverse, each, len(keys)).astype(np.int64).tolist() for each in numbers]
    of_value, of_outcome = np.divmod(keys, len(outcomes.names))
    for value, outcome, *counted in zip(of_value.tolist(), of_outcome.tolist(), n.tolist(), *sums, strict=True):
        name = outcomes.names[outcome]
        if value < 0:
            found.rest[name] = counted
        else:
            found.count(names[value].as_py() if value < len(names) else None, name, counted)
    found.weights = {value: weight - found.error for value, weight in found.weights.items()}
    return found


def _known(rows: pa.Table | pa.RecordBatch, column: str | None) -> np.ndarray:
    """Return the whole numbers of a column that there may be, 0 where they are not known: float64[n]."""
    if column is None or column not in rows.schema.names:
        return np.zeros(rows.num_rows)
    return np.nan_to_num(_numbers(rows[column]))


def _numbers(values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Return numbers and truth values as float64[n], NaN for null."""
    values = _whole(values)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.uint8())
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _whole(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
