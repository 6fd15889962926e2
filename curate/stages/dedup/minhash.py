"""`dedup.minhash`: drop near-duplicates, documents that share most of their n-grams, with MinHash and banding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import pyarrow as pa
from annotated_types import Interval

from curate.assets import Location
from curate.barrier import Barrier, Corpus, Emitted, Reduction
from curate.batch import Batch, Columns, Places, Remark, Seen, Verdicts
from curate.errors import InputError, SpecError
from curate.kernels import minhash as kernel
from curate.params import Positive, Share
from curate.stages.dedup import _bands, _keep_policy
from curate.stages.dedup._clusters import KEPT, REASON, Components, Decisions
from curate.stages.dedup._dedup_report import DedupReport
from curate.stages.dedup._pairs import Verified, candidates, of_pair
from curate.stages.dedup._sketch import Sketcher, fixed

SHOWN_MEMBERS = 20
"""How many members of its cluster are shown for a document."""


class minhash(Barrier):
    """Drop documents that are near-duplicates of another; keep one copy of each.

    Documents are compared by the Jaccard similarity of their sets of shingles (token n-grams), estimated with MinHash.

    Why:
        Crawls contain the same article at many addresses, from many years, with different menus around it. Duplicates
        waste compute, are memorised, and end up in both the training and the test set. WanJuan-CC drops 90 % of its
        documents in this step.
    Args:
        ngram: tokens per shingle, 1-64.
        tokenizer: `words`: lower-cased runs of letters, numbers and underscores, without punctuation; in scripts
            without spaces every character is a word. `characters`: lower-cased characters, with each run of white space
            as one. `code`: case and punctuation are kept, and indentation counts as structure, so that two spaces, four
            spaces and a tab are equal.
        permutations: length of the signature, 1-4096. The standard error of an estimated similarity J is about
            sqrt(J (1 - J) / permutations).
        threshold: Jaccard similarity from which two documents are duplicates, 0.01-1.
        bands, rows: number of bands, and rows per band, of a signature; documents that share a band become a candidate
            pair. Give both or neither. By default, the most selective banding that finds 90 % of the pairs at the
            threshold (with `verify: none`, the one with the smallest total of false and missed pairs). `curate plan`
            prints the S-curve.
        verify: how candidates are compared: by `signature`; by the exact `jaccard` similarity of their shingle sets
            (4 more bytes on disk per shingle); or `none`: every candidate pair counts as duplicates.
        keep: which copy is kept: the `newest` by `date` (read as `dedup.exact` reads it), the `longest` in bytes, the `first` in the input, or the one
            with the largest number in a column ({best: quality_score}). `none` keeps all copies and only marks them.
            Ties are resolved by input order.
        scope: `global` compares all documents; {per: source} only those with the same value in that column.
        reference: datasets (parquet, JSON Lines, a folder of them, a run folder) and indexes to compare with. Documents
            similar to them are dropped, whatever their rank; the reference data is not changed.
        index: a folder (URL) in which this run stores its signatures, so that later runs can name it in `reference`.
            Runs with different settings are refused. The same folder can be `reference` and `index` in run after run.
            Documents in the index are never dropped, so with `keep: newest` process the newest data first.
            `lean_minhashes(index)` in this module reads the signatures as `datasketch.LeanMinHash`.
        removal_cap: maximum share of a source's documents that may be dropped, 0-1, for sources with at least 100
            documents; null for no limit.
        over_cap: what happens if a source exceeds the cap: `warn`, or `stop` the run before anything is dropped.
        seed: seed of the permutations, 0 to 2**32 - 1.
    Needs: text
    Makes: near_duplicates: int
    Drops:
        near_duplicate: another copy was kept; value: the similarity to the kept one, evidence: the kept one. In kept
            documents, `near_duplicates` is the size of the cluster they represent, themselves included.
    Raises:
        SpecError: a parameter is out of its range, or `bands`, `rows`, `keep` or `scope` has the wrong form.
        StageError: the column of `{best: <column>}` does not contain numbers.
        RunError: a source exceeds `removal_cap`, with `over_cap: stop`.
    Cost:
        On two cores, all tools in the same run (`python -m tests.bench minhash`, `dedup`, `dedup_quality`):

            | measurement                                  | other tool                 | curate         |
            |----------------------------------------------|----------------------------|----------------|
            | signature from 3 KB of English, one core     | datatrove 89 docs/s        | 134,500 docs/s |
            |                                              | datasketch bulk 1,109      |                |
            |                                              | rensa 3,278                |                |
            | whole run, parquet to parquet, 100,000 docs  | datatrove 90 docs/s        | 9,250 docs/s   |
            |   memory of the largest process, of all      | datatrove 226, 394 MB      | 372, 773 MB    |
            | wiki-edited: pairs >= 0.8 not both kept      | datatrove 99.83 %          | 99.98 %        |
            |   pairs >= 0.8 in one cluster                | 99.52 %                    | 97.54 %        |
            |   dropped, with a kept copy >= 0.6           | 98.24 %                    | 100 %          |
            | powershell-docs: the same three              | 100 %, 100 %, 99.07 %      | 100 %, 99.76 %, 100 % |

        From 100,000 to 2 million short documents, the time per document changes by a factor of 0.45; by 1.24 without the
        start-up time (`dedup_growth`). Every task takes 220 to 290 MB, plus the pages of the sidecar that the
        operating system keeps mapped during look-ups. The two tasks that process all documents add 4 bytes (components)
        and 1 byte (evidence) per document; edges add no memory and take 34 bytes each on disk.

        datasketch and rensa compute shingles in Python, which takes most of their time. Two near-duplicates may be
        dropped for different kept documents, which lowers the second of the three quality figures.
    Kept:
        "A page that nobody copied, of eight words." | "Another page that nobody copied, which has more words."
    Dropped:
        "The harbour was quiet on the morning of the vote." | "The harbour was QUIET, on the morning of the vote" -> near_duplicate
    Source:
        Broder 1997 (MinHash); Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4 (banding). 128
        permutations, word 5-grams, similarity 0.7 and keeping the newest copy follow InternLM2 (2403.17297, 3.1), whose
        pipeline WanJuan-CC (2402.19282) shares; neither paper states the banding. Signatures use the scheme affine32 of
        `datasketch` 2, over different hashes of the shingles. Differences from public implementations:

        * Candidates are verified, and a document is dropped only for a kept document that is at least `threshold`
          similar to it. If each connected component is reduced to one document instead, a chain of small edits links
          its two ends, and a page is dropped for one with which it has nothing in common.
        * Decisions are made in order of rank. They depend neither on the number nor on the order of tasks, and a corpus
          deduplicated in two runs through an index gives the same result as in one.
        * In a bucket of more than eight distinct documents, each is compared with the first three and the one before
          it, not with all. Copies of copies are found through the document that is kept.
        * A document with a single shingle (at most `ngram` words) is a duplicate only of documents with the same one.
        * The scope is a parameter: FineWeb (2406.17557) found deduplication within each dump better than across dumps.
    """

    final_reduction_params = ("removal_cap", "over_cap")
    names_kept_copies = True

    def __init__(
        self,
        *,
        ngram: Annotated[int, Interval(ge=1, le=64)] = 5,
        tokenizer: Literal["words", "characters", "code"] = "words",
        permutations: Annotated[int, Interval(ge=1, le=4096)] = 128,
        threshold: Annotated[float, Interval(ge=0.01, le=1)] = 0.7,
        bands: Positive | None = None,
        rows: Positive | None = None,
        verify: Literal["signature", "jaccard", "none"] = "signature",
        keep: Literal["newest", "longest", "first", "none"] | dict[str, str] = "newest",
        scope: Literal["global"] | dict[str, str] = "global",
        reference: list[Location] = [],  # noqa: B006
        index: Location | None = None,
        removal_cap: Share | None = 0.95,
        over_cap: Literal["warn", "stop"] = "warn",
        seed: Annotated[int, Interval(ge=0, le=(1 << 32) - 1)] = 1,
    ):
        per = None if scope == "global" else scope.get("per")
        if scope != "global" and set(scope) != {"per"}:
            raise SpecError(f"scope: expected global or {{per: <column>}}, got {scope!r}")
        banding = _bands.given(permutations, threshold, bands, rows, verified=verify != "none")
        self.columns = Columns(needs=(*_keep_policy.columns(keep), *([per] if per else [])))
        self.keep, self.threshold = keep, threshold
        self.reference, self.index = reference, index
        self.removal_cap, self.over_cap = removal_cap, over_cap
        self.sketcher = Sketcher(ngram, tokenizer, permutations, seed, banding, verify, per, keep)

    def index_settings(self) -> dict[str, object]:
        """Return the settings in which a run and an index must agree: those that the hashes depend on."""
        return self.sketcher.settings

    def emit(self, batch: Batch) -> Emitted:
        """Return one key per band of each document, and the sidecar: signature, rank and source."""
        return self.sketcher.emit(batch)

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        """Return the steps: band keys -> pairs -> edges -> components -> decisions -> evidence."""
        why = f"best {self.keep['best']}" if isinstance(self.keep, dict) else self.keep
        report = DedupReport(
            self.sketcher, self.threshold, self.removal_cap, self.over_cap, "first" if why == "none" else why
        )
        return (
            Reduction("pairs", n_parts, lambda rows: _spread(rows, n_parts), candidates),
            Reduction(
                "edges", n_parts, lambda rows: of_pair(rows, n_parts), Verified(self.sketcher, self.threshold).edges
            ),
            Reduction("components", 1, _to_one, Components(n_parts).find),
            Reduction(
                "decisions",
                n_parts,
                lambda rows: rows["part"].to_numpy(),
                Decisions(self.sketcher, self.threshold).find,
            ),
            Reduction("evidence", 1, _to_one, report.record),
        )

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Batch:
        """Drop each duplicate; record how many documents each kept one represents."""
        rows, kind = results["row"].to_numpy(), results["what"].to_numpy()
        copies = np.ones(len(batch), np.int64)
        is_kept = kind == KEPT
        dropped = np.flatnonzero(kind == REASON)
        copies[rows[dropped]] = 0
        copies[rows[is_kept]] = results["n_copies"].to_numpy()[is_kept]
        verdicts = Verdicts.keep_all(len(batch))
        kept = Places(np.zeros(len(batch), np.uint32), np.zeros(len(batch), np.uint32))
        if self.keep == "none":
            copies[rows[dropped]] = results["n_copies"].to_numpy()[dropped]
        else:
            verdicts.code[rows[dropped]] = 0
            verdicts.value[rows[dropped]] = results["similarity"].to_numpy()[dropped]
            kept.shard[rows[dropped]] = results["kept_shard"].to_numpy()[dropped]
            kept.row[rows[dropped]] = results["kept_row"].to_numpy()[dropped]
        marked = batch.with_columns({"near_duplicates": copies})
        return marked.judged(Verdicts(("near_duplicate",), verdicts.code, verdicts.value, kept_copy=kept))

    def recall(self, rows: pa.RecordBatch) -> Emitted:
        """Return what `emit` returned about documents that an index remembers."""
        return self.sketcher.recall(rows)

    def remember(self, sidecar: pa.RecordBatch, results: pa.RecordBatch, shard: int, start: int) -> pa.RecordBatch:
        """Return the sidecar with the place of the document kept for each: its own, if it was not dropped."""
        kept_shard = np.full(sidecar.num_rows, shard, np.uint32)
        kept_row = np.arange(start, start + sidecar.num_rows, dtype=np.uint32)
        dropped = results["what"].to_numpy() == REASON
        row = results["row"].to_numpy()[dropped]
        kept_shard[row] = results["kept_shard"].to_numpy()[dropped]
        kept_row[row] = results["kept_row"].to_numpy()[dropped]
        for name, values in (("kept_shard", kept_shard), ("kept_row", kept_row)):
            sidecar = sidecar.set_column(sidecar.schema.get_field_index(name), name, pa.array(values))
        return sidecar

    def remarks(self, document: Seen, corpus: Corpus) -> list[Remark]:
        """Return the cluster of a document, as `dedup/clusters.parquet` has it."""
        own = corpus.evidence("clusters", "id", document.id)
        if not own:
            return []
        kept_id = own[0]["kept_id"]
        members = corpus.evidence("clusters", "kept_id", kept_id)
        why = next((member["why_kept"] for member in members if member["is_kept"]), None)
        others = [member for member in members if not member["is_kept"]]
        shown = [{"id": member["id"], "similarity": member["similarity"]} for member in others[:SHOWN_MEMBERS]]
        text = f"cluster of {own[0]['n_copies']:,} documents, for which {kept_id} stands ({why})"
        return [Remark(text, {"kept_id": kept_id, "documents": own[0]["n_copies"], "why_kept": why, "copies": shown})]

    def warm_up(self) -> None:
        """Compile all kernels by deduplicating two documents in memory."""
        text = " ".join(f"word{i}" for i in range(50))
        batch = Batch.from_columns({"id": ["a", "b"], "text": [text, f"{text} and more"]})
        emitted = replace(self.sketcher, per=None, keep="first").emit(batch)
        context = _TwoDocuments(emitted.sidecar)
        place = {"shard": pa.array(np.zeros(emitted.rows.num_rows, np.uint32)), "row": emitted.rows["row"]}
        rows = [pa.RecordBatch.from_pydict({"key": emitted.rows["key"], **place})]
        for reduction in self.reductions(1)[:-1]:
            rows = list(reduction.reduce(rows, context))
        self.recall(emitted.sidecar)
        kernel.jaccard_sorted(*(kernel.sorted_sets(*self.sketcher.shingles(*batch.text_buffers())) * 2))
        if self.sketcher.verify != "none":
            signatures = fixed(emitted.sidecar["signature"], np.uint32)
            kernel.agreement_with(signatures[0], signatures)

    def forecast(self) -> list[str]:
        """Return the S-curve of the banding, and the cost per document."""
        bands, sketcher = self.sketcher.bands, self.sketcher
        stored = {"none": 8 * bands.bands, "signature": 4 * sketcher.permutations, "jaccard": 4 * sketcher.permutations}
        shingles = ", and 4 per distinct shingle" if sketcher.verify == "jaccard" else ""
        return [
            f"{bands.bands} bands of {bands.rows} rows; half of the pairs of similarity {bands.half:.2f} are found",
            *_bands.s_curve(bands),
            f"bytes per document on disk: {16 * bands.bands} of keys, {stored[sketcher.verify] + 36} of sidecar, id included{shingles}",
            "memory: 4 bytes per document in the task components, 1 in evidence; constant in all others",
        ]


def lean_minhashes(index: str) -> Iterator[tuple[str, Any]]:
    """Yield (id, datasketch.LeanMinHash) of every document in an index, kept or dropped.

    Args:
        index: the folder, any fsspec URL; written with `verify: signature` or `jaccard`.

    Raises:
        InputError: the folder is not an index, or the index has no signatures.
        ImportError: `datasketch` 2 is not installed.
    """
    import fsspec
    from datasketch import LeanMinHash

    fs, root = fsspec.core.url_to_fs(index)
    try:
        settings = json.loads(fs.cat_file(f"{root}/index.json"))["settings"]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{index}: not an index of dedup.minhash ({error!r}); name the folder given as `index`"
        ) from error
    if settings["verify"] == "none":
        raise InputError(
            f"{index}: written with verify: none, which stores no signatures; write it with verify: signature"
        )
    for path in sorted(fs.glob(f"{root}/*/*.arrow")):
        with fs.open(path) as file:
            reader = pa.ipc.open_file(file)
            for i in range(reader.num_record_batches):
                rows = reader.get_batch(i)
                for id, values in zip(rows["id"].to_pylist(), fixed(rows["signature"], np.uint32), strict=True):
                    yield id, LeanMinHash(seed=settings["seed"], hashvalues=values.copy(), scheme=settings["scheme"])


class _TwoDocuments:
    """A minimal context for reducing two documents in memory."""

    n_docs, n_own = np.array([2]), 1

    def __init__(self, sidecar: pa.RecordBatch):
        self.stored = sidecar

    def lookup(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        return self.stored.select(columns).take(pa.array(row))

    def report(self, metrics: Mapping[str, object]) -> None:
        """Discard the metrics."""


def _spread(rows: pa.RecordBatch, n: int) -> np.ndarray:
    return ((rows["key"].to_numpy() >> np.uint64(32)) % np.uint64(n)).astype(np.int64)


def _to_one(rows: pa.RecordBatch) -> np.ndarray:
    return np.zeros(rows.num_rows, np.int64)
