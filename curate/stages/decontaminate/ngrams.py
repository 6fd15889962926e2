"""`decontaminate.ngrams`: drop or mark documents that contain questions of evaluation sets."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch, Verdicts
from curate.errors import SpecError
from curate.kernels import overlap
from curate.kernels.characters import classes, lower
from curate.params import Positive, Share
from curate.stages.decontaminate import _items
from curate.stages.decontaminate._sets import Sets, Words, load

LONGEST_QUOTE = 500
"""How many characters of the matched text are recorded."""

QUESTIONS = ["question", "prompt", "problem", "input", "query", "instruction", "ctx", "sentence", "text"]
ANSWERS = ["answer", "answers", "answer.value", "answers.text", "canonical_solution", "solution", "solutions", "target",
           "output", "completion", "response", "code"]  # fmt: skip


class ngrams:
    """Drop or mark documents that share word n-grams with the questions of evaluation sets.

    An item is one question of a set. The columns describe, for each document, the item of which it contains the
    largest share of n-grams: its label, the share, its position in the document (in characters), and whether the
    document also contains the answer. Case, punctuation and line breaks are ignored. One changed word in the document
    breaks up to n of the item's n-grams.

    `contamination_answer`: an answer of at least n words counts as present if half of its n-grams that are not in the
    question occur anywhere in the document; a shorter one, if it occurs within 100 words before or after the question.
    Short answers (`yes`, `18`) often occur by chance. Null means that the item has no answer. A document that contains
    only the answer is kept.

    Why:
        A benchmark does not measure a model that was trained on its questions. Most n-grams shared by chance are
        formulas and rows of numbers, so the columns name the item and quote the matched text: a reader can check
        every drop.
    Args:
        sets: evaluation sets: files, globs or URLs; .parquet, .jsonl or .txt (one item per line), all but parquet
            optionally compressed (.gz, .zst). Their content is part of the fingerprint: if it changes, the stage runs
            again. Without sets nothing is compared; the ledger counts these documents.
        question_fields, answer_fields: the fields of a row with its question and its answers, in order of preference;
            the first one with text is used. Each is also looked up inside `metadata`. `a.b` is the field `b` inside
            `a`. A list gives one item (or one spelling of the answer) per entry, so `paragraphs.text` makes each
            paragraph an item.
        ngram: words per n-gram, 1 or more; 8 to 13 are usual. In scripts without spaces every letter is a word.
        min_words: items shorter than this are ignored, in words, 1 to `ngram`. An item of at least `min_words` but
            fewer than `ngram` words must occur in the document as a whole.
        min_share: share of an item's distinct n-grams that a document must contain, 0-1.
        min_ngrams: number of an item's n-grams that a document must contain, 1 or more; an item with fewer needs all.
        max_items: n-grams that occur in more items of one set than this, 1 or more, are template text and are ignored.
        allow: texts whose n-grams are ignored, such as licences and quotations; files as in `sets`, except that a .txt
            file is one text.
        action: `drop` drops contaminated documents; `mark` only writes the columns.
    Needs: text
    Makes:
        contaminated: bool, contamination_item: str, contamination_share: float32, contamination_answer: bool,
        contamination_start: int, contamination_end: int, contamination_text: str, contamination_items: int
    Drops:
        contaminated: contains at least `min_share` of an item's n-grams; value: the share, evidence: the item as
            `file#id`, or `file#row` (rows counted from 0).
    Raises:
        SpecError: a parameter is out of its range, or `question_fields` is empty.
        InputError: a set cannot be read, or contains no item.
    Cost:
        `python -m tests.bench.decontaminate`, one core, Wikipedia articles of at most 3.5 KB against gsm8k, HumanEval
        and multihop (8,166 items, 423,000 n-grams, loaded in 0.6 s):

            |                                                     | docs/s  | MB/s |
            |-----------------------------------------------------|---------|------|
            | this stage, no question in the articles             | 104,980 |  311 |
            | this stage, a question in every other article       |  14,606 |   45 |
            | plain Python: look up each n-gram in a set          |   2,251 |  6.6 |
            | datatrove's NGramsDecontFilter: look up in an index |      92 |  0.3 |

        Memory: about 75 bytes per n-gram of the sets, in each worker.
    Kept:
        "The ferry takes 45 minutes. How many minutes does it take? Ask the captain." with sets=["tests/stages/decontaminate/questions.jsonl"]
    Dropped:
        "Quiz: A ferry makes six trips\\na day, and each trip carries FORTY cars; how many cars cross in a week? (1680.)" with sets=["tests/stages/decontaminate/questions.jsonl"] -> contaminated
    Source:
        GPT-3 (2005.14165, appendix C) compares lower-cased 13-grams without punctuation; for its analysis it uses
        n-grams of 8 to 13 words, by the length of a set's items. Differences: GPT-3 acts on one shared n-gram, removes
        the 200 characters around it, and ignores n-grams that occur in more than 10 training documents. This stage
        requires a share of the item's n-grams, drops whole documents, and recognises template text by the number of
        items (not documents) that contain an n-gram.

        False positives, with gsm8k, HumanEval and the questions of multihop as sets: none of 49,411 documents
        (Wikipedia in English and Chinese, reviews, news, books, manuals, web pages) is dropped; requiring a single
        n-gram would drop 2, for a row of hexadecimal digits. Recall: with 2, 5 and 10 % of their words replaced, 98, 91
        and 69 % of gsm8k's questions are found (`ngram: 8` with `min_share: 0.2`: 100, 98 and 85 %, and still none of
        the 49,411 dropped).

        A set whose items are Wikipedia passages, such as `multihop/2wiki-corpus`, matches Wikipedia: 18 of 4,446
        articles, of which 15 are the source of the passage and 3 share the standard sentence about a film prize.

        Items with the same words count as one, the first; items that differ only in punctuation (HumanEval/56 and /61)
        therefore count as one. N-grams are compared as 64-bit hashes: with a million n-grams, one false match is
        expected per 18 trillion words. The ledger counts contaminated documents per set and, once per task, items that
        are repeated, too short, or consist of template text only.
    """

    def __init__(
        self,
        *,
        sets: list[File] = [],  # noqa: B006
        question_fields: list[str] = QUESTIONS,
        answer_fields: list[str] = ANSWERS,
        ngram: Positive = 13,
        min_words: Positive = 8,
        min_share: Share = 0.1,
        min_ngrams: Positive = 1,
        max_items: Positive = 10,
        allow: list[File] = [],  # noqa: B006
        action: Literal["drop", "mark"] = "drop",
    ):
        if min_words > ngram:
            raise SpecError(f"min_words: expected 1 to `ngram` = {ngram}, got {min_words}.")
        if not question_fields:
            raise SpecError("question_fields: expected at least one field, got none.")
        self.sets, self.allow, self.fields = sets, allow, (question_fields, answer_fields)
        self.sizes = ngram, min_words, max_items
        self.min_share, self.min_ngrams, self.is_dropping = min_share, min_ngrams, action == "drop"

    def check_setup(self) -> None:
        """Look whether the first rows of each set have one of the fields, and the other texts can be read."""
        _items.check(_items.find(self.sets), self.fields[0])
        for url in _items.find(self.allow):
            next(_items.read_texts({url: url}, self.fields[0]), None)

    def setup(self) -> None:
        """Read the sets; run every kernel once, so that it is compiled."""
        self._sets = load(self.sets, self.allow, self.fields, *self.sizes)
        self._unreported = self._sets.counts
        text = "one two three " * (self.sizes[0] + 1)
        words = Words.of([text])
        pair = np.zeros(1, np.int64)
        overlap.shared(words.bounds, words.hashes, self._sets.index)
        if self._sets.labels:
            overlap.stretches(words.bounds, words.hashes, pair, pair, self._sets.index)
        overlap.find_words(words.hashes, 0, 1, words.hashes)

    def __call__(self, batch: Batch) -> Batch:
        sets = self._sets
        counts = dict(self._unreported)
        self._unreported = {}
        if not sets.names:
            counts["documents_compared_with_nothing"] = len(batch)
        is_hit = overlap.sharing(*batch.text_buffers(), classes(), lower(), sets.index)
        matches = _Matches(batch, is_hit, sets, self.min_share, self.min_ngrams)
        counts |= matches.counts()
        marked = batch.with_columns(matches.columns()).counted(counts)
        return marked.judged(matches.verdicts()) if self.is_dropping else marked


class _Matches:
    """The documents of a batch that share n-grams with an item; `rows` are their indexes in the batch."""

    def __init__(self, batch: Batch, is_hit: np.ndarray, sets: Sets, min_share: float, min_ngrams: int):
        offsets, data = batch.take(is_hit).text_buffers()
        words = Words.of_buffers(offsets, data)
        docs, items, n_found = overlap.shared(words.bounds, words.hashes, sets.index)
        n_grams = sets.index.n_grams[items]
        share = n_found / n_grams
        is_enough = (share >= min_share) & (n_found >= np.minimum(min_ngrams, n_grams))
        order = np.lexsort((items, -n_found, -share, ~is_enough, docs))
        best = order[np.unique(docs[order], return_index=True)[1]]
        self.sets, self.n_docs = sets, len(batch)
        self.rows = np.flatnonzero(is_hit)[docs[best]]
        self.items, self.share, self.is_enough = items[best], share[best].astype(np.float32), is_enough[best]
        self.n_items = np.bincount(docs[is_enough], minlength=is_hit.sum())[docs[best]]
        self.sets_hit = np.unique(np.stack((docs, sets.set_of[items]))[:, is_enough], axis=1)[1]
        places = overlap.stretches(words.bounds, words.hashes, docs[best], items[best], sets.index)
        self.spans: list[tuple[int, int, str]] = []
        self.answers: list[bool | None] = []
        for doc, item, place in zip(docs[best], self.items, places, strict=True):
            first = words.bounds[doc]
            raw = data[offsets[doc] : offsets[doc + 1]]
            self.spans.append(_span(raw, words.starts[first + place[0]], words.ends[first + place[1] - 1]))
            self.answers.append(sets.has_answer(words[doc], place, item))

    def columns(self) -> dict[str, pa.Array]:
        """Return the columns of the whole batch."""
        starts, ends, texts = zip(*self.spans, strict=True) if self.spans else ((), (), ())
        is_contaminated = np.zeros(self.n_docs, bool)
        is_contaminated[self.rows] = self.is_enough
        share = np.zeros(self.n_docs, np.float32)
        share[self.rows] = self.share
        n_items = np.zeros(self.n_docs, np.int64)
        n_items[self.rows] = self.n_items
        return {
            "contaminated": pa.array(is_contaminated),
            "contamination_item": self._spread([self.sets.labels[item] for item in self.items], pa.string()),
            "contamination_share": pa.array(share),
            "contamination_answer": self._spread(self.answers, pa.bool_()),
            "contamination_start": self._spread(starts, pa.int64()),
            "contamination_end": self._spread(ends, pa.int64()),
            "contamination_text": self._spread(texts, pa.string()),
            "contamination_items": pa.array(n_items),
        }

    def verdicts(self) -> Verdicts:
        code = np.full(self.n_docs, -1, np.int16)
        code[self.rows[self.is_enough]] = 0
        value = np.full(self.n_docs, np.nan, np.float32)
        value[self.rows[self.is_enough]] = self.share[self.is_enough]
        labels = [
            self.sets.labels[item] if enough else None for item, enough in zip(self.items, self.is_enough, strict=True)
        ]
        return Verdicts(("contaminated",), code, value, self._spread(labels, pa.string()).to_pylist())

    def counts(self) -> dict[str, int]:
        """Return how many documents contain items of each set, and how many of these contain the answer too."""
        counts = {
            f"contaminated.{self.sets.names[s]}": int((self.sets_hit == s).sum()) for s in np.unique(self.sets_hit)
        }
        n_answered = sum(bool(answer and enough) for answer, enough in zip(self.answers, self.is_enough, strict=True))
        return counts | ({"contaminated_with_answer": n_answered} if n_answered else {})

    def _spread(self, values, kind: pa.DataType) -> pa.Array:
        """Return a column of the whole batch; null for documents that share nothing."""
        whole = np.full(self.n_docs, None, object)
        whole[self.rows] = np.array([*values, None], object)[:-1]
        return pa.array(whole.tolist(), kind)


def _span(raw: np.ndarray, start: int, end: int) -> tuple[int, int, str]:
    """Convert a byte range to (start, end) in characters, and the text between them, truncated."""
    before, text = (bytes(part).decode("utf-8", "replace") for part in (raw[:start], raw[start:end]))
    return len(before), len(before) + len(text), text[:LONGEST_QUOTE]
