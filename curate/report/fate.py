"""What became of one document: in which file it was kept, or by which stage and number it was dropped."""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from curate import formats, registry
from curate.errors import CurateError, SpecError
from curate.formats import PARQUET, Format, wanted
from curate.formats.wanted import Wanted
from curate.report import copies, finished_run, near_names, origin, story
from curate.report.finished_run import finished_folder, manifest_of, modules_in
from curate.report.kept_texts import KeptRows
from curate.report.recorded import Recorded
from curate.runs import Role, RunFolder, reading
from curate.runs.layout import phase_of_rejects, shard_of_rejects
from curate.stage import Stage
from curate.statistics.record import JudgementRecord

NO_RECORD = "The run has no judgements/, as an earlier version of curate made it; run the recipe again to see what was measured."
"""Said of a document in place of the values that decided."""

LISTED = 20
"""Documents that are listed, if several are meant."""

KEPT = 1 << 30
"""The progress of a kept document: further than any stage."""

_COLUMNS = ("id", "url", "source", "text")
_FROM_REJECTS = ("id", "url", "stage", "reason", "value", "evidence", "lists", "failed")


@dataclass(frozen=True)
class Documents:
    """The documents of a finished run.

    Args:
        modules: modules of the user's that may be imported.
    """

    folder: RunFolder
    manifest: Mapping[str, Any]
    modules: tuple[str, ...]

    @classmethod
    def of_run(cls, url: str, modules: Sequence[str] = ()) -> Documents:
        """Return those of the run in a folder.

        Raises:
            SpecError: there is no run, or it has not finished. InputError: its manifest is damaged.
        """
        folder = finished_folder(url)
        return cls(folder, manifest_of(folder), tuple(modules))

    def results(self, role: Role) -> list[str]:
        """Return the files of the run; there may be others in the folders, which are the user's."""
        return sorted(output["path"] for output in self.manifest["outputs"] if output["role"] == role)

    @property
    def kinds(self) -> Sequence[Format]:
        """The file formats that are known."""
        return formats.with_modules(self.modules)

    def find(self, asked: str, number: int = 0) -> tuple[Wanted, list[Hit], Counter[str]]:
        """Return what is asked for, the documents that are meant, those that came furthest first, and how many have which fate.

        Args:
            number: return only the document of this number, from 1; 0 for all of them, `LISTED` + 1 at most.

        Raises:
            SpecError: no document of the run is meant, or its data is in a format that is not known.
            InputError: a file of the run is damaged.
        """
        for meant in wanted.meant(asked):
            fates: Counter[str] = Counter()
            most = max(LISTED + 1, number)
            best = _counted(heapq.nlargest(most, self._hits(meant, fates), key=lambda hit: hit.progress))
            if len(best) < number:
                raise SpecError(f'"{asked}" {meant.meaning} {fates.total():,} documents, so none is number {number:,}.')
            if best:
                return meant, best[number - 1 : number] if number else best, fates
        if not self.results(Role.JUDGEMENTS) and self.unknown_files:
            raise self.unknown_format()
        raise SpecError(near_names.nothing_found(self.folder, self.manifest, asked))

    @property
    def unknown_files(self) -> list[str]:
        """Curated files of a format that is not known."""
        return [path for path in self.results(Role.DATA) if formats.of_file(path, self.kinds) is None]

    def unknown_format(self) -> SpecError:
        """Return the error for a document in such a file."""
        missing = " ".join(f"--module {name}" for name in modules_in(self.manifest) if name not in self.modules)
        one = f"One of the recipe's own modules may know it: add {missing}."
        hint = one if missing else "No module given knows it either."
        return SpecError(
            f"{self.folder.path(self.unknown_files[0])}: no file format is known that has files of this name.  {hint}"
        )

    def _hits(self, meant: Wanted, fates: Counter[str]) -> Iterator[Hit]:
        order = {stage["label"]: at for at, stage in enumerate(self.manifest["stages"])}
        kept = self._recorded_as_kept(meant) if self.results(Role.JUDGEMENTS) else self._in_data(meant)
        for hit in kept:
            fates["kept"] += 1
            yield hit
        for path in self.results(Role.REJECTS):
            with reading.whole(self.folder, path), self.folder.open(path) as file:
                found = PARQUET.find_rows(file, path, meant, ("id", "url", "stage", "reason"))
                for number, row in found:
                    fates["dropped"] += 1
                    yield Hit(path, number, row, order.get(row["stage"], -1), shard_of_rejects(path))

    def _recorded_as_kept(self, meant: Wanted) -> Iterator[Hit]:
        """Yield kept documents by the record: the output may have other names of columns, and no URL."""
        n_kept = 0
        for shard, batch in JudgementRecord(self.folder, self.manifest).by_shard(
            ["id", "url", "stage"], with_threads=False
        ):
            kept = pa.Table.from_batches([batch]).filter(batch["stage"].is_null())
            for at in meant.mask(kept).to_numpy().nonzero()[0].tolist():
                yield Hit("", n_kept + at, {name: kept[name][at].as_py() for name in ("id", "url")}, KEPT, shard)
            n_kept += len(kept)

    def _in_data(self, meant: Wanted) -> Iterator[Hit]:
        for path in self.results(Role.DATA):
            if kind := formats.of_file(path, self.kinds):
                with reading.whole(self.folder, path), self.folder.open(path) as file:
                    for number, row in kind.find_rows(file, path, meant, ("id", "url")):
                        yield Hit(path, number, row, KEPT, None)


