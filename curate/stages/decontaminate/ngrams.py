"""`decontaminate.ngrams`: remove or mark documents that hold questions of evaluation sets."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch, Verdicts
from curate.errors import SpecError
from curate.kernels import overlap
from curate.kernels.characters import classes, lower
from curate.stages.decontaminate._sets import Sets, Words, load

LONGEST_QUOTE = 500
"""Characters of the matched text that are written down."""

QUESTIONS = ["question", "prompt", "problem", "input", "query", "instruction", "ctx", "sentence", "text"]
ANSWERS = ["answer", "answers", "answer.value", "answers.text", "canonical_solution", "solution", "solutions", "target",
           "output", "completion", "response", "code"]  # fmt: skip


class ngrams:
    """Drop or mark documents that share word n-grams with the questions of evaluation sets.

    For each document the item (a question of a set) of which it has the largest share of n-grams is on record: which
    it is, the share, where in the document it stands, and whether the answer is there too. Case, punctuation and
    line breaks make no difference. A changed word costs up to n of the item's n-grams.

    `contamination_answer`: an answer of n words or more is there if half of its n-grams that are not in the question
    are anywhere in the document; a shorter one, if it stands within 100 words before or after the question. Short
    answers (`yes`, `18`) are there by chance. Null: the set has none. Documents with only the answer are kept.

    Why:
        A model that has read the test is not measured by it. Most n-grams shared by chance are formulae and rows of
        numbers, so a drop must be one that a reader can check: the item and the matched text are in the columns.
    Args:
        sets: files, globs or URLs: .parquet, .jsonl, .txt (one item a line), packed as .gz or .zst if not parquet. The
            run starts anew when their content changes. With none, nothing is compared, and the ledger counts that.
        question_fields, answer_fields: where a row has its question and its answers; the first field with a text
            counts, and is also looked for inside `metadata`. `a.b` is `b` inside `a`; a list gives an item, or a way
            to write the answer, for each entry, so `paragraphs.text` takes paragraphs as items.
        ngram: words in an n-gram; a letter is a word in scripts without spaces. 8 to 13 are usual.
        min_words: an item of fewer words than `ngram` must stand in the document as a whole; one of fewer than this is
            not looked for. 1 to `ngram`.
        min_share: the share of an item's different n-grams that a document must have, from 0 to 1.
        min_ngrams: how many it must have at least (all, of an item that has fewer).
        max_items: an n-gram in more items of one set than this is a template and does not count.
        allow: files as in `sets`, of texts whose n-grams do not count: licences, quotations. A .txt is one text.
        action: `mark` only writes the columns.
    Needs: text
    Makes:
        contaminated: bool, contamination_item: str, contamination_share: float, contamination_answer: bool,
        contamination_start: int, contamination_end: int, contamination_text: str, contamination_items: int
    Drops:
        contaminated: has `min_share` of an item's n-grams; value: the share, evidence: the item as `file#id`, or
            `file#row` counted from 0.
    Cost:
        `python -m tests.bench.decontaminate`, one core, Wikipedia articles of at most 3.5 KB against gsm8k, HumanEval
        and multihop (8,166 items, 423,000 n-grams, loaded in 0.6 s):

            |                                                     | docs/s  | MB/s |
            |-----------------------------------------------------|---------|------|
            | this stage                                          | 104,980 |  311 |
            | with a question in every other article              |  14,606 |   45 |
            | plain Python: is one n-gram in a set                |   2,251 |  6.6 |
            | datatrove's NGramsDecontFilter: is one in an index  |      92 |  0.3 |

        Memory: about 75 bytes for each n-gram of an item, in every worker.
    Kept:
        "The ferry takes 45 minutes. How many minutes does it take? Ask the captain." with sets=["tests/stages/decontaminate/questions.jsonl"]
    Dropped:
        "Quiz: A ferry makes six trips\\na day, and each trip carries FORTY cars; how many cars cross in a week? (1680.)" with sets=["tests/stages/decontaminate/questions.jsonl"] -> contaminated
    Source:
        GPT-3 (2005.14165, appendix C) compares lower-cased 13-grams without punctuation, and for its analysis n-grams of
        8 to 13 words by the length of a set's items. Differences: there, one shared n-gram is enough, 200 characters
        around it are cut out of the document, and n-grams in more than 10 training documents are passed over; here, a
        share of an item is asked for, whole documents go, and items, not documents, tell a template.

        Measured with gsm8k, HumanEval and the questions of multihop as sets: no document of 49,411 (Wikipedia in English
        and Chinese, reviews, news, books, manuals, web pages) is dropped. A single n-gram would drop 2, for a row of
        hexadecimal digits. Of gsm8k's questions with 2, 5 and 10 % of the words replaced, 98, 91 and 69 % are found
        (`ngram: 8` with `min_share: 0.2`: 100, 98 and 85 %, and still none of the 49,411).

        A share of passages from Wikipedia, as of `multihop/2wiki-corpus`, is of course found in Wikipedia: 18 of 4,446
        articles, 15 of them the very article the passage is from; the other 3 share the formula of a film prize.

        Items with the same words are one, the first; punctuation alone does not tell them apart (HumanEval/56 and /61).
        With hashes of 64 bits and a million n-grams a false match is expected once in 18 trillion words.
        The ledger counts documents by set, and, in each task anew, items: repeated, too short, or all template.
    """

    def __init__(
        self,
        *,
        sets: list[File] = [],  # noqa: B006
        question_fields: list[str] = QUESTIONS,
        answer_fields: list[str] = ANSWERS,
        ngram: int = 13,
        min_words: int = 8,
        min_share: float = 0.1,
        min_ngrams: int = 1,
        max_items: int = 10,
        allow: list[File] = [],  # noqa: B006
        action: Literal["drop", "mark"] = "drop",
    ):
        if not 1 <= min_words <= ngram:
            raise SpecError(f"min_words: expected 1 to `ngram` = {ngram}, got {min_words}.")
        if not 0 <= min_share <= 1:
            raise SpecError(f"min_share: expected a share from 0 to 1, got {min_share}.")
        for name, value in (("min_ngrams", min_ngrams), ("max_items", max_items)):
            if value < 1:
                raise SpecError(f"{name}: expected 1 or more, got {value}.")
        if not question_fields:
            raise SpecError("question_fields: expected at least one field, got none.")
        self.sets, self.allow, self.fields = sets, allow, (question_fields, answer_fields)
        self.sizes = ngram, min_words, max_items
        self.min_share, self.min_ngrams, self.is_dropping = min_share, min_ngrams, action == "drop"

    def setup(self) -> None:
        """Read the sets, and run over their first question, so that every kernel is compiled."""
        self._sets = load(self.sets, self.allow, self.fields, *self.sizes)
        self._untold = self._sets.counts
        text = "one two three " * (self.sizes[0] + 1)
        words = Words.of([text])
        pair = np.zeros(1, np.int64)
        overlap.shared(words.bounds, words.hashes, self._sets.index)
        if self._sets.labels:
            overlap.stretches(words.bounds, words.hashes, pair, pair, self._sets.index)
        overlap.find_words(words.hashes, 0, 1, words.hashes)

    def __call__(self, batch: Batch) -> Batch:
        sets = self._sets
        counts = dict(self._untold)
        self._untold = {}
        if not sets.names:
            counts["documents_compared_with_nothing"] = len(batch)
        is_hit = overlap.sharing(*batch.text_buffers(), classes(), lower(), sets.index)
        found = _Found(batch, is_hit, sets, self.min_share, self.min_ngrams)
        counts |= found.counts()
        marked = batch.with_columns(found.columns()).counted(counts)
        return marked.judged(found.verdicts()) if self.is_dropping else marked


class _Found:
    """What the documents of a batch share with items; all arrays but `rows` are of those documents only."""

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
        """Return how many documents hold items of each set, and how many of these an answer."""
        counts = {
            f"contaminated.{self.sets.names[s]}": int((self.sets_hit == s).sum()) for s in np.unique(self.sets_hit)
        }
        n_answered = sum(bool(answer and enough) for answer, enough in zip(self.answers, self.is_enough, strict=True))
        return counts | ({"contaminated_with_answer": n_answered} if n_answered else {})

    def _spread(self, values, kind: pa.DataType) -> pa.Array:
        """Return a column of the whole batch, null where there is nothing."""
        whole = np.full(self.n_docs, None, object)
        whole[self.rows] = np.array([*values, None], object)[:-1]
        return pa.array(whole.tolist(), kind)


def _span(raw: np.ndarray, start: int, end: int) -> tuple[int, int, str]:
    """Return a stretch of bytes as characters, and the characters, cut."""
    before, text = (bytes(part).decode("utf-8", "replace") for part in (raw[:start], raw[start:end]))
    return len(before), len(before) + len(text), text[:LONGEST_QUOTE]
