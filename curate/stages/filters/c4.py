"""The filters of C4: `lines` takes out lines that are no prose, `page` drops what is then left too little."""

from __future__ import annotations

import pyarrow as pa

from curate.batch import Batch
from curate.rules import Rules, at_least, at_most


def lines(
    batch: Batch,
    *,
    need_end_mark: bool = True,
    min_words: int | None = 3,
    max_word_length: int | None = 1000,
    drop_javascript: bool = True,
    drop_policies: bool = True,
    drop_citations: bool = True,
) -> Batch:
    """Take out lines that are no prose, and Wikipedia's citation marks.

    Why:
        A good page carries menus, buttons and notices around its text. A line without a mark at its end is
        most often one of them; so is a line of two words, or one that asks to switch on JavaScript. Lines that
        stay lose white space at both ends and are joined by line feeds; blank lines go. A page of which nothing
        is left stays as an empty text: `filters.c4.page` drops it.
    Args:
        need_end_mark: keep only lines that end in a full stop, question or exclamation mark of any script, or
            in a straight quotation mark; never those that end in three points.
        min_words: a line needs so many words between white space; a letter of a script without spaces is one.
        max_word_length: take out lines with a longer word, in characters; letters of scripts without spaces
            make no long word.
        drop_javascript: take out lines with the word `javascript`.
        drop_policies: take out lines about terms of use, privacy policies and cookies.
        drop_citations: remove [1], [], [edit] and [citation needed] inside lines.
        Null switches a rule off.
    Needs: text
    Makes: text
    Cost:
        with `filters.c4.page` 35,000 documents/s of 3 KB (104 MB/s) on one core, datatrove 45 in the same run
        (`python -m tests.bench.heuristics`).
    Edited:
        "Home | Shop\\nThe harbour was quiet.[1] \\n\\nPlease enable JavaScript." -> "The harbour was quiet."
        "Read our privacy policy.\\nNobody had slept that night." -> "Nobody had slept that night."
        "港口在投票的早晨很安静，没有人睡觉。\\n首页" -> "港口在投票的早晨很安静，没有人睡觉。"
    Source:
        Raffel et al. 2020 (1910.10683), section 2.2, and the code that made C4. This stage and then
        `filters.c4.page` decide as datatrove's C4QualityFilter, and leave the same text on all English pages and
        99.2 % of mostly German ones; see `page` for the decisions. For that, a line that drops the whole page is not taken out before the page is judged: `javascript`
        spares lines with `lorem ipsum`, and notices those with `lorem ipsum` or a curly bracket. Differences:
        - End marks of all scripts count, and letters of scripts without spaces are words: C4's rules would take
          out every line of Chinese.
        - White space that is left at the end when a citation mark goes, goes too.
        - Small and capital letters are told apart in ASCII only.
        - Lines are cut where str.splitlines does, as datatrove does; C4 itself cuts at \\n.
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
    min_sentences: int | None = 5,
    max_placeholders: int | None = 0,
    max_curly_brackets: int | None = 0,
) -> Rules:
    """Drop pages of too few sentences, of placeholder text, or with code in them.

    Why:
        What is left of a page after `filters.c4.lines` is prose, or it is nearly nothing.
    Args:
        min_sentences: how many sentences a page needs; the end of a line ends one.
        max_placeholders: how often `lorem ipsum` may occur, capitals or not.
        max_curly_brackets: how many opening curly brackets there may be. Set it to null for pages about
            programming.
        Null switches a rule off.
    Drops:
        placeholder_text: the page of a template, not filled in.
        curly_brackets: program code or what a template engine left.
        too_few_sentences: fewer than `min_sentences`.
    Cost:
        see `filters.c4.lines`.
    Kept:
        "It rained. Nobody came. Mr. Smith went home at 10.30 p.m. and slept. Why? Who knows!"
    Dropped:
        "It rained. Nobody came." -> too_few_sentences
        "Lorem ipsum dolor sit amet. " * 5 -> placeholder_text
        "if (a) { b(); } " * 5 -> curly_brackets
    Source:
        Raffel et al. 2020 (1910.10683), section 2.2; run `filters.c4.lines` before it. A sentence ends at a
        lone mark such as `.`, `?`, `!` or `。` that is not inside a word, an initial or a common abbreviation
        (`curate.kernels.words`); C4 used NLTK's punkt, datatrove uses spaCy's rules, with which these agree.
        Compared with datatrove's C4QualityFilter, the decision after both stages is the same on 100.0 % of
        Wikipedia articles and English web pages and 99.6 % of mostly German ones, where the others are kept
        here for lines that end in a mark of another script or before a citation. The rule on bad words is a
        matter for safety filters.
    """
    return Rules(
        placeholder_text=at_most("text.placeholders", max_placeholders),
        curly_brackets=at_most("text.curly_brackets", max_curly_brackets),
        too_few_sentences=at_least("sentences.count", min_sentences),
    )
