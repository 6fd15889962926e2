"""Documents as phases wrote them down for the next one: what was known of them, the copies that were kept, and the differences."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.batch import CORE
from curate.errors import SpecError
from curate.report import text_diff
from curate.runs import RunFolder, arrow_files
from curate.runs.layout import PhaseFolder, TaskFolder


def before(folder: RunFolder, manifest: Mapping[str, Any], phase: int, shard: int, id: str) -> dict[str, Any]:
    """Return what was known of a document when the phase that dropped it began: texts such as its title, too, which the
    record does not have; empty if no phase before has written it down."""
    for described in reversed(manifest["phases"][: phase - 1]):
        place = PhaseFolder(folder, described["folder"]).task(shard)
        if folder.exists(place.docs):
            return _columns_of(place, id)
    return {}


def text_before(
    folder: RunFolder, manifest: Mapping[str, Any], phase: int, shard: int, id: str
) -> tuple[str, str] | None:
    """Return the text of a document when a phase began, and the folder of the phase that wrote it down; None if none has.

    Raises:
        DamagedFile: what a phase wrote is damaged.
    """
    for described in reversed(manifest["phases"][: phase - 1]):
        emitted_in = PhaseFolder(folder, described["folder"])
        if folder.exists(emitted_in.task(shard).docs):
            text = _text_of(emitted_in, shard, id)
            return None if text is None else (text, described["folder"])
    return None


def _columns_of(place: TaskFolder, id: str) -> dict[str, Any]:
    with closing(arrow_files.open_file(place, place.docs)) as reader:
        for batch in reader.batches():
            for at in pc.indices_nonzero(pc.equal(batch["id"], id)).to_pylist():
                values = ((f.name, batch[f.name][at].as_py()) for f in batch.schema if not _is_bulky(f))
                return {name: value for name, value in values if value is not None}
    return {}


def _is_bulky(field: pa.Field) -> bool:
    return field.name in CORE or pa.types.is_large_binary(field.type) or pa.types.is_binary(field.type)


def kept_copy(folder: RunFolder, manifest: Mapping[str, Any], row: Mapping[str, Any], shard: int) -> dict[str, Any]:
    """Return the document that was kept in place of another: `kept_copy`, the `text` of the other, and their `differences`.

    Args:
        row: of the rejects, about the other. shard: it is in.

    Raises:
        SpecError: the phase that wrote the documents down is gone. DamagedFile: what it wrote is gone or damaged.
    """
    emitted_in, n_shards = _phase_that_emitted(folder, manifest, row["stage"])
    place = row["kept_shard"], row["kept_row"]
    found = {"kept_copy": (_document_at if place[0] < n_shards else _reference_at)(emitted_in, *place)}
    found["text"] = row["text"] or _text_of(emitted_in, shard, row["id"])
    if found["text"] and found["kept_copy"].get("text"):
        pair = found["text"], found["kept_copy"]["text"]
        found["differences"] = [asdict(each) for each in text_diff.differences(*pair)]
    return found


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
