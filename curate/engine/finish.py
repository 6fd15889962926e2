"""Finishes a run: checks that the ledger balances, removes stale results, writes card, report, ledger and manifest.

Everything it needs is in the run folder, so that an executor may run it as its last job.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow.parquet as pq

from curate import extensions, fingerprint, formats, plan
from curate.engine.barriers import index, references
from curate.ledger import Ledger
from curate.plan import MapPhase, Plan, ReducePhase, StageRef, phases
from curate.report import card, html_report, sections
from curate.report.finished_run import FinishedRun
from curate.rules import Rules
from curate.runs import Output, Record, Role, RunFolder, layout, reading, redaction
from curate.runs.folder import finished_name
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record, results_written

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

_PLAN_SHAPE = {
    "name": str, "description": str, "recipe": dict, "published": (None, dict), "limit": int, "warnings": [str],
    "modules": [str], "labels": [str], "index_entry": str, "phases": [{"folder": str, "kind": str}],
}  # fmt: skip

AnyPhase = MapPhase | ReducePhase
Records = Mapping[str, Sequence[Record]]
"""The records of all tasks of each phase, by the phase's folder."""

EXAMPLES, EXAMPLE_TASKS, EXAMPLE_CHARACTERS = 3, 16, 600
"""Rejects shown for each stage and reason (and list), from how many tasks of a phase, and how much of each text."""


def version() -> str:
    """Return the installed version of curate."""
    from importlib.metadata import version as installed

    return installed("curate")


def write_plan(folder: RunFolder, planned: Plan) -> None:
    """Write down what workers, and whoever finishes the run, need to know."""
    spec = planned.spec
    described = {
        "name": spec.name,
        "description": spec.description,
        "recipe": spec.resolved,
        "published": spec.published.to_json() if spec.published else None,
        "limit": planned.limit,
        "warnings": list(planned.warnings),
        "modules": list(spec.modules),
        "labels": [spec.source.label, *(stage.label for stage in spec.stages if stage), spec.sink.label],
        "index_entry": index.entry_name(planned),
        "phases": [phases.to_json(phase) for phase in planned.phases],
    }
    folder.write_json(layout.PLAN, described)


def finish(folder: RunFolder) -> None:
    """Write what makes a run complete; the manifest comes last.

    Raises:
        InputError: the plan is damaged. RunError: a task has no record. StageError: the ledger does not balance.
    """
    described = reading.read_json(folder, layout.PLAN, _PLAN_SHAPE)
    with reading.whole(folder, layout.PLAN):
        ran = [phases.from_json(data) for data in described["phases"]]
    extensions.import_from(ran[0].import_from)
    records = {phase.folder: _records(folder, phase) for phase in ran}
    ledger = _ledger(described["labels"], records)
    ledger.check()
    results = [
        output
        for of_phase in records.values()
        for record in of_phase
        for output in record.outputs
        if output.role.is_result
    ]
    _remove_stale(folder, results)
    manifest = _published(_manifest(folder, described, ran, records, ledger, results), described["recipe"])
    run = FinishedRun(manifest, ledger, _examples(folder, ran))
    modules = described["modules"]
    folder.write_json(layout.LEDGER, ledger.to_json())
    folder.write_bytes(layout.CARD, card.card(run, formats.with_modules(modules)).encode())
    folder.write_bytes(layout.REPORT, html_report.page(run, sections.with_modules(modules)).encode())
    folder.write_json(layout.MANIFEST, manifest)
    if not described["limit"]:  # a trial leaves no trace in an index
        _remember(folder, described, ran)


def _remember(folder: RunFolder, described: Mapping[str, Any], ran: Sequence[AnyPhase]) -> None:
    """Copy what the barriers of a complete run remember into their indexes."""
    for phase in ran:
        if isinstance(phase, MapPhase) and phase.apply and phase.apply.barrier.construct(phase.modules).index:
            known = references.of_barrier(folder, phase.apply.barrier.label)
            names = [each.shard.splits[0].name if each.reader == references.INDEX else None for each in known]
            index.publish(folder, described["index_entry"], described["name"], phase, names)


def _records(folder: RunFolder, phase: AnyPhase) -> list[Record]:
    place = PhaseFolder(folder, phase.folder)
    return [need_record(place.task(task)) for task in range(phase.n_tasks)]


def _ledger(labels: Sequence[str], records: Records) -> Ledger:
    """Add up the ledgers of all tasks, the stages in the order of the recipe."""
    total = Ledger()
    for label in labels:
        total.stage(label)
    for of_phase in records.values():
        for record in of_phase:
            total.add(Ledger.from_json(record.ledger))
    return total


