"""`dedup.lines`: remove lines or paragraphs that many documents share, the remains of page templates."""

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
from curate.params import Positive, Share
from curate.stages.dedup._line_counts import Counter, LineReport, Units

HOST = r"^(?:[a-z][a-z0-9+.\-]*:)?//(?:[^/?#@]*@)?(?:www\.)?(?P<host>\[[^\]]*\]|[^/?#:@]*)"
"""The host of a URL in lower case, without `www.`, user and port."""


class lines(Barrier):
    """Remove lines or paragraphs that many documents share: footers, cookie notices, share bars, licence lines.

    A unit (a line or a paragraph) is compared in a normal form: letters in lower case (Unicode, one to one), each run
    of white space as one space, none at the ends, without format characters (category Cf: soft hyphens, joiners).
    Punctuation, accents and list marks are compared. Units without a letter, such as rules, brackets and rows of
    numbers, are never removed. A line is removed with its line break, and with the blank lines after it if it is
    alone between blank lines; all other bytes are unchanged.

    Why:
        Extraction leaves parts of a site's template in every page. A model that reads them a thousand times memorises
        them, near-duplicate search matches pages that share little else, and filters judge the template instead of the
        text. The number of documents that share a line separates templates from prose in any language. Run
        `dedup.exact` and `dedup.minhash` first: otherwise every line of a page with eleven copies looks like a
        template.
    Args:
        unit: `line` ends where str.splitlines splits; `paragraph` is a run of lines that are not blank. Use `paragraph`
            for texts wrapped at a fixed width, in which a line is an arbitrary part of a sentence.
        max_documents: units in more documents than this, 1 or more, are removed; repetitions within a document count
            once. Within a site, 10 indicates a template whatever the size of the crawl; with `scope: global`, raise it
            with the size of the corpus, since good sentences are quoted too.
        keep: `none` removes a unit from every document, for templates that are not worth reading even once; `first`
            keeps it in the first document of the input, for text that may carry knowledge (a licence, a quotation).
        scope: `host` counts within a site (the host of `url` without `www.`; documents without a host count as one
            site), `global` over the whole corpus, `{per: <column>}` within each value of a column of text or numbers
            (nulls count as one value). To remove both site-wide and corpus-wide boilerplate, use the stage twice.
        min_characters: shorter units, in characters of the normal form, 1 or more, are kept; a letter of a script
            without spaces counts as two. Below 20, headings that occur in every second article are removed ("Further
            reading", "Bibliography").
        ignore_numbers: treat all numerals as equal, so that "Page 3 of 9" counts as repeated. Off by default, since it
            also matches sentences that differ only in their facts: on Wikipedia those of a census ("There were 18,085
            households ..."), and the titles of articles on 158 eclipses.
        max_removed_share: drop the document if more than this share of its characters would be removed, 0-1, or all of
            them: only fragments would be left.
    Needs: text
    Makes: text
    Drops:
        only_repeated_lines: more than `max_removed_share` of the text is repeated units; value: their share of its
            characters. The rejects contain the original text.
    Raises:
        SpecError: a parameter is out of its range, or `scope` is not one of the three forms.
        StageError: the column of `{per: <column>}` contains neither text nor numbers.
    Cost:
        One core, all three steps: 100,000 documents/s of 3.2 KB (320 MB/s) on Wikipedia, where nothing is removed;
        7,100 documents/s (76 MB/s) on PowerShell's documentation, where one line in six is removed. 16 bytes per
        distinct line of a document are shuffled; the reduce counts 4 to 7 million of them per second in constant
        memory. `dedup/lines.parquet` lists the million most frequent units that were removed, with their scope and the
        id of the first document; 10,000 of them with their text (up to 1,000 characters).
    Kept:
        "The harbour was quiet.\\nAll rights reserved by Anna." | "Nobody had slept.\\nAll rights reserved by Anna."
    Edited:
        "The harbour was quiet.\\nAll rights reserved by Anna." | "Nobody had slept.\\nAll rights reserved by Anna." with max_documents=1 -> "Nobody had slept."
    Dropped:
        "The harbour was quiet.\\nAll rights reserved by Anna." | "Menu\\nAll rights reserved by Anna." with max_documents=1 -> only_repeated_lines
    Source:
        CCNet (Wenzek et al. 2020, 1911.00359) removes lines, which it calls paragraphs, by a 64-bit hash over some or
        all shards of a crawl, the first copy included. In CCNet two copies are enough; here it takes more than
        `max_documents`: in FineWeb (Penedo et al. 2024, 2406.17557), removing all copies of a line but one, from a
        whole corpus that was already deduplicated, made models worse. CCNet also ignores punctuation, accents and the
        values of digits, and does not count per site.
        The stage is designed for web pages. On hand-wrapped documentation with fenced code (PowerShell's) it breaks up
        sentences and code blocks with either unit.
    """

    def __init__(
        self,
        *,
        unit: Literal["line", "paragraph"] = "line",
        max_documents: Positive = 10,
        keep: Literal["none", "first"] = "none",
        scope: Literal["host", "global"] | dict[str, str] = "host",
        min_characters: Positive = 20,
        ignore_numbers: bool = False,
        max_removed_share: Share = 0.8,
    ):
        if isinstance(scope, dict) and set(scope) != {"per"}:
            raise SpecError(f"scope: expected host, global or {{per: <column>}}, got {scope!r}")
        self.scope = scope["per"] if isinstance(scope, dict) else None
        self.is_by_host = scope == "host"
        self.columns = Columns(needs=("url",) if self.is_by_host else (self.scope,) if self.scope else ())
        self.max_documents, self.max_removed_share = max_documents, max_removed_share
        self.keeps_first = keep == "first"
        self.units = Units(unit == "paragraph", ignore_numbers, min_characters)

    def emit(self, batch: Batch) -> Emitted:
        """Return a key for each distinct unit of each document, and the sidecar: its scope."""
        scopes, salts = self._scopes(batch)
        bounds, keys = self.units.keys(*batch.text_buffers(), salts)
        row = np.repeat(np.arange(len(batch), dtype=np.uint32), np.diff(bounds))
        rows = pa.RecordBatch.from_arrays([pa.array(keys), pa.array(row)], names=["key", "row"])
        return Emitted(rows, pa.RecordBatch.from_arrays([scopes, pa.array(salts)], names=["scope", "salt"]))

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        """Return the steps: keys of units -> units in too many documents -> evidence."""
        counter, report = Counter(self.max_documents, self.keeps_first), LineReport(self.units, self.keeps_first)
        return (
            Reduction("repeats", n_parts, lambda rows: _spread(rows, n_parts), counter.find),
            Reduction("evidence", 1, lambda rows: np.zeros(rows.num_rows, np.int64), report.record),
        )

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Batch:
        """Remove the repeated units; drop documents of which too much would be removed."""
        if not results.num_rows:
            return batch
        row, key = results["row"].to_numpy(), results["key"].to_numpy()
        order = np.lexsort((key, row))
        bounds = np.searchsorted(row[order], np.arange(len(batch) + 1))
        offsets, data, removed = self.units.without(*batch.text_buffers(), self._scopes(batch)[1], bounds, key[order])
        n, characters, all_characters = (
            removed[:, kernel.UNITS],
            removed[:, kernel.CHARACTERS],
            removed[:, kernel.ALL_CHARACTERS],
        )
        share = characters / np.maximum(all_characters, 1)
        is_dropped = (n > 0) & ((characters == all_characters) | (share > self.max_removed_share))
        texts: pa.Array = pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data))
        if is_dropped.any():  # dropped documents keep their text, for the rejects
            texts = pc.if_else(pa.array(is_dropped), batch["text"], texts)
        verdicts = Verdicts(
            ("only_repeated_lines",),
            np.where(is_dropped, 0, -1).astype(np.int16),
            np.where(is_dropped, share, np.nan).astype(np.float32),
        )
        is_changed = (n > 0) & ~is_dropped
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
        """Compile the kernels, on two lines of text."""
        batch = Batch.from_columns(
            {"id": ["a"], "text": ["one\n\ntwo"], **{name: ["a"] for name in self.columns.needs}}
        )
        salts, bounds = np.zeros(1, np.uint64), np.zeros(2, np.int64)
        self.emit(batch)
        self.units.without(*batch.text_buffers(), salts, bounds, salts[:0])
        self.units.find("one", salts[0], salts)

    def forecast(self) -> list[str]:
        """Return the cost of the stage."""
        return [
            "bytes on disk: 16 per distinct line of a document, 20 per removed line, about 50 per document",
            "memory: constant; a task counts about 2 million distinct lines at a time, 250 MB",
        ]

    def _scopes(self, batch: Batch) -> tuple[pa.Array, np.ndarray]:
        """Return the scope of each document, and its salt (uint64[n]): units are compared only between equal salts."""
        if not self.columns.needs:
            return pa.nulls(len(batch), pa.string()), np.zeros(len(batch), np.uint64)
        values = hosts(batch["url"]) if self.is_by_host else _as_text(batch[self.scope], self.scope)
        coded = values.dictionary_encode()
        hashes = [xxhash.xxh3_64_intdigest(name.encode()) for name in coded.dictionary.to_pylist()]
        salts = np.array([*hashes, 1], np.uint64)  # the last one is for documents without a value
        return values, salts[coded.indices.fill_null(len(hashes)).to_numpy(zero_copy_only=False)]


def hosts(urls: pa.Array) -> pa.Array:
    """Return the host of each URL, in lower case, without `www.`, user and port; null if it has none."""
    host = pc.struct_field(pc.extract_regex(pc.utf8_lower(pc.utf8_trim_whitespace(urls)), HOST), "host")
    return pc.if_else(pc.equal(host, ""), None, host)


def _as_text(column: pa.Array, name: str) -> pa.Array:
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating,
             pa.types.is_boolean, pa.types.is_null)  # fmt: skip
    if not any(is_kind(column.type) for is_kind in kinds):  # not binary: whether that is text would depend on the shard
        raise StageError(f"scope: the column `{name}` is {column.type}, expected text or numbers; name another column")
    return column.cast(pa.string())


def _spread(rows: pa.RecordBatch, n: int) -> np.ndarray:
    return ((rows["key"].to_numpy() >> np.uint64(32)) % np.uint64(n)).astype(np.int64)
