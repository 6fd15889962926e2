"""Finishes a run: checks that the ledger balances, removes stale results, writes card, report, ledger and manifest.

Everything it needs is in the run folder, so that an executor may run it as its last job.
"""

from __future__ import annotations

import posixpath
import shutil
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import extensions, fingerprint, formats, plan
from curate.engine.barriers import index, references
from curate.engine.barriers.reduce_context import added
from curate.ledger import Ledger
from curate.plan import AnyPhase, MapPhase, ReducePhase, phases
from curate.plan.description import describe
from curate.report import card, html_report, sections
from curate.report.finished_run import FinishedRun
from curate.runs import Output, Record, Role, RunFolder, TaskFiles, layout, own_files, reading, redaction
from curate.runs.arrow_files import DamagedFile
from curate.runs.layout import PhaseFolder, TaskFolder
from curate.runs.own_files import OwnFiles
from curate.runs.records import need_record
from curate.statistics import tokens
from curate.statistics.run_statistics import RunStatistics

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

EXAMPLE_COLUMNS = ("id", "url", "stage", "reason", "value", "evidence", "lists", "kept_id", "text")

_PLAN_SHAPE = {
    "name": str, "description": str, "recipe": dict, "published": (None, dict), "limit": int, "allow_empty": bool,
    "warnings": [str], "modules": [str], "labels": [str], "runner": dict, "phases": [{"folder": str, "kind": str}],
}  # fmt: skip

Records = Mapping[str, Sequence[Record]]
"""The records of all tasks of each phase, by the phase's folder."""

EXAMPLES, EXAMPLE_TASKS, EXAMPLE_CHARACTERS = 3, 16, 600
"""Rejects shown for each stage and reason (and list), from how many tasks of a phase, and how much of each text."""