def _counted(hits: Sequence[Hit]) -> list[Hit]:
    """Return documents with how many before each have its id, and its id and fate."""
    of_id, of_fate, found = Counter[str](), Counter[tuple](), []
    for hit in hits:
        id, fate = hit.row["id"], (hit.row["id"], hit.shard, hit.row.get("stage"), hit.row.get("reason"))
        found.append(replace(hit, occurrence=of_fate[fate], n_before=of_id[id]))
        of_id[id] += 1
        of_fate[fate] += 1
    return [replace(hit, n_of_id=of_id[hit.row["id"]]) for hit in found]


@dataclass(frozen=True, slots=True)
class Hit:
    """A document that is meant: a row of a file of the run.

    Args:
        path: the file; empty if the record said that the document was kept.
        number: of the row in the file; without a file, how many documents were kept before it.
        progress: how far it came; higher is further, kept is furthest.
        shard: that it is in; None if it is not known.
        occurrence: how many documents of the shard before it have its id and its fate. n_before: how many that came further, or
            as far, have its id. n_of_id: how many of those that are meant have its id.
    """

    path: str
    number: int
    row: Mapping[str, Any]
    progress: int
    shard: int | None
    occurrence: int = 0
    n_before: int = 0
    n_of_id: int = 1

    @property
    def is_kept(self) -> bool:
        return self.progress == KEPT

    @property
    def shown(self) -> dict[str, Any]:
        """What a list of documents shows of it."""
        dropped = {"fate": "dropped", "stage": self.row.get("stage"), "reason": self.row.get("reason")}
        fate = {"fate": "kept", "stage": None, "reason": None} if self.is_kept else dropped
        return {"id": self.row["id"], "url": self.row.get("url"), **fate}


def find(url: str, asked: str, modules: Sequence[str] = (), number: int = 0) -> dict[str, Any]:
    """Return a document's fate, or a short list of documents.

    Args:
        url: the run folder.
        asked: an id or a URL, which may lack its scheme; a domain; or a part of an id or URL.
        modules: modules of the user's that bring file formats, stages and sources.
        number: of several documents, that of this number, as they are listed from 1; 0 for the first, or the list.

    Returns:
        The fate. If several documents have the URL, the kept one comes first, or the one that came furthest; the others are
        in `others`, `LISTED` of them at most, and `n_others` says how many there are. For a domain or a part that several
        documents have: `documents`, `LISTED` at most, in the same order; `fates`, how many were kept and dropped; and
        `meaning`, what they have in common. `columns` of a fate has what was measured, `bounds` the rules beside the values
        (`story.bounds`), `remarks` what stages say about it (`Narrator.remarks`), `origin` where it is in the input, and `notes` what is
        missing of all this, as sentences.

    Raises:
        SpecError: no document of the run is meant, or its data is in a format that is not known.
        InputError: a file of the run is damaged.
    """
    run = Documents.of_run(url, modules)
    meant, best, fates = run.find(asked, number)
    if len(best) > 1 and not meant.is_one:
        listed = [hit.shown for hit in best[:LISTED]]
        return {"asked": asked, "meaning": meant.meaning, "fates": dict(fates), "documents": listed}
    others = [hit.shown for hit in best[1:]]
    return {**fate_of(run, best[0]), "asked": asked, "others": others, "n_others": 0 if number else fates.total() - 1}


def fate_of(run: Documents, hit: Hit) -> dict[str, Any]:
    """Return all that is known of a document."""
    said = finished_run.another_version(run.manifest, run.folder.url), repeated(hit) if hit.n_of_id > 1 else ""
    notes = [note for note in said if note]
    recorded = Recorded(run.folder, run.manifest, hit.row["id"])
    if not recorded.is_there:
        notes.append(NO_RECORD)
    found = kept(run, hit, recorded) if hit.is_kept else dropped(run, hit, recorded, notes)
    document = {**found["columns"], **{name: found.get(name) for name in ("id", "url", "stage", "reason")}}
    found["bounds"] = story.bounds(run.manifest, document)
    found["remarks"] = []
    if recorded.is_there and hit.shard is not None:
        with _missing(notes, "The remarks of stages are not shown"):
            found["remarks"] = story.Narrator(run.folder, run.manifest, run.modules).remarks(
                document, hit.shard, found["text"]
            )
    with _missing(notes, "Where the document is in the input is not known"):
        place = next(iter(origin.origins(run.folder, run.manifest, hit.row["id"], hit.shard, run.modules)), None)
        if place is not None:
            found["origin"] = {"file": place.split.url, "source": place.source.stage.name, "digest": place.digest}
    return found | {"notes": notes}


