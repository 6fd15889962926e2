"""What became of one document: in which file it was kept, or by which stage and number it was dropped."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.errors import SpecError
from curate.report import text_diff
from curate.runs import DATA, MANIFEST, REJECTS, RunFolder

_COLUMNS = ("id", "url", "source", "text")
_PLACE = re.compile(r"(\d+)/(\d+)")
_SHARD = re.compile(r"-(\d+)\.")


def finished(url: str) -> RunFolder:
    """Return the folder of a finished run.

    Raises:
        SpecError: there is no run, or it has not finished.
    """
    folder = RunFolder(url)
    if folder.exists(MANIFEST):
        return folder
    if folder.exists("run.json"):
        raise SpecError(f"{url}: the last run here did not finish.  Run it again; finished tasks are kept.")
    raise SpecError(f"{url}: there is no run here.  A run folder holds manifest.json; `curate run` prints where it is.")


def find(url: str, id: str) -> dict[str, Any]:
    """Return a document's fate.

    Args:
        url: the run folder.
        id: the document's id or its URL. If several documents have the URL, the kept one is told first, and the
            ids of the others are in `others`.

    Raises:
        SpecError: no document of the run has this id or URL.
    """
    folder = finished(url)
    kept = [fate for name in folder.files(DATA) for fate in _kept(folder, f"{DATA}/{name}", id)]
    dropped = [
        _dropped(folder, row, int(_SHARD.search(name)[1]))
        for name in folder.files(REJECTS)
        for _, row in _rows(folder, f"{REJECTS}/{name}", id)
    ]
    fates = [*kept, *dropped]
    if not fates:
        raise SpecError(f'no document of {url} has the id or URL "{id}".  Ids look like "{_example(folder)}".')
    others = [{"id": fate["id"], "fate": fate["fate"], "reason": fate.get("reason")} for fate in fates[1:]]
    return {**fates[0], "others": others}


def _kept(folder: RunFolder, path: str, id: str) -> Iterator[dict[str, Any]]:
    for number, row in _rows(folder, path, id):
        columns = {name: value for name, value in row.items() if name not in _COLUMNS and value is not None}
        yield {
            "id": row["id"], "url": row.get("url"), "fate": "kept", "file": path, "row": number,
            "columns": columns, "text": row.get("text"),
        }  # fmt: skip


def _rows(folder: RunFolder, path: str, id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row number, row) for every row of a data or rejects file that has this id or URL."""
    if path.endswith(".parquet"):
        yield from _parquet_rows(folder, path, id)
    elif ".jsonl" in path:
        import fsspec

        with fsspec.open(f"{folder.url.rstrip('/')}/{path}", "rb", compression="infer") as file:
            for number, line in enumerate(io.BufferedReader(file)):
                if id.encode() in line and id in ((row := json.loads(line)).get("id"), row.get("url")):
                    yield number, row


def _parquet_rows(folder: RunFolder, path: str, id: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with folder.open(path) as file:
        parquet = pq.ParquetFile(file)
        keys = [name for name in ("id", "url") if name in parquet.schema_arrow.names]
        start = 0
        for group in range(parquet.num_row_groups):
            table = parquet.read_row_group(group, columns=keys)
            hits = [pc.equal(table[key], pa.scalar(id, table[key].type)).fill_null(False) for key in keys]
            for at in pc.indices_nonzero(hits[0] if len(hits) == 1 else pc.or_(*hits)).to_pylist():
                yield start + at, parquet.read_row_group(group).slice(at, 1).to_pylist()[0]
            start += table.num_rows


def _dropped(folder: RunFolder, row: dict[str, Any], shard: int) -> dict[str, Any]:
    columns = {name: value for name, value in json.loads(row["signals"]).items() if value is not None}
    told = {name: row[name] for name in ("id", "url", "stage", "reason", "value", "evidence", "failed")}
    fate = {**told, "fate": "dropped", "columns": columns, "text": row["text"]}
    if rule := _rule(folder, row["stage"], row["reason"]):
        fate["rule"] = rule
    if place := _PLACE.fullmatch(row["evidence"] or ""):
        asked = _phase_that_asked(folder, row["stage"])
        fate["kept_copy"] = _document_at(folder, asked, int(place[1]), int(place[2]))
        fate["text"] = row["text"] or _text_of(folder, asked, shard, row["id"])
        if fate["text"] and fate["kept_copy"].get("text"):
            pair = fate["text"], fate["kept_copy"]["text"]
            fate["differences"] = [asdict(found) for found in text_diff.differences(*pair)]
    return fate


def shown_evidence(folder: RunFolder, asked: str | None, row: dict[str, Any]) -> str | None:
    """Return what a document was dropped on as a reader wants it: of a copy, the id of the one that was kept.

    Args:
        asked: the phase in which the barrier asked that decided at the start of this phase, if one did.
    """
    place = _PLACE.fullmatch(row["evidence"] or "")
    if not place or not asked:
        return row["evidence"]
    copy = _document_at(folder, asked, int(place[1]), int(place[2]))
    return f"kept: {copy.get('id', row['evidence'])}"


def _rule(folder: RunFolder, label: str, reason: str) -> dict[str, Any] | None:
    """Return the bound that a signal filter dropped a document for, as the recipe set it."""
    ran = next((stage for stage in folder.read_json(MANIFEST)["stages"] if stage["label"] == label), {})
    return ran.get("rules", {}).get(reason)


def _phase_that_asked(folder: RunFolder, stage: str) -> str:
    """Return the phase in which a barrier asked about documents: it holds their texts and the notes about them."""
    for phase in folder.read_json(MANIFEST)["phases"]:
        described = folder.read_json(f"phases/{phase['folder']}/phase.json")
        if described["emit"] and described["emit"]["label"] == stage and described["reduction"] is None:
            return phase["folder"]
    raise SpecError(f"{folder.url}: the phase in which {stage} asked is gone; run again.")


def _document_at(folder: RunFolder, asked: str, shard: int, row: int) -> dict[str, Any]:
    """Return the document that a barrier knows as (shard, row); of reference data only its id is known."""
    path = f"phases/{asked}/docs/{shard:05d}.arrow"
    if not folder.exists(path):
        with folder.open(f"phases/{asked}/notes/{shard:05d}.arrow") as file:
            return {**_row_of(pa.ipc.open_file(file), row, ("id",)), "is_reference": True}
    with folder.open(path) as file:
        return _row_of(pa.ipc.open_file(file), row, ("id", "url", "text"))


def _row_of(reader: pa.ipc.RecordBatchFileReader, row: int, columns: tuple[str, ...]) -> dict[str, Any]:
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        if row < batch.num_rows:
            return {name: batch[name][row].as_py() for name in columns if name in batch.schema.names}
        row -= batch.num_rows
    return {}


def _text_of(folder: RunFolder, asked: str, shard: int, id: str) -> str | None:
    with folder.open(f"phases/{asked}/docs/{shard:05d}.arrow") as file:
        reader = pa.ipc.open_file(file)
        for i in range(reader.num_record_batches):
            batch = reader.get_batch(i)
            for at in pc.indices_nonzero(pc.equal(batch["id"], id)).to_pylist():
                return batch["text"][at].as_py()
    return None


def _example(folder: RunFolder) -> str:
    for name in folder.files(REJECTS):
        with folder.open(f"{REJECTS}/{name}") as file:
            ids = pq.ParquetFile(file).read(["id"])["id"]
        if len(ids):
            return ids[0].as_py()
    return "part-00000.warc.gz/4711"