def finish(folder: RunFolder, warnings: Sequence[str] = ()) -> None:
    """Write what makes a run complete; the manifest comes last.

    Args:
        warnings: that go into the manifest.

    Raises:
        InputError: the plan is damaged. RunError: a task has no record. StageError: the ledger does not balance.
        DamagedFile: what a task has written for an index is not there any more as it was.
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
    if not ledger.n_out:
        published, moved_aside = _without_documents(folder, ran[-1])
        results, warnings = [*results, *published], [*warnings, *moved_aside]
    _remove_stale(folder, results)
    statistics = _statistics(folder, _last(ran))
    manifest = _published(_manifest(folder, described, ran, records, ledger, results), described["recipe"])
    manifest |= {**_size_and_time(folder, ledger), "tokens": tokens.of_run(ledger, statistics)}
    added_up = statistics.to_bytes()
    manifest["outputs"].append(_described_file(folder, layout.STATISTICS, Role.STATISTICS, added_up))
    run = FinishedRun(manifest, ledger, _examples(folder, ran), statistics)
    modules, own = described["modules"], OwnFiles(folder)
    own.write_json(layout.LEDGER, ledger.to_json())
    own.write(layout.STATISTICS, added_up)
    own.write_beside(layout.CARD, layout.NEW_CARD, card.card(run, formats.with_modules(modules)).encode())
    own.write(layout.REPORT, html_report.page(run, sections.with_modules(modules)).encode())
    own.write_json(layout.MANIFEST, {**manifest, "warnings": [*manifest["warnings"], *warnings, *own.warnings]})
    if not described["limit"]:  # a trial leaves no trace in an index
        _remember(folder, described, ran)


def _without_documents(folder: RunFolder, last: AnyPhase) -> tuple[list[Output], list[str]]:
    """Publish the file that has the columns of the output and no documents, which the first task of a run has made.

    Returns:
        the file, and what the user should know about one that was in its place.
    Raises:
        DamagedFile: it is not there any more as it was.
    """
    place = PhaseFolder(folder, last.folder).task(0)
    files = TaskFiles(place)
    for made in need_record(place).outputs:
        if made.role is not Role.EMPTY:
            continue
        if not folder.exists(made.path) or folder.digest(made.path) != made.digest:
            raise DamagedFile(place, made.path, "missing, or not what was written")
        with (
            folder.open(made.path) as source,
            files.open(f"{layout.DATA}/{posixpath.basename(made.path)}", Role.DATA) as file,
        ):
            shutil.copyfileobj(source, file)
    return files.commit(), files.warnings


def _remember(folder: RunFolder, described: Mapping[str, Any], ran: Sequence[AnyPhase]) -> None:
    """Copy what the barriers of a complete run remember into their indexes."""
    stored = [
        [index.stored_input(split, record.input_digests[split.range_name]) for split in shard.splits]
        for shard, record in zip(plan.read_shards(folder), _records(folder, ran[0]), strict=True)
    ]
    for phase in ran:
        if isinstance(phase, MapPhase) and phase.apply and phase.apply.barrier.construct(phase.modules).index:
            known = references.of_barrier(folder, phase.apply.barrier.label)
            names = [each.shard.splits[0].name if each.reader == references.INDEX else None for each in known]
            index.publish(folder, described["runner"], phase, stored, names)


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
    """Remove what earlier states of this run left: results that a task of ours has written, with the content it wrote, and
    files that a killed task has not finished."""
    current = {output.path for output in results}
    for path, digests in own_files.written_by_tasks(folder).items():
        if path not in current and folder.exists(path) and folder.digest(path) in digests:
            folder.remove(path)
    phases_with_parts = [PhaseFolder(folder, name).parts for name in folder.folders(layout.PHASES)]
    for parts in (layout.PARTS, *phases_with_parts):
        for name in folder.files(parts):
            folder.remove(f"{parts}/{name}")


def _manifest(
    folder: RunFolder, described: Mapping[str, Any], ran: Sequence[AnyPhase], records: Records, ledger: Ledger,
    results: Sequence[Output],
) -> dict[str, Any]:  # fmt: skip
    refs = {ref.label: (ref, phase) for phase in ran for ref in phase.refs}
    return {
        **{key: described[key] for key in ("name", "description", "recipe", "published", "limit", "allow_empty")},
        "curate": version("curate"),
        "python": sys.version.split()[0],
        "packages": fingerprint.versions(PACKAGES),
        "stages": [describe(ref, phase.modules) for ref, phase in refs.values()],
        "phases": [
            {
                "folder": phase.folder,
                "tasks": phase.n_tasks,
                "emits": _emits(phase),
                "from": _origins(records[phase.folder]),
            }
            for phase in ran
        ],
        "inputs": _inputs(folder, records[ran[0].folder]),
        "metrics": _metrics(ran, records),
        "warnings": [
            *described["warnings"],
            *_warnings(records),
            *_strangers(folder, results),
            *([ledger.why_empty()] if ledger.why_empty() and not described["allow_empty"] else []),
        ],
        "documents": {"in": ledger.n_born, "out": ledger.n_out, "dropped": ledger.n_dropped},
        "outputs": [{"path": o.path, "role": o.role, "bytes": o.n_bytes, "digest": o.digest} for o in results],
        "output_digest": _digest(results, Role.DATA),
        "rejects_digest": _digest(results, Role.REJECTS),
        "judgements_digest": _digest(results, Role.JUDGEMENTS),
        "judgements": [asdict(column) for column in _last(ran).judgements],
    }


def _statistics(folder: RunFolder, phase: MapPhase) -> RunStatistics:
    """Return the statistics of all documents, added up over the tasks that completed their record.

    Raises:
        DamagedFile: what a task has added up is not there any more as it was.
    """
    total = RunStatistics()
    for task in range(phase.n_tasks):
        place = PhaseFolder(folder, phase.folder).task(task)
        total.add(RunStatistics.from_compressed(_intact(place, place.statistics)))
    return total


def _size_and_time(folder: RunFolder, ledger: Ledger) -> dict[str, Any]:
    """Return the bytes of text that came and were kept, and when the run began and ended: the last one in this folder."""
    began, ended = reading.read_json(folder, layout.RUN, {"began": str})["began"], datetime.now(UTC)
    with reading.whole(folder, layout.RUN):
        seconds = (ended - datetime.fromisoformat(began)).total_seconds()
    return {
        "bytes": {"in": tokens.bytes_born(ledger), "out": tokens.bytes_kept(ledger)},
        "began": began,
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
    }


def _intact(place: TaskFolder, path: str) -> bytes:
    """Return the content of an intermediate file."""
    expected = next((output.digest for output in need_record(place).outputs if output.path == path), None)
    content = place.run.read_bytes(path) if place.run.exists(path) else b""
    if place.run.digest_of_bytes(content) != expected:
        raise DamagedFile(place, path, "missing, or not what was written")
    return content


def _described_file(folder: RunFolder, path: str, role: Role, content: bytes) -> dict[str, Any]:
    """Return the entry of the manifest for a file that is written when the run is finished."""
    return {"path": path, "role": role, "bytes": len(content), "digest": folder.digest_of_bytes(content)}


def _last(ran: Sequence[AnyPhase]) -> MapPhase:
    """Return the phase with the sink."""
    return next(phase for phase in reversed(ran) if isinstance(phase, MapPhase))


def _strangers(folder: RunFolder, results: Sequence[Output]) -> list[str]:
    """Say which files beside the curated documents are not part of the result: who loads the whole folder gets them too."""
    ours = {output.path for output in results}
    found = [path for name in folder.files(layout.DATA) if (path := f"{layout.DATA}/{name}") not in ours]
    if not found:
        return []
    named = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    return [f"{named}: not part of this result, but in the folder of its documents.  Move what should not be loaded."]


def _warnings(records: Records) -> list[str]:
    """Return what barriers warned of, and what happened to files, each message once, with the first example."""
    found: dict[str, str] = {}
    for of_phase in records.values():
        for record in of_phase:
            for message, example in (record.warnings | dict.fromkeys(record.notes, "")).items():
                found.setdefault(message, example)
    return [f"{message}.  For example: {example!r:.120}." if example else message for message, example in found.items()]


def _published(manifest: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest without the secrets of the recipe and its inputs."""
    return {**redaction.hidden(manifest, redaction.secrets_of(recipe)), "recipe": redaction.hidden_recipe(recipe)}


