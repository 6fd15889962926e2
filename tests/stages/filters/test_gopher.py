"""Gopher's rules drop for the defect they name, at the bound they say."""

from __future__ import annotations

import pytest

from curate import signals
from curate.batch import Batch
from curate.rules import Rules
from curate.stages.filters import gopher

PROSE = "The harbour was quiet on the morning of the vote, and nobody had slept. "


def reasons(rules: Rules, *texts: str) -> list[str | None]:
    batch = Batch.from_columns({"id": [""] * len(texts), "text": list(texts)})
    verdicts = rules.judge(signals.measure(rules.signals, batch), len(batch))
    return [None if code < 0 else verdicts.reasons[code] for code in verdicts.code]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE * 5, None),
        (PROSE * 3, "too_few_words"),
        ("", "too_few_words"),
        ("word " * 100_001, "too_many_words"),
        ("a b c " * 20, "words_too_short"),
        ("incomprehensibilities " * 60, "words_too_long"),
        ("#tag the word to " * 20, "too_many_hash_signs"),
        ("wait ... the word to " * 20, "too_many_ellipses"),
        ("- the words to read of a list\n" * 10, "mostly_bullets"),
        ("the words that one reads of it and more to come, read more and have it all ...\n" * 5, "lines_cut_off"),
        ("the 100 200 words to 300 of 4000 " * 10, "too_few_letters"),
        ("Kleine Boote lagen im Hafen, weil Sturm kam. " * 10, "too_few_stop_words"),
        ("港口在投票的早晨很安静没有人睡觉" * 10, "too_few_stop_words"),
    ],
)
def test_quality_drops_for_the_defect_it_names(text, reason):
    assert reasons(gopher.quality(), text) == [reason]


def test_a_rule_set_to_none_is_off():
    assert reasons(gopher.quality(min_words=None, min_stop_words=None), "Kurz und gut gesagt.") == [None]
    assert reasons(gopher.quality(min_stop_words=None), "港口在投票的早晨很安静没有人睡觉" * 10) == [None]


def test_the_bound_itself_is_kept():
    assert reasons(gopher.quality(min_words=14), PROSE) == [None]
    assert reasons(gopher.quality(min_words=15), PROSE) == ["too_few_words"]


def test_marks_count_as_words_only_if_asked_for():
    text = "The end ; of that ( the boat ) ; and with ( the crew ) : " * 10
    assert reasons(gopher.quality(), text) == [None]
    assert reasons(gopher.quality(count_marks=True), text) == ["too_few_letters"]
    assert reasons(gopher.quality(count_marks=True, min_alpha_word_share=0.5), text) == [None]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE, None),
        ("", None),
        ("Two words", None),
        ("Buy now\n" * 5 + PROSE * 2, "repeated_lines"),
        ("Short\n" + (PROSE + "\n") * 2 + "\n".join("abcdefgh"), "repeated_line_text"),
        ("a\nb\n\na\nc\n\nd\nb\n\na\nb\n\na\nb", "repeated_lines"),
        ("Buy cheap shoes online. " * 9, "same_2_words_everywhere"),
        ("ab cd e " * 3 + "the rest is prose that goes on for a while", "same_2_words_everywhere"),
        ("港口很安静" * 9, "same_2_words_everywhere"),
    ],
)
def test_repetition_drops_for_the_defect_it_names(text, reason):
    assert reasons(gopher.repetition(), text) == [reason]


def test_every_length_of_phrase_has_its_own_rule():
    rules = dict(gopher.repetition())
    assert [rules[f"same_{n}_words_everywhere"].at_most for n in (2, 3, 4)] == [0.2, 0.18, 0.16]
    assert [rules[f"repeated_{n}_word_phrases"].at_most for n in range(5, 11)] == [0.15, 0.14, 0.13, 0.12, 0.11, 0.10]
