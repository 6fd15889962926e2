"""Filter as C4 does: `lines` removes lines that are not prose, `page` drops pages with too little text left."""

from __future__ import annotations

import pyarrow as pa

from curate.batch import Batch
from curate.params import Natural
from curate.rules import Rules, at_least, at_most


def lines(
    batch: Batch,
    *,
    need_end_mark: bool = True,
    min_words: Natural | None = 3,
    max_word_length: Natural | None = 1000,
    drop_javascript: bool = True,
    drop_policies: bool = True,
    drop_citations: bool = True,
) -> Batch:
    """Remove lines that are not prose, and Wikipedia's citation marks.

    Kept lines are stripped of white space at both ends and joined by line feeds; blank lines are removed. A page that
    loses all its lines is kept with an empty text: `filters.c4.page` drops it.

    Why:
        Good pages have menus, buttons and notices around their text. A line without a full stop, question or
        exclamation mark at its end is usually one of them; so is a line of two words, or one that asks the reader to
        enable JavaScript.
    Args:
        need_end_mark: keep only lines that end in a full stop, question or exclamation mark of any script, or in a
            straight quotation mark; lines that end in three full stops are removed.
        min_words: minimum number of words in a line, separated by white space; in scripts without spaces every letter
            is a word.
        max_word_length: remove lines with a longer word, in characters; a run of letters of a script without spaces
            never counts as a long word.
        drop_javascript: remove lines with the word `javascript`.
        drop_policies: remove lines about terms of use, privacy policies and cookies.
        drop_citations: remove [1], [], [edit] and [citation needed] inside lines.
        Null disables a rule.
    Languages: drop_policies: en
    Needs: text
    Makes: text
    Cost:
        With `filters.c4.page`: 35,000 documents/s of 3 KB (104 MB/s) on one core; datatrove: 45 documents/s in the same
        run (`python -m tests.bench.heuristics`).
    Edited:
        "Home | Shop\\nThe harbour was quiet.[1] \\n\\nPlease enable JavaScript." -> "The harbour was quiet."
        "Read our privacy policy.\\nNobody had slept that night." -> "Nobody had slept that night."
        "港口在投票的早晨很安静，没有人睡觉。\\n首页" -> "港口在投票的早晨很安静，没有人睡觉。"
    Source:
        Raffel et al. 2020 (1910.10683), section 2.2, and the code that made C4. Compared with datatrove's
        C4QualityFilter, this stage followed by `filters.c4.page` leaves the same text on all English pages and on
        99.2 % of mostly German ones; `filters.c4.page` compares the decisions. To match it, lines that make `page`
        drop the whole document are not removed here: `drop_javascript` skips lines with `lorem ipsum`, and
        `drop_policies` skips lines with `lorem ipsum` or a curly bracket. Differences:
        - Sentence-final marks of all scripts count, and in scripts without spaces every letter is a word; C4's rules
          would remove every line of Chinese.
        - Trailing white space left by a removed citation mark is removed too.
        - Upper and lower case are equal for ASCII letters only.
        - Lines end where str.splitlines splits, as in datatrove; C4 splits at \\n only.
    """
    from curate.kernels import c4_lines as b
    from curate.kernels.characters import classes

    rules = (
        b.END_MARK * need_end_mark + b.SCRIPT * drop_javascript + b.NOTICE * drop_policies + b.CITATION * drop_citations
    )
    offsets, data, fates = b.drop_lines(
        *batch.text_buffers(), classes(), rules, min_words or 0, -1 if max_word_length is None else max_word_length
    )
    texts = pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data))
    return batch.with_text(texts).counted(
        {
            "c4.lines_kept": fates[b.KEPT],
            "c4.lines_with_a_giant_word": fates[b.TOO_LONG_WORD],
            "c4.lines_without_an_end_mark": fates[b.UNENDED],
            "c4.lines_of_too_few_words": fates[b.TOO_FEW_WORDS],
            "c4.lines_naming_javascript": fates[b.JAVASCRIPT],
            "c4.lines_of_policies": fates[b.POLICY],
        }
    )


def page(
    *,
    min_sentences: Natural | None = 5,
    max_placeholders: Natural | None = 0,
    max_curly_brackets: Natural | None = 0,
) -> Rules:
    """Drop pages with too few sentences, placeholder text or program code.

    Why:
        After `filters.c4.lines`, a page consists of prose or is nearly empty.
    Args:
        min_sentences: minimum number of sentences; a line break ends a sentence.
        max_placeholders: maximum number of occurrences of `lorem ipsum`, in upper or lower case.
        max_curly_brackets: maximum number of opening curly brackets. Set it to null for pages about programming.
        Null disables a rule.
    Drops:
        placeholder_text: more than `max_placeholders` placeholders, as in an unfilled template.
        curly_brackets: more than `max_curly_brackets` opening curly brackets: program or template code.
        too_few_sentences: fewer sentences than `min_sentences`.
    Cost:
        See `filters.c4.lines`.
    Kept:
        "It rained. Nobody came. Mr. Smith went home at 10.30 p.m. and slept. Why? Who knows!"
    Dropped:
        "It rained. Nobody came." -> too_few_sentences
        "Lorem ipsum dolor sit amet. " * 5 -> placeholder_text
        "if (a) { b(); } " * 5 -> curly_brackets
    Source:
        Raffel et al. 2020 (1910.10683), section 2.2; run `filters.c4.lines` before it. The rule on curly brackets drops 1.6 %
        of English Wikipedia (set theory, geometry, music) and 44 % of documentation pages. A sentence ends at a single mark
        such as `.`, `?`, `!` or `。` that is not part of a word, an initial or a common abbreviation
        (`curate.kernels.words`). C4 used NLTK's punkt; datatrove uses spaCy's rules, with which these agree.
        Compared with datatrove's C4QualityFilter, the decision after both stages is the same on 100.0 % of Wikipedia
        articles and English web pages and on 99.6 % of mostly German ones. The remaining German pages are kept here:
        their lines end in a mark of another script, or before a citation mark. C4's bad-words rule is not included;
        see `safety.words`.
    """
    return Rules(
        placeholder_text=at_most("text.placeholders", max_placeholders),
        curly_brackets=at_most("text.curly_brackets", max_curly_brackets),
        too_few_sentences=at_least("sentences.count", min_sentences),
    )