def _digest(results: Sequence[Output], role: Role) -> str:
    return fingerprint.combine([[output.path, output.digest] for output in results if output.role is role])


def _inputs(folder: RunFolder, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return every split of the input with its digest."""
    return [
        {
            **({"input": shard.input} if shard.input else {}),
            "name": split.name,
            "url": split.url,
            "start": split.start,
            "end": split.end,
            "digest": record.input_digests[split.range_name],
        }
        for shard, record in zip(plan.read_shards(folder), records, strict=True)
        for split in shard.splits
    ]


def _origins(records: Sequence[Record]) -> dict[str, int]:
    """Return from how many tasks each neighbouring run folder had the results."""
    return dict(sorted(Counter(record.taken_from for record in records if record.taken_from).items()))


def _emits(phase: AnyPhase) -> str | None:
    return phase.emit.barrier.label if isinstance(phase, MapPhase) and phase.emit else None


def _metrics(ran: Sequence[AnyPhase], records: Records) -> dict[str, dict[str, Any]]:
    """Return what the reductions of each barrier reported, the numbers of several tasks added up."""
    found: dict[str, dict[str, Any]] = {}
    for phase in ran:
        for record in records[phase.folder] if isinstance(phase, ReducePhase) else ():
            if record.metrics:
                found[phase.barrier.label] = added(found.get(phase.barrier.label, {}), record.metrics)
    return found


def _examples(folder: RunFolder, ran: Sequence[AnyPhase]) -> list[dict[str, Any]]:
    """Return a few rejects for each stage and reason (and list), those with text first, from the first tasks with some."""
    found: dict[str, list[dict[str, Any]]] = {}
    for phase in ran:
        for task in range(min(phase.n_tasks, EXAMPLE_TASKS)) if isinstance(phase, MapPhase) else ():
            place = PhaseFolder(folder, phase.folder).task(task)
            with folder.open(place.rejects) as file:
                for group, rows in _examples_of(pq.ParquetFile(file, pre_buffer=False)).items():
                    so_far = found.setdefault(group, [])
                    so_far += rows[: EXAMPLES - len(so_far)]
    return [row for group in found.values() for row in group]


def _examples_of(file: pq.ParquetFile) -> dict[str, list[dict[str, Any]]]:
    """Return the first rejects of each group in a file, those with text first, the groups in the order of their first ones."""
    with_text: dict[str, list[dict[str, Any]]] = {}
    without: dict[str, list[dict[str, Any]]] = {}
    for batch in file.iter_batches(columns=list(EXAMPLE_COLUMNS), use_threads=False):
        lists = pc.fill_null(pc.binary_join(batch["lists"], "\n"), "")
        groups = pc.binary_join_element_wise(batch["stage"], batch["reason"], lists, "\n").dictionary_encode()
        has_text = pc.greater(pc.fill_null(pc.binary_length(batch["text"]), 0), 0).to_numpy(zero_copy_only=False)
        for code, group in enumerate(groups.dictionary.to_pylist()):
            is_in = groups.indices.to_numpy() == code
            for chosen, rows in ((is_in & has_text, with_text), (is_in & ~has_text, without)):
                so_far = rows.setdefault(group, [])
                for at in np.flatnonzero(chosen)[: EXAMPLES - len(so_far)].tolist():
                    (row,) = batch.slice(at, 1).to_pylist()
                    so_far.append({**row, "text": (row["text"] or "")[:EXAMPLE_CHARACTERS]})
    return {group: [*rows, *without[group]][:EXAMPLES] for group, rows in with_text.items()}