def _remove_stale(folder: RunFolder, results: Sequence[Output]) -> None:
    """Remove what earlier states of this run left: files that a task of ours has written, with the content it wrote, and
    the unfinished parts of such files that a killed task left."""
    current = {output.path for output in results}
    written: dict[str, set[str]] = {}
    for name in folder.folders(layout.PHASES):
        phase = PhaseFolder(folder, name)
        for task in phase.tasks_with_results():
            for path, digest in results_written(phase.task(task)).items():
                written.setdefault(path, set()).add(digest)
    ours = {path for path in {*current, *written} if layout.is_result_file(path)}
    for path in ours - current:
        if folder.exists(path) and folder.digest(path) in written[path]:
            folder.remove(path)
    for part in sorted({path.partition("/")[0] for path in ours}):
        for name in folder.files(part):
            finished = finished_name(name)
            if finished and f"{part}/{finished}" in ours:
                folder.remove(f"{part}/{name}")


def _manifest(
    folder: RunFolder, described: Mapping[str, Any], ran: Sequence[AnyPhase], records: Records, ledger: Ledger,
    results: Sequence[Output],
) -> dict[str, Any]:  # fmt: skip
    refs = {ref.label: (ref, phase) for phase in ran for ref in phase.refs}
    return {
        **{key: described[key] for key in ("name", "description", "recipe", "published", "limit")},
        "curate": version(),
        "python": sys.version.split()[0],
        "packages": fingerprint.versions(PACKAGES),
        "stages": [_stage(ref, phase) for ref, phase in refs.values()],
        "phases": [{"folder": phase.folder, "tasks": phase.n_tasks, "emits": _emits(phase)} for phase in ran],
        "inputs": _inputs(folder, records[ran[0].folder]),
        "metrics": _metrics(ran, records),
        "warnings": [
            *described["warnings"],
            *(w for of_phase in records.values() for r in of_phase for w in r.warnings),
        ],
        "documents": {"in": ledger.n_born, "out": ledger.n_out, "dropped": ledger.n_dropped},
        "outputs": [{"path": o.path, "role": o.role, "bytes": o.n_bytes, "digest": o.digest} for o in results],
        "output_digest": _digest(results, Role.DATA),
        "rejects_digest": _digest(results, Role.REJECTS),
    }


def _published(manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest without the secrets of the recipe and its inputs."""
    return {**redaction.hidden(manifest, redaction.secrets_of(recipe)), "recipe": redaction.hidden_recipe(recipe)}


def _digest(results: Sequence[Output], role: Role) -> str:
    return fingerprint.combine([[output.path, output.digest] for output in results if output.role is role])


def _inputs(folder: RunFolder, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return every split of the input with its digest."""
    digests = {split: value.partition(" ")[2] for record in records for split, value in record.inputs.items()}
    return [
        {
            "name": split.name,
            "url": split.url,
            "start": split.start,
            "end": split.end,
            "digest": digests[f"{split.name}:{split.start}-{split.end}"],
        }
        for shard in plan.read_shards(folder)
        for split in shard.splits
    ]


def _emits(phase: AnyPhase) -> str | None:
    return phase.emit.barrier.label if isinstance(phase, MapPhase) and phase.emit else None


def _metrics(ran: Sequence[AnyPhase], records: Records) -> dict[str, dict[str, Any]]:
    """Return what the reductions of each barrier reported, the numbers of several tasks added up."""
    found: dict[str, dict[str, Any]] = {}
    for phase in ran:
        for record in records[phase.folder] if isinstance(phase, ReducePhase) else ():
            if record.metrics:
                found[phase.barrier.label] = _added(found.get(phase.barrier.label, {}), record.metrics)
    return found


def _added(one: Any, other: Any) -> Any:
    """Return two tasks' values of a metric as one: numbers are added, mappings key by key; of other values the later."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {name: _added(one.get(name), other[name]) if name in other else one[name] for name in {**one, **other}}
    are_numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (one, other))
    return one + other if are_numbers else other


def _stage(ref: StageRef, phase: AnyPhase) -> dict[str, Any]:
    """Return what the manifest says of a stage; of a signal filter also its bounds, as they were."""
    described: dict[str, Any] = {"label": ref.label, "name": ref.name, "params": dict(ref.params)}
    if ref.columns:
        rules: Rules = ref.construct(phase.modules)()
        described["columns"] = dict(ref.columns)
        described["rules"] = {reason: {**asdict(bound), "signal": ref.columns[bound.signal]} for reason, bound in rules}
    return described


def _examples(folder: RunFolder, ran: Sequence[AnyPhase]) -> list[dict[str, Any]]:
    """Return a few rejects for each stage and reason (and list), those with text first, from the first tasks with some."""
    found: dict[tuple, list[dict[str, Any]]] = {}
    columns = ["id", "url", "stage", "reason", "value", "evidence", "lists", "kept_id", "text"]
    for phase in ran:
        if not isinstance(phase, MapPhase):
            continue
        for task in range(min(phase.n_tasks, EXAMPLE_TASKS)):
            with folder.open(PhaseFolder(folder, phase.folder).task(task).rejects) as file:
                rows = pq.ParquetFile(file).read(columns).to_pylist()
            for row in sorted(rows, key=lambda row: not row["text"]):
                group = found.setdefault((row["stage"], row["reason"], *(row["lists"] or ())), [])
                if len(group) < EXAMPLES:
                    group.append({**row, "text": (row["text"] or "")[:EXAMPLE_CHARACTERS]})
    return [row for group in found.values() for row in group]
