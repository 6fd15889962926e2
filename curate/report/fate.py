"""What became of one document: in which file it was kept, or by which stage and number it was dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import formats
from curate.batch import CORE
from curate.errors import SpecError
from curate.formats import PARQUET, Format
from curate.report import text_diff
from curate.report.finished_run import finished_folder, manifest_of, modules_in
from curate.report.recorded import Recorded
from curate.runs import Role, RunFolder, arrow_files, reading
from curate.runs.layout import PhaseFolder, TaskFolder, phase_of_rejects, shard_of_rejects
from curate.spec import Case

NO_RECORD = "The run has no judgements/, as an earlier version of curate made it; run the recipe again to see what was measured."
"""Said of a document in place of the values that decided."""

_COLUMNS = ("id", "url", "source", "text")
_FROM_REJECTS = ("id", "url", "stage", "reason", "value", "evidence", "lists", "failed")


def find(url: str, id: str, modules: Sequence[str] = ()) -> dict[str, Any]:
    """Return a document's fate.

    Args:
        url: the run folder.
        id: the document's id or its URL. If several documents have the URL, the kept one comes first, and the
            ids of the others are in `others`. `columns` has what was measured; if the run has no record of it, `note`
            says so.
        modules: modules of the user's that bring file formats.

    Raises:
        SpecError: no document of the run has this id or URL, or its data is in a format that is not known.
        InputError: a file of the run is damaged.
    """
    folder = finished_folder(url)
    manifest = manifest_of(folder)
    rejects, recorded = _results(manifest, Role.REJECTS), Recorded(folder, manifest, id)
    dropped = [fate for path in rejects for fate in _dropped_in(folder, manifest, path, id, recorded)]
    kinds = formats.with_modules(modules)
    data = _results(manifest, Role.DATA)
    unknown = [name for name in data if formats.of_file(name, kinds) is None]
    if unknown and not dropped:
        raise SpecError(_unknown_format(folder, manifest, unknown[0], modules))
    kept = [fate for name in data if name not in unknown for fate in _kept(folder, name, id, kinds, recorded)]
    fates = [*kept, *dropped]
    if not fates:
        raise SpecError(f'no document of {url} has the id or URL "{id}".  Ids look like "{_example(folder, rejects)}".')
    others = [{"id": fate["id"], "fate": fate["fate"], "reason": fate.get("reason")} for fate in fates[1:]]
    return {**fates[0], "others": others, **({} if recorded.is_there else {"note": NO_RECORD})}


def _results(manifest: Mapping[str, Any], role: Role) -> list[str]:
    """Return the files of the run; there may be others in the folders, which are the user's."""
    return sorted(output["path"] for output in manifest["outputs"] if output["role"] == role)


def _kept(
    folder: RunFolder, path: str, id: str, kinds: Sequence[Format], recorded: Recorded
) -> Iterator[dict[str, Any]]:
    for number, row in _found(folder, path, id, formats.of_file(path, kinds)):
        columns = {name: value for name, value in row.items() if name not in _COLUMNS and value is not None}
        columns = {**recorded.take_kept(row["id"]), **columns}
        yield {
            "id": row["id"], "url": row.get("url"), "fate": "kept", "file": path, "row": number,
            "columns": columns, "text": row.get("text"),
        }  # fmt: skip


def _found(folder: RunFolder, path: str, id: str, kind: Format) -> list[tuple[int, dict[str, Any]]]:
    with reading.whole(folder, path), folder.open(path) as file:
        return list(kind.find_rows(file, path, id))


def _unknown_format(folder: RunFolder, manifest: Mapping[str, Any], name: str, modules: Sequence[str]) -> str:
    missing = " ".join(f"--module {module}" for module in modules_in(manifest) if module not in modules)
    hint = (
        f"One of the recipe's own modules may know it: add {missing}."
        if missing
        else "No module given knows it either."
    )
    return f"{folder.path(name)}: no file format is known that has files of this name.  {hint}"


def _dropped_in(
    folder: RunFolder, manifest: Mapping[str, Any], path: str, id: str, recorded: Recorded
) -> Iterator[dict[str, Any]]:
    rows, shard = _found(folder, path, id, PARQUET), shard_of_rejects(path)
    with reading.whole(folder, path):
        for _, row in rows:
            before = _before(folder, manifest, phase_of_rejects(path), shard, row["id"])
            columns = {**before, **recorded.take(shard, row["id"], row["stage"], row["reason"])}
            yield _dropped(folder, manifest, row, shard, columns)


