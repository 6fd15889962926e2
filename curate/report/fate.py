"""What became of one document: in which file it was kept, or by which stage and number it was dropped."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.errors import SpecError
from curate.runs import DATA, MANIFEST, REJECTS, RunFolder

_COLUMNS = ("id", "url", "source", "text")
_PLACE = re.compile(r"(\d+)/(\d+)")


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
        _dropped(folder, row) for name in folder.files(REJECTS) for _, row in _rows(folder, f"{REJECTS}/{name}", id)
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


def _dropped(folder: RunFolder, row: dict[str, Any]) -> dict[str, Any]:
    columns = {name: value for name, value in json.loads(row["signals"]).items() if value is not None}
    told = {name: row[name] for name in ("id", "url", "stage", "reason", "value", "evidence", "failed")}
    fate = {**told, "fate": "dropped", "columns": columns, "text": row["text"]}
    if rule := _rule(folder, row["stage"], row["reason"]):
        fate["rule"] = rule
    place = _PLACE.fullmatch(row["evidence"] or "")
    if place:
        fate["kept_copy"] = _document_at(folder, int(place[1]), int(place[2]), row["stage"])
    return fate


def _rule(folder: RunFolder, label: str, reason: str) -> dict[str, Any] | None:
    """Return the bound that a signal filter dropped a document for, as the recipe set it."""
    ran = next((stage for stage in folder.read_json(MANIFEST)["stages"] if stage["label"] == label), {})
    return ran.get("rules", {}).get(reason)


def _document_at(folder: RunFolder, shard: int, row: int, stage: str) -> dict[str, Any] | None:
    """Return the document that a barrier knows as (shard, row): the row of the docs it was asked about."""
    phases = [phase["folder"] for phase in folder.read_json(MANIFEST)["phases"]]
    asked = [name for name in phases if folder.exists(f"phases/{name}/docs/{shard:05d}.arrow")]
    for phase in asked:
        emit = folder.read_json(f"phases/{phase}/phase.json")["emit"]
        if emit and emit["label"] == stage:
            with folder.open(f"phases/{phase}/docs/{shard:05d}.arrow") as file:
                return _row_of(pa.ipc.open_file(file), row)
    return None


def _row_of(reader: pa.ipc.RecordBatchFileReader, row: int) -> dict[str, Any] | None:
    for i in range(reader.num_record_batches):
        batch = reader.get_batch(i)
        if row < batch.num_rows:
            found = {name: batch[name][row].as_py() for name in ("id", "url", "text") if name in batch.schema.names}
            return {**found, "text": (found.get("text") or "")[:600]}
        row -= batch.num_rows
    return None


def _example(folder: RunFolder) -> str:
    for name in folder.files(REJECTS):
        with folder.open(f"{REJECTS}/{name}") as file:
            ids = pq.ParquetFile(file).read(["id"])["id"]
        if len(ids):
            return ids[0].as_py()
    return "part-00000.warc.gz/4711"