def repeated(hit: Hit) -> str:
    """Return what must be said of a document whose id others have, too."""
    return (
        f"{hit.n_of_id:,} documents have the id {hit.row['id']}.  The verdict and the values are those of this one; what an earlier phase or "
        "the input holds of it (titles, the text before a stage, the raw record) may be that of another."
    )


class _missing:
    """Turns an error about a part of the answer into a note, so that the rest is shown."""

    def __init__(self, notes: list[str], what: str):
        self._notes, self._what = notes, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, CurateError):
            self._notes.append(f"{self._what}: {error}")
        return isinstance(error, CurateError)


# ---------------------------------------------------------------------- kept


def kept(run: Documents, hit: Hit, recorded: Recorded) -> dict[str, Any]:
    """Return what is known of a kept document.

    Raises:
        SpecError: it is in a file of a format that is not known. InputError: a file is missing, or does not have it.
    """
    path, number, row = kept_row(run, hit)
    columns = {name: value for name, value in row.items() if name not in _COLUMNS and value is not None}
    return {
        "id": hit.row["id"], "url": row.get("url") or hit.row.get("url"), "fate": "kept", "file": path, "row": number,
        "columns": {**recorded.take_kept(hit.row["id"], hit.occurrence if hit.shard is not None else 0, hit.shard), **columns}, "text": row.get("text"),
    }  # fmt: skip


def kept_row(run: Documents, hit: Hit) -> tuple[str, int, Mapping[str, Any]]:
    """Return the file, the number and the content of the row of a kept document.

    Raises:
        SpecError: it is in a file of a format that is not known. InputError: a file is missing, or does not have it.
    """
    id, rows = hit.row["id"], KeptRows(run.folder, run.manifest, run.kinds)
    if hit.path:
        kind = formats.of_file(hit.path, run.kinds)
        with reading.whole(run.folder, hit.path), run.folder.open(hit.path) as file:
            found = kind.find_rows(file, hit.path, wanted.exactly(id)) if kind else ()
            return next((hit.path, number, row) for number, row in found if number == hit.number)
    if found := rows.find(id, hit.number):
        return found
    if run.unknown_files:
        raise run.unknown_format()
    raise SpecError(
        f"{run.folder.url}: the document {id} was kept, and no file in data/ has it.  Were files there changed?  Run the recipe again."
    )


# ---------------------------------------------------------------------- dropped


def dropped(run: Documents, hit: Hit, recorded: Recorded, notes: list[str]) -> dict[str, Any]:
    """Return what is known of a dropped document; what is missing goes to `notes`."""
    row = rejected_row(run, hit)
    shard, phase = shard_of_rejects(hit.path), phase_of_rejects(hit.path)
    before: Mapping[str, Any] = {}
    with _missing(notes, "Texts such as the title are not shown"):
        before = copies.before(run.folder, run.manifest, phase, shard, row["id"])
    columns = {**before, **recorded.take(shard, row["id"], row["stage"], row["reason"], hit.occurrence)}
    fate = {name: row[name] for name in _FROM_REJECTS} | {"fate": "dropped", "columns": columns, "text": row["text"]}
    rules = (bound for bound in story.bounds(run.manifest, {**row, **columns}) if bound["is_decisive"])
    if rule := next(rules, None):
        fate["rule"] = {key: rule[key] for key in ("signal", "at_least", "at_most")}
    elif row["value"] is not None:
        fate["value_is"] = _meaning_of_value(run, row["stage"], row["reason"])
    if row["kept_shard"] is not None:
        with _missing(notes, "The kept copy is not shown"):
            fate |= copies.kept_copy(run.folder, run.manifest, row, shard)
    return fate


def rejected_row(run: Documents, hit: Hit) -> Mapping[str, Any]:
    """Return the row of `rejects/` about a dropped document."""
    with reading.whole(run.folder, hit.path), run.folder.open(hit.path) as file:
        found = PARQUET.find_rows(file, hit.path, wanted.exactly(hit.row["id"]))
        return next(row for number, row in found if number == hit.number)


_REASON = re.compile(r"\n(?=(?!value|evidence)[\w, ]+: )")
"""Where the next reason begins in the section `Drops` of a docstring."""


def _meaning_of_value(run: Documents, label: str, reason: str) -> str:
    """Return what the value of a reason is, as the help of the stage says; empty if it does not, or is the user's."""
    name = next((stage["name"] for stage in run.manifest["stages"] if stage["label"] == label), "")
    stage = registry.catalogue().get(name)
    return value_of(stage, reason) if stage else ""


def value_of(stage: Stage, reason: str) -> str:
    """Return what the value of a reason is, from the docstring: `Drops: reason: why; value: the share`; empty if it is not said."""
    entries = (entry.partition(":") for entry in _REASON.split(stage.help.get("Drops", "")))
    said = next((text for names, _, text in entries if reason in re.split(r"\W+", names)), "").partition("value:")[2]
    found = " ".join(re.split(r"[.;](?:\s|$)|,\s*evidence\b", said)[0].split())
    return found if found[:1].isalpha() else ""
