"""Repeated lines and paragraphs: what extraction left of page templates, found by how many documents hold it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.barrier import Barrier, Emitted, Reduction
from curate.batch import Batch, Columns, Verdicts
from curate.errors import SpecError, StageError
from curate.kernels import line_hashes as kernel
from curate.stages.dedup._line_counts import Counter, Lister, Units

SHARDS_PER_TASK = 2
"""How many shards' lines one reduce task takes in: 16 bytes a line."""

HOST = r"^(?:[a-z][a-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(?:www\.)?(?P<host>\[[^\]]*\]|[^/?#:@]*)"
"""The host of a URL in lower case, without `www.`, user and port."""


class lines(Barrier):
    """Take out lines, or paragraphs, that too many documents have: footers, cookie notes, share bars, licence lines.

    Why:
        Extraction leaves some of a site's template in every page. A model that reads it a thousand times learns it
        by heart, near-duplicate search takes pages for alike that share little else, and filters judge the
        template and not the text. How many documents have a line tells templates from prose in any language. Run
        `dedup.exact` and `dedup.minhash` first, or every line of a page with eleven copies looks like a template.
    Args:
        unit: `line` ends where str.splitlines says so; `paragraph` is a run of lines that are not blank. Take
            `paragraph` where lines are wrapped at a fixed width: a line is then any part of a sentence.
        max_documents: a unit in more documents than this goes. Twice in one document counts once. Per site, 10
            is the size of a template whatever the size of the crawl; with `scope: global` raise it with the
            corpus, since good sentences are quoted too.
        keep: `none` takes the unit out of every document, as a template is no more worth reading once. `first`
            leaves it where it comes first in the input, for when it may be knowledge (a licence, a quotation).
        scope: `host` counts within a site, which is the host of `url` without `www.`; documents without one are
            a site together. `global` counts over the corpus; `{per: <column>}` within the values of a column of
            text or numbers, documents with null together. For both kinds of boilerplate take the stage twice.
        min_characters: shorter units stay. What is counted is the normal form below, in which a letter of a
            script without spaces counts as two. Below 20 the headings go that every second article has
            ("Further reading", "Bibliography").
        ignore_numbers: compare units as if each run of numerals were the same, so that "Page 3 of 9" repeats.
            Off, as it takes sentences for a template that differ in their facts: on Wikipedia the sentences of
            a census ("There were 18,085 households ..."), and the titles of 158 eclipses.
        max_removed_share: if more than this share of the characters of a document would go, or all, it is
            dropped instead: what is left of such a page is scraps between template.
        Two units are the same if they are in this normal form: letters in lower case (Unicode, one for one),
        every run of white space one space, none at the ends, format characters (category Cf: soft hyphens,
        joiners) left out. Punctuation, accents and list marks are compared. A unit without a letter stays, so
        rules, brackets and rows of numbers do. A line goes with its break, and with the blank lines after it if
        it stood alone between blank lines; all else keeps its bytes.
    Needs: text
    Makes: text
    Drops:
        only_repeated_lines: nothing but such units, or nearly; the value is the share of characters in them.
            The rejects hold the text as it was.
    Cost:
        100,000 documents/s of 3.2 KB (320 MB/s) of Wikipedia with nothing to remove, one core, all three steps; 7,100
        documents/s (76 MB/s) of PowerShell's documentation, where one line in six goes. 16 bytes for each different line
        of a document go through the reduce, which counts 4 to 7 million of them a second in flat memory.
        `dedup/lines.parquet` lists the most frequent million units that went, 10,000 of them with their text
        (up to 1,000 characters), the scope, and the id of the first document that has it.
    Source:
        CCNet (Wenzek et al. 2020, 1911.00359) drops lines, which it calls paragraphs, by a 64-bit hash over some or
        all shards of a crawl, the first copy too. There two copies are enough, here it takes more than
        `max_documents`: lines removed over the whole of a corpus whose copies were gone already, all but one of
        each, made models worse in FineWeb (Penedo et al. 2024, 2406.17557). CCNet also compares
        without punctuation and accents, and with all digits the same; it does not count by site.
        On hand-wrapped documentation with fenced code (PowerShell's) this stage tears sentences and code blocks
        apart whatever the unit: it is made for web pages.
    """

    def __init__(
        self,
        *,
        unit: Literal["line", "paragraph"] = "line",
        max_documents: int = 10,
        keep: Literal["none", "first"] = "none",
        scope: Literal["host", "global"] | dict[str, str] = "host",
        min_characters: int = 20,
        ignore_numbers: bool = False,
        max_removed_share: float = 0.8,
    ):
        if max_documents < 1:
            raise SpecError(f"max_documents: expected 1 or more, got {max_documents}")
        if min_characters < 1:
            raise SpecError(f"min_characters: expected 1 or more, got {min_characters}")
        if not 0 <= max_removed_share <= 1:
            raise SpecError(f"max_removed_share: expected 0 to 1, got {max_removed_share:g}")
        if isinstance(scope, dict) and set(scope) != {"per"}:
            raise SpecError(f"scope: expected host, global or {{per: <column>}}, got {scope!r}")
        self.scope = scope["per"] if isinstance(scope, dict) else None
        self.is_by_host = scope == "host"
        self.columns = Columns(needs=("url",) if self.is_by_host else (self.scope,) if self.scope else ())
        self.max_documents, self.max_removed_share = max_documents, max_removed_share
        self.spares_first = keep == "first"
        self.units = Units(unit == "paragraph", ignore_numbers, min_characters)

    def emit(self, batch: Batch) -> Emitted:
        """Return a key for each different line of each document, and notes: its scope."""
        scopes, salts = self._scopes(batch)
        bounds, keys = self.units.keys(*batch.text_buffers(), salts)
        row = np.repeat(np.arange(len(batch), dtype=np.uint32), np.diff(bounds))
        rows = pa.RecordBatch.from_arrays([pa.array(keys), pa.array(row)], names=["key", "row"])
        return Emitted(rows, pa.RecordBatch.from_arrays([scopes, pa.array(salts)], names=["scope", "salt"]))

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        """Return lines -> those in too many documents -> evidence."""
        n = -(-n_shards // SHARDS_PER_TASK)
        counter, lister = Counter(self.max_documents, self.spares_first), Lister(self.units, self.spares_first)
        return (
            Reduction("repeats", n, lambda rows: _spread(rows, n), counter.find),
            Reduction("evidence", 1, lambda rows: np.zeros(rows.num_rows, np.int64), lister.record),
        )

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Batch:
        """Take the lines out that there are facts about, and drop documents of which too little is left."""
        if not results.num_rows:
            return batch
        row, key = results["row"].to_numpy(), results["key"].to_numpy()
        order = np.lexsort((key, row))
        bounds = np.searchsorted(row[order], np.arange(len(batch) + 1))
        offsets, data, removed = self.units.without(*batch.text_buffers(), self._scopes(batch)[1], bounds, key[order])
        n, characters, every = (
            removed[:, kernel.UNITS],
            removed[:, kernel.CHARACTERS],
            removed[:, kernel.ALL_CHARACTERS],
        )
        share = characters / np.maximum(every, 1)
        is_lost = (n > 0) & ((characters == every) | (share > self.max_removed_share))
        texts: pa.Array = pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data))
        if is_lost.any():  # what is dropped keeps its text, so that the rejects show what it was
            texts = pc.if_else(pa.array(is_lost), batch["text"], texts)
        verdicts = Verdicts(
            ("only_repeated_lines",),
            np.where(is_lost, 0, -1).astype(np.int16),
            np.where(is_lost, share, np.nan).astype(np.float32),
        )
        is_changed = (n > 0) & ~is_lost
        return (
            batch.with_text(texts)
            .counted(
                {
                    "lines.documents_changed": is_changed.sum(),
                    "lines.removed": n[is_changed].sum(),
                    "lines.characters_removed": characters[is_changed].sum(),
                }
            )
            .judged(verdicts)
        )

    def warm_up(self) -> None:
        """Compile the kernels, on two lines."""
        batch = Batch.from_columns(
            {"id": ["a"], "text": ["one\n\ntwo"], **{name: ["a"] for name in self.columns.needs}}
        )
        salts, bounds = np.zeros(1, np.uint64), np.zeros(2, np.int64)
        self.emit(batch)
        self.units.without(*batch.text_buffers(), salts, bounds, salts[:0])
        self.units.find("one", salts[0], salts)

    def forecast(self) -> list[str]:
        """Say what a line costs."""
        return [
            "bytes on disk: 16 for each different line of a document, 20 for each that goes, about 50 a document",
            "memory: flat; a task holds some 2 million different lines at a time, about 250 MB",
        ]

    def _scopes(self, batch: Batch) -> tuple[pa.Array, np.ndarray]:
        """Return (what each document is compared within, as string; uint64[n], equal where that is)."""
        if not self.columns.needs:
            return pa.nulls(len(batch), pa.string()), np.zeros(len(batch), np.uint64)
        values = hosts(batch["url"]) if self.is_by_host else _as_text(batch[self.scope], self.scope)
        coded = values.dictionary_encode()
        names = [xxhash.xxh3_64_intdigest(name.encode()) for name in coded.dictionary.to_pylist()]
        salts = np.array([*names, 1], np.uint64)  # the last one is that of documents without a value
        return values, salts[coded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)]


def hosts(urls: pa.Array) -> pa.Array:
    """Return the host of each URL, in lower case, without `www.`, user and port; null where there is none."""
    found = pc.struct_field(pc.extract_regex(pc.utf8_lower(pc.utf8_trim_whitespace(urls)), HOST), "host")
    return pc.if_else(pc.equal(found, ""), None, found)


def _as_text(column: pa.Array, name: str) -> pa.Array:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating,
             pa.types.is_boolean, pa.types.is_null)  # fmt: skip
    if not any(is_kind(column.type) for is_kind in kinds):  # binary, too: whether it is text would depend on the shard
        raise StageError(f"scope: the column `{name}` is {column.type}, expected text or numbers")
    return column.cast(pa.string())


def _spread(rows: pa.RecordBatch, n: int) -> np.ndarray:
    return ((rows["key"].to_numpy() >> np.uint64(32)) % np.uint64(n)).astype(np.int64)
