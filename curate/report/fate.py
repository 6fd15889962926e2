"""What became of one document: in which file it was kept, or by which stage and number it was dropped."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import formats
from curate.batch import CORE
from curate.errors import SpecError
from curate.formats import PARQUET, Format, wanted
from curate.formats.wanted import Wanted
from curate.report import text_diff
from curate.report.finished_run import finished_folder, manifest_of, modules_in
from curate.report.recorded import Recorded
from curate.runs import Role, RunFolder, arrow_files, reading
from curate.runs.layout import PhaseFolder, TaskFolder, phase_of_rejects, shard_of_rejects
from curate.spec import Case

NO_RECORD = "The run has no judgements/, as an earlier version of curate made it; run the recipe again to see what was measured."
"""Said of a document in place of the values that decided."""

LISTED = 20
"""Documents that are listed, if several are meant."""

KEPT = 1 << 30
"""The progress of a kept document: further than any stage."""

_COLUMNS = ("id", "url", "source", "text")
_FROM_REJECTS = ("id", "url", "stage", "reason", "value", "evidence", "lists", "failed")


def find(url: str, asked: str, modules: Sequence[str] = ()) -> dict[str, Any]:
    """Return a document's fate, or a short list of documents.

    Args:
        url: the run folder.
        asked: an id or a URL, which may lack its scheme; a domain; or a part of an id or URL.
        modules: modules of the user's that bring file formats.

    Returns:
        The fate. If several documents have the URL, the kept one comes first, or the one that came furthest; the others are
        in `others`, `LISTED` of them at most, and `n_others` says how many there are. For a domain or a part that several
        documents have: `documents`, `LISTED` at most, in the same order; `fates`, how many were kept and dropped; and
        `meaning`, what they have in common. `columns` of a fate has what was measured; if the run has no record of it,
        `note` says so.

    Raises:
        SpecError: no document of the run is meant, or its data is in a format that is not known.
        InputError: a file of the run is damaged.
    """
    folder = finished_folder(url)
    manifest = manifest_of(folder)
    kinds = formats.with_modules(modules)
    unknown = [name for name in _results(manifest, Role.DATA) if formats.of_file(name, kinds) is None]
    for meant in wanted.meant(asked):
        fates: Counter[str] = Counter()
        best = heapq.nlargest(LISTED + 1, _hits(folder, manifest, meant, kinds, fates), key=lambda hit: hit.progress)
        if not best and unknown:
            raise SpecError(_unknown_format(folder, manifest, unknown[0], modules))
        if len(best) > 1 and not meant.is_one:
            listed = [hit.shown for hit in best[:LISTED]]
            return {"asked": asked, "meaning": meant.meaning, "fates": dict(fates), "documents": listed}
        if best:
            others = [hit.shown for hit in best[1:]]
            return {**best[0].fate(folder, manifest), "others": others, "n_others": fates.total() - 1}
    raise SpecError(
        f'no document of {url} has the id, URL or domain "{asked}", or has it in its id or URL.  '
        f'Ids look like "{_example(folder, _results(manifest, Role.REJECTS))}".'
    )


@dataclass(frozen=True, slots=True)
class _Hit:
    """A document that is meant: a row of a file of the run.

    Args:
        progress: how far it came; higher is further, kept is furthest.
        kind: the format of the file.
    """

    path: str
    number: int
    row: Mapping[str, Any]
    progress: int
    kind: Format

    @property
    def shown(self) -> dict[str, Any]:
        """What a list of documents shows of it."""
        dropped = {"fate": "dropped", "stage": self.row.get("stage"), "reason": self.row.get("reason")}
        fate = {"fate": "kept", "stage": None, "reason": None} if self.progress == KEPT else dropped
        return {"id": self.row["id"], "url": self.row.get("url"), **fate}

    def fate(self, folder: RunFolder, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that is known of it."""
        found = _found(folder, self.path, wanted.exactly(self.row["id"]), self.kind)
        row = next(row for number, row in found if number == self.number)
        recorded = Recorded(folder, manifest, self.row["id"])
        note = {} if recorded.is_there else {"note": NO_RECORD}
        if self.progress == KEPT:
            return _kept(row, self.path, self.number, recorded) | note
        shard, phase = shard_of_rejects(self.path), phase_of_rejects(self.path)
        with reading.whole(folder, self.path):
            before = _before(folder, manifest, phase, shard, row["id"])
            measured = recorded.take(shard, row["id"], row["stage"], row["reason"])
            return _dropped(folder, manifest, row, shard, {**before, **measured}) | note


def _hits(
    folder: RunFolder, manifest: Mapping[str, Any], meant: Wanted, kinds: Sequence[Format], fates: Counter[str]
) -> Iterator[_Hit]:
    """Yield the documents that are meant, and count them by fate."""
    order = {stage["label"]: at for at, stage in enumerate(manifest["stages"])}
    for path in _results(manifest, Role.DATA):
        if kind := formats.of_file(path, kinds):
            for number, row in _found(folder, path, meant, kind, ("id", "url")):
                fates["kept"] += 1
                yield _Hit(path, number, row, KEPT, kind)
    for path in _results(manifest, Role.REJECTS):
        for number, row in _found(folder, path, meant, PARQUET, ("id", "url", "stage", "reason")):
            fates["dropped"] += 1
            yield _Hit(path, number, row, order.get(row["stage"], -1), PARQUET)


def _results(manifest: Mapping[str, Any], role: Role) -> list[str]:
    """Return the files of the run; there may be others in the folders, which are the user's."""
    return sorted(output["path"] for output in manifest["outputs"] if output["role"] == role)


def _kept(row: Mapping[str, Any], path: str, number: int, recorded: Recorded) -> dict[str, Any]:
    columns = {name: value for name, value in row.items() if name not in _COLUMNS and value is not None}
    return {
        "id": row["id"], "url": row.get("url"), "fate": "kept", "file": path, "row": number,
        "columns": {**recorded.take_kept(row["id"]), **columns}, "text": row.get("text"),
    }  # fmt: skip


def _found(
    folder: RunFolder, path: str, meant: Wanted, kind: Format, columns: Sequence[str] | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    with reading.whole(folder, path), folder.open(path) as file:
        yield from kind.find_rows(file, path, meant, columns)


def _unknown_format(folder: RunFolder, manifest: Mapping[str, Any], name: str, modules: Sequence[str]) -> str:
    missing = " ".join(f"--module {module}" for module in modules_in(manifest) if module not in modules)
    hint = (
        f"One of the recipe's own modules may know it: add {missing}."
        if missing
        else "No module given knows it either."
    )
    return f"{folder.path(name)}: no file format is known that has files of this name.  {hint}"


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
            ids = pq.ParquetFile(file, pre_buffer=False).read(["id"], use_threads=False)["id"]
        if len(ids):
            return ids[0].as_py()
    return "part-00000.warc.gz/4711"
