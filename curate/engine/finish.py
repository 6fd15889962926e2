"""Closes a run: checks that the recorder balance, takes stale files away, writes the ledger and the manifest."""

from __future__ import annotations

import re
import sys
from dataclasses import asdict
from typing import Any

import pyarrow.parquet as pq

from curate import fingerprint
from curate.engine.barriers import index, references
from curate.engine.tasks.map_task import rejects_path
from curate.errors import RunError
from curate.ledger import Ledger
from curate.plan import Phase, Plan, StageRef
from curate.report import card, fate, html_report, lists
from curate.runs import DATA, EVIDENCE, LEDGER, MANIFEST, REJECTS, Output, Record, RunFolder, read_record

PACKAGES = {
    "numpy",
    "pyarrow",
    "numba",
    "datatrove",
    "resiliparse",
    "trafilatura",
    "pycld2",
    "ftfy",
    "fasttext",
    "xxhash",
}
"""Top-level packages that decide what a run writes; those installed go into the manifest with their versions."""

PUBLISHED = (DATA, REJECTS, *EVIDENCE)
"""Folders of a run that are for its user; the rest is for the next run."""

_OURS = re.compile(r"(\d{5}(-\d{3,})?|\d{2}-\d{5}|(edges|clusters|lines|contamination)(-\d+)?)\.[a-z.]+(\.\d+\.part)?")
"""Names that a run gives to files in these folders; nothing else there is touched."""


def version() -> str:
    """Return the installed version of curate."""
    from importlib.metadata import version as installed

    return installed("curate")


def publish(folder: RunFolder, planned: Plan) -> None:
    """Write what makes a run complete; the manifest comes last."""
    records = {phase.folder: _records(folder, phase) for phase in planned.phases}
    ledger = _run_ledger(planned, records)
    ledger.check()
    outputs = [
        output
        for phase in planned.phases
        for record in records[phase.folder]
        for output in record.outputs
        if output.path.startswith(tuple(f"{part}/" for part in PUBLISHED))
    ]
    _remove_stale(folder, {output.path for output in outputs})
    manifest = _manifest(folder, planned, records, ledger, outputs)
    folder.write_json(LEDGER, ledger.to_json())
    folder.write_bytes("README.md", card.card(manifest, ledger).encode())
    folder.write_bytes("report.html", html_report.page(manifest, ledger, _examples(folder, planned, ledger)).encode())
    folder.write_json(MANIFEST, manifest)
    _remember(folder, planned)


def _remember(folder: RunFolder, planned: Plan) -> None:
    """Hand what the barriers of a complete run want to remember over to their indexes; a trial leaves no trace there."""
    if planned.limit:
        return
    for phase in planned.phases:
        barrier = phase.apply.open(phase.modules) if phase.apply else None
        if getattr(barrier, "index", None):
            known = references.of_barrier(folder, phase.apply.label)
            names = [r.shard.splits[0].name if r.reader == "index" else None for r in known]
            index.publish(folder, planned, phase, barrier, names)


def _records(folder: RunFolder, phase: Phase) -> list[Record]:
    records = []
    for task in range(phase.n_tasks):
        record = read_record(folder, phase.folder, task)
        if record is None:
            raise RunError(f"task {task} of {phase.folder} left no record; run again.")
        records.append(record)
    return records


def _run_ledger(planned: Plan, records: dict[str, list[Record]]) -> Ledger:
    """Add up all tasks, the stages in the order of the recipe."""
    total = Ledger()
    for label in (planned.spec.source.label, *(s.label for s in planned.spec.stages if s), planned.spec.sink.label):
        total.stage(label)
    for phase in planned.phases:
        for record in records[phase.folder]:
            total.add(Ledger.from_json(record.ledger))
    return total


def _remove_stale(folder: RunFolder, current: set[str]) -> None:
    """Remove what an earlier state of this run left in data/ and rejects/."""
    for part in PUBLISHED:
        for name in folder.files(part):
            if f"{part}/{name}" not in current and _OURS.fullmatch(name):
                folder.remove(f"{part}/{name}")


