"""What differs between two finished runs, with examples: one value for the terminal and for JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from curate import formats, plan
from curate.errors import CurateError
from curate.report import finished_run, reject_rows
from curate.report.kept_texts import KeptRows
from curate.runs import RunFolder
from curate.signals import BYTES_PER_TOKEN, TOKENS
from curate.statistics.difference import fates, inputs, recipes
from curate.statistics.difference.documents import Difference, Group
from curate.statistics.record import JudgementRecord
from curate.statistics.rulebook import Rulebook

SIZES = (*TOKENS, "text.characters", "words.count")
"""Columns and signals that measure how much text a document has, and add up."""

SHOWN_GROUPS = 4
"""Groups of each kind of change of which examples are looked up."""

SNIPPET = 240
"""Characters of an example's text."""


class _Side:
    """One of the two runs."""

    def __init__(self, url: str, modules: Sequence[str]):
        run = finished_run.read(url)
        self.url, self.manifest, self.ledger = url, run.manifest, run.ledger
        self.folder = RunFolder(url)
        self.rules = Rulebook(self.manifest["stages"])
        self.kept_rows = KeptRows(self.folder, self.manifest, formats.with_modules(modules))

    @property
    def record(self) -> JudgementRecord:
        return JudgementRecord(self.folder, self.manifest)

    def summary(self) -> dict[str, Any]:
        keys = ("name", "limit", "documents", "curate", "output_digest")
        return {"run": self.url, **{key: self.manifest[key] for key in keys}, "bytes": self.n_bytes}

    @property
    def n_bytes(self) -> int:
        """Bytes of text of the kept documents."""
        return self.ledger.stages[-1].bytes_out if self.ledger.stages else 0

    def sizes(self) -> dict[str, str]:
        """Return signal -> the column in which it was measured last, for those that say how much text there is."""
        known = {column["name"] for column in self.manifest["judgements"]}
        last = {signal: c for stage in self.manifest["stages"] for signal, c in stage.get("columns", {}).items()}
        return {name: last.get(name, name) for name in SIZES if last.get(name, name) in known}

    def shards(self) -> Sequence[Any]:
        """Return the shards; none if nobody knows them any more."""
        try:
            return plan.read_shards(self.folder)
        except CurateError:
            return ()


def compare(a: str, b: str, examples: int = 3, modules: Sequence[str] = ()) -> dict[str, Any]:
    """Compare two finished runs.

    Args:
        a, b: the run folders.
        examples: how many documents to show of each of the largest groups.
        modules: modules of the user's that bring file formats.

    Returns:
        JSON-like: `runs` (`a` and `b`), `is_same_result`, `recipes` (as `recipes.changes`), `inputs` (as `InputChanges`), and, unless
        all results are the same: `documents` (counts), `groups` (kind, before, after, documents, examples), `by` source and
        language, `left_out` (documents of files that are not common), `sizes` (for each measured signal the sums, and what gained
        and lost documents are of the difference), `bytes`, and `notes`.

    Raises:
        SpecError: one is no finished run, or has no record of judgements. InputError: a file of a run is damaged.
    """
    sides = _Side(a, modules), _Side(b, modules)
    manifests = [side.manifest for side in sides]
    changed = inputs.changes(*manifests)
    found: dict[str, Any] = {
        "runs": {name: side.summary() for name, side in zip("ab", sides, strict=True)},
        "is_same_result": _are_equal(manifests, ("output_digest",)),
        "recipes": recipes.changes(*manifests),
        "inputs": {**asdict(changed), "common": len(changed.common), "is_same": changed.is_same},
    }
    if _are_equal(manifests, ("output_digest", "rejects_digest", "judgements_digest")):
        return found
    return found | _Documents(sides, changed).compared(examples)


def _are_equal(manifests: Sequence[Mapping[str, Any]], digests: Sequence[str]) -> bool:
    return all(manifests[0].get(digest) == manifests[1].get(digest) is not None for digest in digests)


