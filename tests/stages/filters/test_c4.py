"""C4: lines that are not prose are removed, pages with nothing left are dropped."""

from __future__ import annotations

import pytest

from curate.batch import Batch
from curate.stages.filters import c4
from tests.stages.filters.test_gopher import reasons


def edited(text: str, **params) -> str:
    return c4.lines(Batch.from_columns({"id": ["a"], "text": [text]}), **params).texts()[0]


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("The harbour was quiet.", "The harbour was quiet."),
        ("  The harbour was quiet. \t", "The harbour was quiet."),
        ('She said "no one came."', 'She said "no one came."'),
        ("The harbour was quiet", ""),
        ("The harbour was quiet ...", ""),
        ("Read more.", ""),
        ("One word is " + "x" * 1001 + ".", ""),
        ("Please enable JavaScript now.", ""),
        ("We use cookies on this site.", ""),
        ("Read our Privacy Policy here.", ""),
        ("It rained[1] on the vote[citation needed] day.[23]", "It rained on the vote day."),
        ("港口在投票的早晨很安静。", "港口在投票的早晨很安静。"),
    ],
)
def test_a_line_that_is_no_prose_goes(line, left):
    assert edited(line) == left


def test_lines_that_stay_are_joined_and_blank_ones_go():
    assert edited("One two three.\r\n\r\n \nHome\n Four five six. ") == "One two three.\nFour five six."


def test_each_rule_can_be_switched_off():
    assert edited("Read", need_end_mark=False, min_words=None) == "Read"
    assert edited("a bb " + "x" * 1001 + ".", max_word_length=None).endswith("x.")
    assert edited("Please enable JavaScript now.", drop_javascript=False) == "Please enable JavaScript now."
    assert edited("We use cookies on this site.", drop_policies=False) == "We use cookies on this site."
    assert edited("It rained[1] on the day.", drop_citations=False) == "It rained[1] on the day."


def test_a_line_that_drops_the_page_is_left_for_the_page_rules():
    assert edited("Lorem ipsum needs JavaScript here.") == "Lorem ipsum needs JavaScript here."
    assert edited("We use cookies {here} too.") == "We use cookies {here} too."
    assert edited("Use JavaScript {here} too.") == ""


def test_what_happened_to_lines_is_counted():
    batch = Batch.from_columns(
        {"id": ["a", "b"], "text": ["Home\nOne two three.\nWe use cookies here.", "Go.\n\nShop"]}
    )
    counts = c4.lines(batch).counts
    assert {name: n for name, n in counts.items() if n} == {
        "c4.lines_kept": 1, "c4.lines_without_an_end_mark": 2, "c4.lines_of_too_few_words": 1, "c4.lines_of_policies": 1,
    }  # fmt: skip


def test_other_columns_and_order_stay():
    batch = Batch.from_columns(
        {"id": ["a", "b", "c"], "text": ["Home", None, "One two three."], "url": ["u", None, "w"]}
    )
    result = c4.lines(batch)
    assert result.texts() == ["", "", "One two three."] and result["url"].equals(batch["url"])


FIVE = "It rained. Nobody came. Why? Who knows! Then it stopped."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (FIVE, None),
        ("It rained. Nobody came. Mr. Smith of the U.S. slept. Well.", "too_few_sentences"),
        (FIVE + " {", "curly_brackets"),
        (FIVE + " Lorem Ipsum.", "placeholder_text"),
        ("", "too_few_sentences"),
    ],
)
def test_a_page_is_dropped_for_the_defect_named(text, reason):
    assert reasons(c4.page(), text) == [reason]
