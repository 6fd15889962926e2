"""`safety.words`: count the listed words of a text, and drop it if they are a large part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch, ListHits
from curate.errors import SpecError
from curate.kernels import word_trie
from curate.kernels.characters import classes
from curate.rules import Rules, at_most
from curate.stages.safety._wordlists import ANY, read

DEFAULT = {ANY: File("asset:explicit-words")}
UNKNOWN = (None, "", "un")
"""Languages of a document whose language is not known: all lists count."""

SHORTEST = 100
"""A text of fewer words counts as one of this many, so that one or two listed words decide nothing."""

MOST_LISTS = 64


class words:
    """Measure which part of a text is listed words; drop it where that is too much.

    An entry is a word or a phrase. It is found without regard to case, to full-width forms and to how wide the white space is,
    and only between word boundaries: `ass` is not in `class`. In scripts without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar)
    it may stand anywhere, and there an entry of one character does not count. Of entries that overlap the longest counts.
    Letters with their marks apart (NFD) and disguises (`p0rn`) are not seen through: `text.normalise` mends the first.

    Each list is for a language, and counts where `language` says so (`zh` takes in `zh-Hant`); `any` is for all. Where there is no
    such column, or the language is not known, all count. `listed_words` counts occurrences, `listed_words_distinct` entries, and
    `listed_words_share` the words in them, of all; a text of fewer than 100 words counts as one of 100.

    Why:
        The cheapest sign of pornography and spam. Alone, one listed word says nothing: blocking by single words removes medicine,
        sex education, and the writing of those whom slurs are used against. So a share decides, the default list holds phrases
        rather than words, and what each list removed is in the report, with examples.
    Args:
        lists: language, or `any` -> a file, glob, URL or `asset:NAME` (`curate assets list`), one entry a line; lines that begin
            with # are comments. Without it, a few hundred phrases of our own.
        max_share: drop a text with a larger share of listed words, from 0 to 1. Null only measures.
        max_distinct: drop a text with more different entries than this, however long it is.
    Needs: text
    Makes: listed_words: int, listed_words_distinct: int, listed_words_share: float
    Drops:
        listed_words: more of its words are listed than `max_share`; value: the share, evidence: the most frequent entry, how
            often it is there, and the lists of all that were found.
        many_listed_words: more different entries than `max_distinct`; value: how many, evidence: the same.
    Cost:
        32,600 documents/s of 3 KB (97 MB/s) on one core with 36,000 words; one alternation of `regex` 1.4, pyahocorasick, which
        knows no word boundaries, 1,600 in the same run (`python -m tests.bench lists`). Half a second to read the list, 12 MB.
    Kept:
        "The library has films, among them a documentary on how free porn videos changed an industry. " * 1
    Dropped:
        "Free porn videos! HOT  MILFS and cam girls, live sex shows." -> listed_words
    Source:
        C4 (1910.10683) drops a page for one entry of the LDNOOBW list (`asset:ldnoobw-en`); Dodge et al. 2021 (2104.08758) show whom
        that removes. WanJuan-CC (2402.19282) filters by domains, words and models one after the other; its list is not published.

        Measured: the default drops none of 37,834 documents (Wikipedia in English and Chinese, film reviews, news, web pages).
        With `asset:ldnoobw-en`, C4's rule would drop 23.8 % of English Wikipedia and 18.3 % of the reviews; by share it is 0.11 %
        and 0.24 %, articles on anatomy among them. So with lists of single words, too, read the examples before a run.
    """

    def __init__(
        self,
        *,
        lists: dict[str, File] = DEFAULT,
        max_share: float | None = 0.03,
        max_distinct: int | None = None,
    ):
        if not 0 < len(lists) <= MOST_LISTS:
            raise SpecError(f"lists: expected 1 to {MOST_LISTS}, got {len(lists)}.  Leave `lists` out for the default.")
        if max_share is not None and not 0 <= max_share <= 1:
            raise SpecError(f"max_share: expected a share from 0 to 1, got {max_share}.")
        self.lists = lists
        self.rules = Rules(
            listed_words=at_most("listed_words_share", max_share),
            many_listed_words=at_most("listed_words_distinct", max_distinct),
        )

    def setup(self) -> None:
        """Read the lists."""
        self._entries, bits, self._untold = read(self.lists)
        self._lexicon = word_trie.build(self._entries, bits)

    def warm_up(self) -> None:
        """Compile what looks at texts."""
        self.setup()
        self(Batch.from_columns({"id": ["a"], "text": ["a word"]}))

    def __call__(self, batch: Batch) -> Batch:
        n = len(batch)
        counts, lists = word_trie.count_entries(*batch.text_buffers(), classes(), self._lexicon, self._wanted(batch))
        measured = {
            "listed_words": counts[:, word_trie.MATCHES],
            "listed_words_distinct": counts[:, word_trie.DISTINCT],
            "listed_words_share": (
                counts[:, word_trie.COVERED] / np.maximum(counts[:, word_trie.WORDS], SHORTEST)
            ).astype(np.float32),
        }
        verdicts = self.rules.judge(measured, n)
        evidence = np.full(n, None, object)
        for i in np.flatnonzero(~verdicts.is_kept):
            entry, times = self._entries[counts[i, word_trie.TOP]], counts[i, word_trie.TOP_MATCHES]
            evidence[i] = f"{entry} ×{times}"
        told, self._untold = self._untold, {}
        return (
            batch.with_columns({name: pa.array(values) for name, values in measured.items()})
            .judged(replace(verdicts, evidence=evidence, lists=self._hits(lists)))
            .counted(told | {"kept_with_listed_words": int((lists[verdicts.is_kept] != 0).sum())})
        )

    def _hits(self, lists: np.ndarray) -> ListHits:
        """Return bits (uint64[n], one for each list) as a matrix."""
        bits = np.arange(len(self.lists), dtype=np.uint64)
        return ListHits(tuple(self.lists), (lists[:, None] >> bits & np.uint64(1)).astype(bool))

    def _wanted(self, batch: Batch) -> np.ndarray:
        """Return the lists that count for each document, as bits: uint64[n]."""
        everything = (1 << len(self.lists)) - 1
        if "language" not in batch:
            return np.full(len(batch), everything, np.uint64)
        coded = batch["language"].dictionary_encode()
        masks = [self._lists_for(language) for language in coded.dictionary.to_pylist()]
        numbers = coded.indices.fill_null(len(masks)).to_numpy(zero_copy_only=False)
        return np.array([*masks, everything], np.uint64)[numbers]

    def _lists_for(self, language: str | None) -> int:
        names = [language, (language or "").partition("-")[0], ANY]
        is_unknown = language in UNKNOWN
        return sum(1 << k for k, name in enumerate(self.lists) if is_unknown or name in names)
