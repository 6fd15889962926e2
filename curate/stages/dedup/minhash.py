"""Near-duplicates: documents that share most of their n-grams, found with MinHash and banding."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from curate.barrier import Barrier, Emitted, Reduction
from curate.batch import Batch, Columns, Places, Verdicts
from curate.errors import InputError, SpecError
from curate.kernels import minhash as kernel
from curate.stages.dedup import _bands, _keep_policy
from curate.stages.dedup._clusters import KEPT, REASON, Components, Decisions
from curate.stages.dedup._dedup_report import DedupReport
from curate.stages.dedup._pairs import Verified, candidates, of_pair
from curate.stages.dedup._sketch import Sketcher, fixed

SHARDS_PER_TASK = 2
"""How many shards' keys, or edges, one reduce task takes in."""


class minhash(Barrier):
    """Drop documents that are nearly the same as another, keeping one of each.

    Why:
        A crawl holds the same article under many addresses, in many years, with another menu around it. Copies
        waste training, are learnt by heart, and end up on both sides of a split into training and test.
        WanJuan-CC drops 90 % of its documents here.
    Args:
        ngram: tokens in a shingle; two documents are compared by the sets of their shingles.
        tokenizer: `words` are runs of letters, numbers and underscores of any script, lower-cased, without
            punctuation; in scripts without spaces every character is a word. `characters` takes every character,
            lower-cased, runs of white space as one. `code` keeps case and marks, and takes indentation as
            structure, so that two spaces, four and a tab look alike.
        permutations: numbers in a signature. The error of an estimated similarity J is about sqrt(J (1 - J) / n).
        threshold: Jaccard similarity of shingle sets from which two documents are copies, 0 to 1.
        bands, rows: how a signature is cut; two documents that share a band are compared. Without them, the most
            selective cut that finds 90 % of the pairs at the threshold (with `verify: none`, the one with the
            least error on both sides). `curate plan` prints the S-curve.
        verify: how those are compared: by `signature`, by exact `jaccard` of their sets (four more bytes on disk
            for each shingle), or not at all (`none`): sharing a band is then enough.
        keep: which copy stays: the `newest` by date, the `longest` in bytes, the `first` in the input, the one with
            the largest number in a column ({best: quality_score}), or all of them (`none`): then they are only
            marked. Ties go to the first in the input.
        scope: `global` compares all documents; {per: source} only those with the same value in a column.
        reference: datasets (parquet, JSON lines, a folder of them, a run folder) and indexes; what they hold is
            dropped here, whatever its rank. They stay as they are.
        index: a folder in which this run's signatures are remembered for later runs to name under `reference`.
            Runs with other settings are refused. It may stand in both places, run after run; what is in it stays,
            so with `keep: newest` the newest part comes first. `lean_minhashes(index)` in this module gives its
            signatures as `datasketch.LeanMinHash`.
        removal_cap: share of a source's documents (of sources with 100 and more) that may be dropped; null for any.
        over_cap: what happens beyond the cap: `warn`, or `stop` before anything is dropped.
        seed: of the permutations.
    Needs: text
    Makes: near_duplicates: int
    Drops:
        near_duplicate: a copy was kept; the value is the similarity to it, the evidence its place. What is kept has
            in `near_duplicates` how many documents it stands for, itself included.
    Raises:
        RunError: a source lost more than `removal_cap`, under `over_cap: stop`.
    Cost:
        Two cores, peers in the same run (`python -m tests.bench minhash`, `dedup`, `dedup_quality`):

            | work                                         | peer                       | curate         |
            |----------------------------------------------|----------------------------|----------------|
            | signature from 3 KB of English, one core     | datatrove 89 docs/s        | 134,500 docs/s |
            |                                              | datasketch bulk 1,109      |                |
            |                                              | rensa 3,278                |                |
            | whole, parquet to parquet, 100,000 documents | datatrove 90 docs/s        | 9,250 docs/s   |
            | memory of the largest process, of all        | datatrove 226, 394 MB      | 372, 773 MB    |
            | wiki-edited: pairs >= 0.8 not both kept      | datatrove 99.83 %          | 99.98 %        |
            |   in one cluster                             | 99.52 %                    | 97.54 %        |
            |   dropped with a kept twin >= 0.6            | 98.24 %                    | 100 %          |
            | powershell-docs: the same three              | 100 %, 100 %, 99.07 %      | 100 %, 99.76 %, 100 % |

        From 100 thousand to 2 million short documents a document takes 0.45 times as long, 1.24 times without start-up
        (`dedup_growth`). The memory of every task stays at 220 to 290 MB, beside the sidecar that the kernel keeps mapped
        while they are looked up; the two tasks that see all add 4 bytes and 1 byte a document, and nothing an edge,
        which takes 34 bytes on disk.

        datasketch and rensa make the shingles in Python, which takes most of their time. Two near-duplicates may leave
        for different documents, hence the second line of each three.
    Kept:
        "A page that nobody copied, of eight words."
    Source:
        Broder 1997 (MinHash); Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, 3.4 (banding). 128
        permutations, word 5-grams, similarity 0.7 and the newest copy are those of InternLM2 (2403.17297, 3.1), whose
        pipeline WanJuan-CC (2402.19282) shares; both leave the banding open. Signatures are those of `datasketch` 2,
        scheme affine32, over other hashes of the shingles. What differs from public implementations:

        * Candidates are verified, and a document leaves only for one that stays and that it is itself as similar to
          as `threshold` asks. Where connected components are cut down to one document, a chain of small edits takes
          its far end along, and a page goes for another that it has nothing in common with.
        * Decisions are made in order of rank, so they depend neither on the number of tasks nor on their order, and
          a corpus deduplicated in two steps through an index is what it would be in one.
        * In a bucket of more than eight different documents each is compared with the first three and with the one
          before it, not with all. Copies of copies are found over the document that was kept.
        * A document of a single shingle (of no more words than `ngram`) is a copy only of one with the very same.
        * The scope is a choice: FineWeb (2406.17557) found deduplication within each dump better than over all.
    """

    final_reduction_params = ("removal_cap", "over_cap")
    names_kept_copies = True

    def __init__(
        self,
        *,
        ngram: int = 5,
        tokenizer: Literal["words", "characters", "code"] = "words",
        permutations: int = 128,
        threshold: float = 0.7,
        bands: int | None = None,
        rows: int | None = None,
        verify: Literal["signature", "jaccard", "none"] = "signature",
        keep: Literal["newest", "longest", "first", "none"] | dict[str, str] = "newest",
        scope: Literal["global"] | dict[str, str] = "global",
        reference: list[str] = [],  # noqa: B006
        index: str | None = None,
        removal_cap: float | None = 0.95,
        over_cap: Literal["warn", "stop"] = "warn",
        seed: int = 1,
    ):
        for name, value, low, high in (
            ("ngram", ngram, 1, 64), ("permutations", permutations, 1, 4096), ("threshold", threshold, 0.01, 1.0),
            ("seed", seed, 0, (1 << 32) - 1), ("removal_cap", 1.0 if removal_cap is None else removal_cap, 0.0, 1.0),
        ):  # fmt: skip
            if not low <= value <= high:
                raise SpecError(f"{name}: expected {low:g} to {high:g}, got {value:g}")
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
        """What a run must share with an index: what its hashes depend on."""
        return self.sketcher.settings

    def emit(self, batch: Batch) -> Emitted:
        """Return a key a band for each document, and sidecar: its signature, its rank, its source."""
        return self.sketcher.emit(batch)

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        """Return keys -> pairs -> edges -> components -> decisions -> evidence."""
        n = -(-n_shards // SHARDS_PER_TASK)
        why = f"best {self.keep['best']}" if isinstance(self.keep, dict) else self.keep
        report = DedupReport(
            self.sketcher, self.threshold, self.removal_cap, self.over_cap, "first" if why == "none" else why
        )
        return (
            Reduction("pairs", n, lambda rows: _spread(rows, n), candidates),
            Reduction("edges", n, lambda rows: of_pair(rows, n), Verified(self.sketcher, self.threshold).edges),
            Reduction("components", 1, _to_one, Components(n).find),
            Reduction(
                "decisions", n, lambda rows: rows["task"].to_numpy(), Decisions(self.sketcher, self.threshold).find
            ),
            Reduction("evidence", 1, _to_one, report.record),
        )

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Batch:
        """Drop every document that leaves for another; say of the others for how many they stand."""
        rows, what = results["row"].to_numpy(), results["what"].to_numpy()
        copies = np.ones(len(batch), np.int64)
        is_kept = what == KEPT
        copies[rows[what == REASON]] = 0
        copies[rows[is_kept]] = results["n_copies"].to_numpy()[is_kept]
        verdicts = Verdicts.keep_all(len(batch))
        kept = Places(np.zeros(len(batch), np.uint32), np.zeros(len(batch), np.uint32))
        lost = np.flatnonzero(what == REASON)
        if self.keep == "none":
            copies[rows[lost]] = results["n_copies"].to_numpy()[lost]
        else:
            verdicts.code[rows[lost]] = 0
            verdicts.value[rows[lost]] = results["similarity"].to_numpy()[lost]
            kept.shard[rows[lost]] = results["kept_shard"].to_numpy()[lost]
            kept.row[rows[lost]] = results["kept_row"].to_numpy()[lost]
        marked = batch.with_columns({"near_duplicates": copies})
        return marked.judged(Verdicts(("near_duplicate",), verdicts.code, verdicts.value, kept_copy=kept))

    def recall(self, rows: pa.RecordBatch) -> Emitted:
        """Return what was asked about documents that an index remembers."""
        return self.sketcher.recall(rows)

    def remember(self, sidecar: pa.RecordBatch, results: pa.RecordBatch, shard: int, start: int) -> pa.RecordBatch:
        """Return the sidecar with the place of the document that each was dropped for, its own if it was kept."""
        kept_shard = np.full(sidecar.num_rows, shard, np.uint32)
        kept_row = np.arange(start, start + sidecar.num_rows, dtype=np.uint32)
        lost = results["what"].to_numpy() == REASON
        row = results["row"].to_numpy()[lost]
        kept_shard[row], kept_row[row] = results["kept_shard"].to_numpy()[lost], results["kept_row"].to_numpy()[lost]
        for name, values in (("kept_shard", kept_shard), ("kept_row", kept_row)):
            sidecar = sidecar.set_column(sidecar.schema.get_field_index(name), name, pa.array(values))
        return sidecar

    def warm_up(self) -> None:
        """Compile all kernels, by deduplicating two documents in memory."""
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
        """Say what banding finds and what a document costs."""
        bands, sketcher = self.sketcher.bands, self.sketcher
        kept = {"none": 8 * bands.bands, "signature": 4 * sketcher.permutations, "jaccard": 4 * sketcher.permutations}
        shingles = ", and 4 for each different shingle" if sketcher.verify == "jaccard" else ""
        return [
            f"{bands.bands} bands of {bands.rows} rows; half of the pairs of similarity {bands.half:.2f} are found",
            *_bands.s_curve(bands),
            f"bytes a document on disk: {16 * bands.bands} of keys, {kept[sketcher.verify] + 36} of sidecar with its id{shingles}",
            "memory: 4 bytes a document in the two tasks that see all (components, evidence); the others stay flat",
        ]


def lean_minhashes(index: str) -> Iterator[tuple[str, Any]]:
    """Yield (id, datasketch.LeanMinHash) of every document that an index remembers, kept or dropped.

    Args:
        index: the folder, any fsspec URL. Signatures are kept under `verify: signature` and `jaccard`.

    Raises:
        InputError: there is no index, or one without signatures. ImportError: `datasketch` 2 is not installed.
    """
    import fsspec
    from datasketch import LeanMinHash

    fs, root = fsspec.core.url_to_fs(index)
    try:
        settings = json.loads(fs.cat_file(f"{root}/index.json"))["settings"]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(f"{index}: is no index of dedup.minhash ({error!r})") from error
    if settings["verify"] == "none":
        raise InputError(f"{index}: was made with verify: none, which keeps keys and no signatures")
    for path in sorted(fs.glob(f"{root}/*/*.arrow")):
        with fs.open(path) as file:
            reader = pa.ipc.open_file(file)
            for i in range(reader.num_record_batches):
                rows = reader.get_batch(i)
                for id, values in zip(rows["id"].to_pylist(), fixed(rows["signature"], np.uint32), strict=True):
                    yield id, LeanMinHash(seed=settings["seed"], hashvalues=values.copy(), scheme=settings["scheme"])


class _TwoDocuments:
    """As much of a context as two documents need."""

    n_docs, n_own = np.array([2]), 1

    def __init__(self, sidecar: pa.RecordBatch):
        self.all = sidecar

    def lookup(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        return self.all.select(columns).take(pa.array(row))

    def report(self, metrics: Mapping[str, object]) -> None:
        """Drop the metrics: nobody reads them."""


def _spread(rows: pa.RecordBatch, n: int) -> np.ndarray:
    return ((rows["key"].to_numpy() >> np.uint64(32)) % np.uint64(n)).astype(np.int64)


def _to_one(rows: pa.RecordBatch) -> np.ndarray:
    return np.zeros(rows.num_rows, np.int64)