def _before(folder: RunFolder, manifest: Mapping[str, Any], phase: int, shard: int, id: str) -> dict[str, Any]:
    """Return what was known of a document when the phase that dropped it began: texts such as its title, too, which the
    record does not have; empty if no phase before has written it down."""
    for described in reversed(manifest["phases"][: phase - 1]):
        place = PhaseFolder(folder, described["folder"]).task(shard)
        if folder.exists(place.docs):
            return _columns_of(place, id)
    return {}


def _columns_of(place: TaskFolder, id: str) -> dict[str, Any]:
    with closing(arrow_files.open_file(place, place.docs)) as reader:
        for batch in reader.batches():
            for at in pc.indices_nonzero(pc.equal(batch["id"], id)).to_pylist():
                values = ((f.name, batch[f.name][at].as_py()) for f in batch.schema if not _is_bulky(f))
                return {name: value for name, value in values if value is not None}
    return {}


def _is_bulky(field: pa.Field) -> bool:
    return field.name in CORE or pa.types.is_large_binary(field.type) or pa.types.is_binary(field.type)


def _dropped(
    folder: RunFolder, manifest: Mapping[str, Any], row: dict[str, Any], shard: int, columns: Mapping[str, Any]
) -> dict[str, Any]:
    fate = {name: row[name] for name in _FROM_REJECTS}
    fate |= {"fate": "dropped", "columns": columns, "text": row["text"]}
    if rule := _rule(manifest, row["stage"], row["reason"], {**row, **columns}):
        fate["rule"] = rule
    if row["kept_shard"] is not None:
        emitted_in, n_shards = _phase_that_emitted(folder, manifest, row["stage"])
        place = row["kept_shard"], row["kept_row"]
        fate["kept_copy"] = (_document_at if place[0] < n_shards else _reference_at)(emitted_in, *place)
        fate["text"] = row["text"] or _text_of(emitted_in, shard, row["id"])
        if fate["text"] and fate["kept_copy"].get("text"):
            pair = fate["text"], fate["kept_copy"]["text"]
            fate["differences"] = [asdict(found) for found in text_diff.differences(*pair)]
    return fate


def _rule(manifest: Mapping[str, Any], label: str, reason: str, document: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the bound that a signal filter dropped a document for, as the recipe set it for this document."""
    ran = next((stage for stage in manifest["stages"] if stage["label"] == label), {})
    cases = (case for case in ran.get("cases", []) if Case(case["when"], case["params"]).fits(document))
    return next(cases, ran).get("rules", {}).get(reason)


def _phase_that_emitted(folder: RunFolder, manifest: Mapping[str, Any], label: str) -> tuple[PhaseFolder, int]:
    """Return the phase in which a barrier emitted, which holds the documents' texts and sidecars; and its number of shards."""
    for phase in manifest["phases"]:
        if phase["emits"] == label:
            return PhaseFolder(folder, phase["folder"]), phase["tasks"]
    raise SpecError(f"{folder.url}: the phase in which {label} emitted is gone; run again.")


def _document_at(emitted_in: PhaseFolder, shard: int, row: int) -> dict[str, Any]:
    """Return the document at a place."""
    place = emitted_in.task(shard)
    return _row_of(place, place.docs, row, ("id", "url", "text"))


def _reference_at(emitted_in: PhaseFolder, shard: int, row: int) -> dict[str, Any]:
    """Return what is known of a document of the reference data: its id."""
    return {**_row_of(emitted_in.task(shard), emitted_in.sidecar(shard), row, ("id",)), "is_reference": True}


def _row_of(place: TaskFolder, path: str, row: int, columns: tuple[str, ...]) -> dict[str, Any]:
    with closing(arrow_files.open_file(place, path)) as reader:
        for batch in reader.batches():
            if row < batch.num_rows:
                return {name: batch[name][row].as_py() for name in columns if name in batch.schema.names}
            row -= batch.num_rows
    return {}


def _text_of(emitted_in: PhaseFolder, shard: int, id: str) -> str | None:
    place = emitted_in.task(shard)
    with closing(arrow_files.open_file(place, place.docs)) as reader:
        for batch in reader.batches():
            for at in pc.indices_nonzero(pc.equal(batch["id"], id)).to_pylist():
                return batch["text"][at].as_py() if "text" in batch.schema.names else None
    return None


def _example(folder: RunFolder, rejects: Sequence[str]) -> str:
    for path in rejects:
        with reading.whole(folder, path), folder.open(path) as file:
            ids = pq.ParquetFile(file).read(["id"])["id"]
        if len(ids):
            return ids[0].as_py()
    return "part-00000.warc.gz/4711"