class _Documents:
    """The documents of two runs, those of common files compared."""

    def __init__(self, sides: tuple[_Side, _Side], changed: inputs.InputChanges):
        self.sides, self.changed = sides, changed
        self.names = fates.Names.empty()
        self.signals = [signal for signal in sides[0].sizes() if signal in sides[1].sizes()]
        read = [self._read(side) for side in sides]
        self.rows = [np.flatnonzero(is_common) for _, is_common in read]
        self.kept = [np.flatnonzero(run.fate == fates.KEPT) for run, _ in read]
        compared = (run if is_common.all() else run[is_common] for run, is_common in read)
        self.left_out = {name: _fates(run.fate[~is_common]) for name, (run, is_common) in zip("ab", read, strict=True)}
        self.difference = Difference(*compared, self.names)

    def _read(self, side: _Side) -> tuple[fates.Fates, np.ndarray]:
        files = None if self.changed.is_same else inputs.CommonFiles(self.changed.common, side.shards())
        columns = side.sizes()
        run, is_common = fates.read(side.record, self.names, [columns[signal] for signal in self.signals], files)
        sizes = {signal: run.sizes[columns[signal]] for signal in self.signals}
        return fates.Fates(run.keys, run.fate, run.source, run.language, sizes), is_common

    def compared(self, examples: int) -> dict[str, Any]:
        counts = self.difference.counts()
        groups = self.difference.groups(examples)
        n_of_kind: Counter[str] = Counter()
        shown = []
        for group in groups:
            n_of_kind[group.kind] += 1
            shown.append(self._examples(group) if n_of_kind[group.kind] <= SHOWN_GROUPS else [])
        return {
            "documents": counts,
            "groups": [
                {
                    "kind": g.kind,
                    "before": _fate(g.before),
                    "after": _fate(g.after),
                    "documents": g.n,
                    "examples": found,
                }
                for g, found in zip(groups, shown, strict=True)
            ],
            "by": {column: self.difference.by(column) for column in ("source", "language")},
            "left_out": self.left_out,
            "sizes": {signal: self.difference.shift(signal) for signal in self.signals},
            "bytes": self._bytes(),
            "notes": self._notes(counts),
        }

    def _bytes(self) -> dict[str, Any]:
        """Return the bytes of kept text of the whole runs, and the tokens that they are about."""
        a, b = (side.n_bytes for side in self.sides)
        return {"a": a, "b": b, "estimated_tokens": {"a": round(a / BYTES_PER_TOKEN), "b": round(b / BYTES_PER_TOKEN)}}

    def _notes(self, counts: Mapping[str, Any]) -> list[str]:
        found = []
        if n := counts["repeated_ids"]["ids"]:
            found.append(
                f"{n:,} ids occur several times ({counts['repeated_ids']['documents']:,} documents).  Of documents with one id, those with "
                "the same fate in both runs are taken for the same, and the others for each other in the order of their fates."
            )
        if trials := [side.url for side in self.sides if side.manifest["limit"]]:
            found.append(f"{' and '.join(trials)}: a trial (--limit), which has read a part of its input.")
        made_by = (finished_run.another_version(side.manifest, side.url) for side in self.sides)
        found += [note for note in made_by if note]
        for side in self.sides:
            if not side.manifest["documents"]["out"]:
                found.append(f"{side.url} has kept no document.")
        if self.changed.unsure:
            found.append(
                f"{len(self.changed.unsure):,} files were cut at other places, or read by a trial: whether their content is the same is not known, "
                "only that their size is."
            )
        if not self.changed.common and not self.changed.is_same:
            found.append("The runs have no input file in common, so no document is compared.")
        return found

    # ------------------------------------------------------------------ examples

    def _examples(self, group: Group) -> list[dict[str, Any]]:
        """Return examples of a group, with what each run says of the document, and a part of its text."""
        rows = [self.rows[k][at] for k, at in enumerate((group.a, group.b))]
        before, after = (self._documents(k, rows[k].tolist()) for k in (0, 1))
        return [_example(one, other) for one, other in zip(before, after, strict=True)]

    def _documents(self, which: int, rows: Sequence[int]) -> list[dict[str, Any]]:
        side = self.sides[which]
        documents = side.record.rows(rows, side.record.names) if rows else []
        for row, document in zip(rows, documents, strict=True):
            if document["stage"] is None:
                number = int(np.searchsorted(self.kept[which], row))
                found = side.kept_rows.find(document["id"], number)
                document["text"] = found[2].get("text") if found else None
            else:
                document |= self._dropped(side, document)
        return documents

    def _dropped(self, side: _Side, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return the value for which a document was dropped, the bound if there is one, and what is known of its text."""
        rule = side.rules.for_document(document["stage"], document["reason"], document)
        for row in reject_rows.of_shard(side.folder, side.manifest, document["shard"], [document["id"]]):
            if (row["stage"], row["reason"]) == (document["stage"], document["reason"]):
                value = None if row["value"] is None or math.isnan(row["value"]) else row["value"]
                bound = asdict(rule.bound) if rule else None
                return {
                    "value": value,
                    "bound": bound,
                    "evidence": row["evidence"],
                    "kept_id": row["kept_id"],
                    "text": row["text"],
                }
        return {"text": None}


def _example(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    text = after.get("text") or before.get("text")
    sides = {name: _said(document) for name, document in (("a", before), ("b", after))}
    return {"id": after["id"], "url": after["url"], "text": text[:SNIPPET] if text else None, **sides}


def _said(document: Mapping[str, Any]) -> dict[str, Any]:
    if document["stage"] is None:
        return {"fate": "kept"}
    more = {key: document[key] for key in ("value", "bound", "evidence", "kept_id") if document.get(key) is not None}
    return {"fate": "dropped", "stage": document["stage"], "reason": document["reason"], **more}


def _fate(fate: tuple[str | None, str | None]) -> dict[str, Any]:
    stage, reason = fate
    return {"fate": "kept"} if stage is None else {"fate": "dropped", "stage": stage, "reason": reason}


def _fates(fate: np.ndarray) -> dict[str, int]:
    kept = int((fate == fates.KEPT).sum())
    return {"kept": kept, "dropped": len(fate) - kept}
