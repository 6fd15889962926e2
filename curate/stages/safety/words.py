"""`safety.words`: measure the share of words on a word list; drop texts above a maximum."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch, ListHits
from curate.errors import InputError, SpecError
from curate.kernels import word_trie
from curate.kernels.characters import classes
from curate.params import Natural, Share
from curate.rules import Rules, at_most
from curate.stages.safety import _files
from curate.stages.safety._wordlists import ANY, read

DEFAULT = {ANY: File("asset:explicit-words")}
UNKNOWN = (None, "", "un")
"""Values of `language` for an unknown language, to which all lists apply."""

SHORTEST = 100
"""Shorter texts are treated as having this many words, so that one or two listed words are not decisive."""

MOST_LISTS = 64


class words:
    """Measure the share of words on a word list; drop texts above `max_share`.

    An entry is a word or a phrase. Matching ignores case, full-width forms and the amount of white space, and requires
    word boundaries: `ass` does not match in `class`. In scripts without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar)
    an entry matches anywhere, and entries of one character are ignored. Of overlapping matches the longest counts.
    Decomposed letters (NFD) and obfuscated spellings (`p0rn`) do not match; `text.normalise` composes the former.

    A list applies to documents whose `language` is its name (`zh` includes `zh-Hant`); `any` applies to all. If there
    is no such column, or the language is unknown, all lists apply. `listed_words` is the number of matches,
    `listed_words_distinct` the number of distinct entries, `listed_words_share` the share of words in matches; texts of
    fewer than 100 words are treated as having 100.

    Why:
        The cheapest signal of pornography and spam. A single listed word is weak evidence: blocking by single words
        removes medical texts, sex education, and texts by the people whom slurs target. Therefore the share decides,
        the default list contains phrases rather than words, and the report shows what each list dropped, with examples.
    Args:
        lists: mapping of a language, or `any`, to a file, glob, URL or `asset:NAME` (`curate assets list`) with one
            entry per line; lines that begin with # are comments. At most 64 lists. By default, a few hundred phrases of
            our own.
        max_share: maximum share of listed words, 0-1; null for no limit.
        max_distinct: maximum number of distinct entries, whatever the length of the text; null for no limit.
    Needs: text
    Measures: listed_words: int, listed_words_distinct: int, listed_words_share: float32
    Drops:
        listed_words: the share of listed words is above `max_share`; value: the share, evidence: the most frequent
            entry, its number of matches, and the lists of all matches.
        many_listed_words: more than `max_distinct` distinct entries; value: their number, evidence: the same.
    Raises:
        SpecError: there is no list or more than 64, or `max_share` is not between 0 and 1.
        InputError: a list cannot be read, or has no entry.
    Cost:
        32,600 documents/s of 3 KB (97 MB/s) on one core with 36,000 words. In the same run
        (`python -m tests.bench lists`): one alternation of `regex` 1.4 documents/s, pyahocorasick (without word
        boundaries) 1,600. Reading the list takes 0.5 s and 12 MB.
    Kept:
        "The library has films, among them a documentary on how free porn videos changed an industry. " * 1
    Dropped:
        "Free porn videos! HOT  MILFS and cam girls, live sex shows." -> listed_words
    Source:
        C4 (1910.10683) drops a page for a single match with the LDNOOBW list (`asset:ldnoobw-en`); Dodge et al. 2021
        (2104.08758) show whose texts this removes. WanJuan-CC (2402.19282) filters by domains, words and models in
        turn; its word list is not published.

        Measured: the default drops none of 37,834 documents (Wikipedia in English and Chinese, film reviews, news, web
        pages). With `asset:ldnoobw-en`, C4's rule would drop 23.8 % of English Wikipedia and 18.3 % of the reviews; by
        share it is 0.11 % and 0.24 %, articles on anatomy among them. With lists of single words, read the examples in
        the report before a large run.
    """

    def __init__(
        self,
        *,
        lists: dict[str, File] = DEFAULT,
        max_share: Share | None = 0.03,
        max_distinct: Natural | None = None,
    ):
        if not 0 < len(lists) <= MOST_LISTS:
            raise SpecError(
                f"lists: expected 1 to {MOST_LISTS} lists, got {len(lists)}.  Omit `lists` to use the default."
            )
        self.lists = lists
        self.rules = Rules(
            listed_words=at_most("listed_words_share", max_share),
            many_listed_words=at_most("listed_words_distinct", max_distinct),
        )

    def check_setup(self) -> None:
        """Look whether the lists are text files with entries."""
        for file in self.lists.values():
            found = [_files.may_have_entry(url) for url in file.find()]
            if not any(found):
                raise InputError(f"{file}: has no entry.  Expected one word or phrase per line.")

    def setup(self) -> None:
        """Read the lists."""
        self._entries, bits, self._unreported = read(self.lists)
        self._lexicon = word_trie.build(self._entries, bits)

    def warm_up(self) -> None:
        """Compile the kernels."""
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
        counts_of_lists, self._unreported = self._unreported, {}
        return (
            batch.with_columns({name: pa.array(values) for name, values in measured.items()})
            .judged(replace(verdicts, evidence=evidence, lists=self._hits(lists)))
            .counted(counts_of_lists | {"kept_with_listed_words": int((lists[verdicts.is_kept] != 0).sum())})
        )

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where the entries of all lists are in a text, in characters; after `setup`."""
        data = text.encode()
        found = word_trie.find_entries(np.frombuffer(data, np.uint8), classes(), self._lexicon, np.uint64((1 << len(self.lists)) - 1))  # fmt: skip
        return [(len(data[:start].decode()), len(data[:end].decode())) for start, end in found.tolist()]

    def _hits(self, lists: np.ndarray) -> ListHits:
        """Return bits (uint64[n], one for each list) as a matrix."""
        bits = np.arange(len(self.lists), dtype=np.uint64)
        return ListHits(tuple(self.lists), (lists[:, None] >> bits & np.uint64(1)).astype(bool))

    def _wanted(self, batch: Batch) -> np.ndarray:
        """Return the lists that apply to each document, as bits: uint64[n]."""
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
