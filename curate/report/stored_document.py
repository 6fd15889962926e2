"""One document of a finished run: its record in the input, its page, its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curate.errors import SpecError
from curate.lookup import StoredRecord
from curate.report import copies, fate, origin
from curate.report.fate import Documents, Hit
from curate.runs.layout import phase_of_rejects, phase_title

KEEP_TEXTS = "To keep the texts of all dropped documents in the next run, write `rejects: text` into the recipe."


@dataclass(frozen=True)
class Document:
    """One document of a finished run.

    Args:
        run: that it is in. hit: the document.
    """

    run: Documents
    hit: Hit

    @property
    def id(self) -> str:
        return self.hit.row["id"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text, and what must be said of it: it is of an earlier phase, or was extracted again."""

    text: str
    note: str = ""


def find(url: str, asked: str, modules: Sequence[str] = (), number: int = 0) -> Document:
    """Return the document that is meant; of several copies of a page, the one that came furthest.

    Args:
        number: as of `fate.find`.

    Raises:
        SpecError: none is meant, or several pages are. InputError: a file of the run is damaged.
    """
    run = Documents.of_run(url, modules)
    meant, best, fates = run.find(asked, number)
    if len(best) > 1 and not meant.is_one:
        some = ", ".join(hit.row["id"] for hit in best[:3])
        raise SpecError(
            f'"{asked}" {meant.meaning} {fates.total():,} documents; give the id of one, such as {some}, or its --number in '
            "the list of `curate explain`."
        )
    return Document(run, best[0])


def record_of(document: Document) -> StoredRecord:
    """Return the record of a document in the input.

    Raises:
        SpecError: the source cannot look up records, or no record has the id. InputError: the input is gone or has changed.
    """
    run = document.run
    for place in origin.origins(run.folder, run.manifest, document.id, document.hit.shard, run.modules):
        if found := place.record(document.id):
            return found
    raise SpecError(
        f"no record of the input has the id {document.id}; a stage of the recipe may have made this document."
    )


def page_in(record: StoredRecord, document: Document) -> bytes:
    """Return the web page in a record.

    Raises:
        SpecError: it has none.
    """
    if record.page is None:
        raise SpecError(f"the record of {document.id} has no web page; --raw prints it as it is.")
    return record.page


def text_of(document: Document) -> Text | None:
    """Return the text as the run has it: of a kept document, or of a dropped one as far as it came; None if it has not kept it.

    Raises:
        SpecError, InputError: as `fate.kept`.
    """
    run, hit = document.run, document.hit
    if hit.is_kept:
        _, _, row = fate.kept_row(run, hit)
        return Text(row.get("text") or "")
    row = fate.rejected_row(run, hit)
    if row["text"] is not None:
        return Text(row["text"])
    return _before(run, phase_of_rejects(hit.path), hit.shard or 0, document.id)


def _before(run: Documents, phase: int, shard: int, id: str) -> Text | None:
    found = copies.text_before(run.folder, run.manifest, phase, shard, id)
    if found is None:
        return None
    text, folder = found
    return Text(
        text,
        f"the text as phase {phase_title(folder)} wrote it down; the phase that dropped the document may have changed it.  {KEEP_TEXTS}",
    )
