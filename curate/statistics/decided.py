"""The documents that a barrier of a finished run has decided about: what its `remarks` and `ranks` are made from."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.runs import Role, RunFolder, layout, reading
from curate.statistics.record import JudgementRecord, Record


def of_manifest(folder: RunFolder, manifest: Mapping[str, Any], label: str) -> Decided:
    """Return what a barrier of a finished run has decided about."""
    evidence = [output["path"] for output in manifest["outputs"] if output["role"] == Role.EVIDENCE]
    labels = [stage["label"] for stage in manifest["stages"]]
    return Decided(folder, JudgementRecord(folder, manifest), labels, label, evidence)


class Decided:
    """A `barrier.Corpus`.

    Args:
        record: of the run. labels: of its stages, in their order. label: of the barrier. evidence: the files with evidence.
    """

    def __init__(self, folder: RunFolder, record: Record, labels: Sequence[str], label: str, evidence: Collection[str]):
        self._folder, self._record, self._label, self._evidence = folder, record, label, evidence
        self._passed = list(labels)[: list(labels).index(label)]
        self.names = set(record.names)

    def columns(self, names: Sequence[str]) -> pa.Table:
        read = list(dict.fromkeys([*names, "stage"]))
        before, parts = pa.array(self._passed, pa.string()), []
        for batch in self._record.batches(read, with_threads=False):
            table = pa.Table.from_batches([batch])
            parts.append(table.filter(pc.invert(pc.is_in(table["stage"], value_set=before))).select(names))
        return pa.concat_tables(parts)

    def evidence(self, name: str, column: str, value: str) -> list[dict[str, Any]]:
        path = layout.evidence_file(self._label, name)
        if path not in self._evidence:
            return []
        with reading.whole(self._folder, path), self._folder.open(path) as file:
            stored = pq.ParquetFile(file, pre_buffer=False)
            found = []
            for batch in stored.iter_batches(use_threads=False):
                hits = pc.indices_nonzero(pc.equal(batch[column], value))
                found += batch.take(hits).to_pylist() if len(hits) else []
        return found