def _manifest(
    folder: RunFolder, planned: Plan, records: dict[str, list[Record]], ledger: Ledger, outputs: list[Output]
) -> dict[str, Any]:
    listed = [{"path": o.path, "bytes": int(o.mark.partition(":")[0]), "digest": o.digest} for o in outputs]
    seen = {
        key: value.partition(" ")[2]
        for record in records[planned.phases[0].folder]
        for key, value in record.inputs.items()
    }
    inputs = [
        {
            "name": split.name,
            "url": split.url,
            "start": split.start,
            "end": split.end,
            "digest": seen[f"{split.name}:{split.start}-{split.end}"],
        }
        for shard in planned.shards
        for split in shard.splits
    ]
    return {
        "name": planned.spec.name,
        "description": planned.spec.description,
        "curate": version(),
        "python": sys.version.split()[0],
        "packages": fingerprint.versions(PACKAGES),
        "recipe": planned.spec.resolved,
        "published": planned.spec.published.to_json() if planned.spec.published else None,
        "limit": planned.limit,
        "stages": [_described(ref, planned) for ref in {r.label: r for p in planned.phases for r in p.refs}.values()],
        "phases": [{"folder": phase.folder, "tasks": phase.n_tasks} for phase in planned.phases],
        "inputs": inputs,
        "told": _told(planned, records),
        "warnings": [w for per_task in records.values() for record in per_task for w in record.warnings],
        "documents": {"in": ledger.n_born, "out": ledger.n_out, "dropped": ledger.n_dropped},
        "outputs": listed,
        "output_digest": fingerprint.combine(
            [[o["path"], o["digest"]] for o in listed if o["path"].startswith(f"{DATA}/")]
        ),
        "rejects_digest": fingerprint.combine(
            [[o["path"], o["digest"]] for o in listed if o["path"].startswith(f"{REJECTS}/")]
        ),
    }


def _told(planned: Plan, records: dict[str, list[Record]]) -> dict[str, dict[str, Any]]:
    """Return what the reductions of each barrier put on record."""
    told: dict[str, dict[str, Any]] = {}
    for phase in planned.phases:
        for record in records[phase.folder] if phase.is_reduce else ():
            if record.told:
                told.setdefault(phase.emit.label, {}).update(record.told)
    return told


def _described(ref: StageRef, planned: Plan) -> dict[str, Any]:
    """Return what the manifest says of a stage; of a signal filter also its bounds, as they were."""
    described: dict[str, Any] = {"label": ref.label, "name": ref.name, "params": dict(ref.params)}
    if ref.columns:
        rules = ref.open(planned.spec.modules)()
        described["columns"] = dict(ref.columns)
        described["rules"] = {reason: {**asdict(bound), "signal": ref.columns[bound.signal]} for reason, bound in rules}
    return described


def _examples(folder: RunFolder, planned: Plan, ledger: Ledger, n: int = 3) -> list[dict[str, Any]]:
    """Return a few rejects for each stage and reason (and list), those with text first, from the first shards with some."""
    found: dict[tuple, list[dict[str, Any]]] = {}
    listed = {row.stage for row in lists.rows(ledger)}
    columns = ["id", "url", "stage", "reason", "value", "evidence", "text"]
    for phase in planned.phases:
        if phase.is_reduce:
            continue
        for task in range(min(phase.n_tasks, 16)):
            with folder.open(rejects_path(phase.folder, task)) as file:
                rows = pq.ParquetFile(file).read(columns).to_pylist()
                for row in sorted(rows, key=lambda row: not row["text"]):
                    by = lists.named(row["evidence"]) if row["stage"] in listed else ()
                    group = found.setdefault((row["stage"], row["reason"], *by), [])
                    if len(group) < n:
                        evidence = fate.shown_evidence(folder, phase.notes_from if phase.apply else None, row)
                        group.append({**row, "evidence": evidence, "text": (row["text"] or "")[:600]})
    return [row for group in found.values() for row in group]
