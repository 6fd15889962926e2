"""FineWeb's rules drop pages made of fragments."""

from __future__ import annotations

import pytest

from curate.stages.filters import fineweb
from tests.stages.filters.test_gopher import reasons

LINE = "The harbour was quiet on the morning of the vote."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (LINE, None),
        (f"Title\n{LINE}\nAnother line that ends with a full stop and is long.", None),
        ("", "few_lines_end_a_sentence"),
        (
            "\n".join("A line that has no end mark but is long enough" + str(i) for i in range(9)),
            "few_lines_end_a_sentence",
        ),
        (f"{LINE}\nOne.\nTwo.\nThree.", "mostly_short_lines"),
        (f"{LINE}\nAnother line that ends with a full stop.\n{LINE}", "repeated_line_text"),
        ("\n\n\n\n".join([LINE, "Another line that ends with a full stop."]) + "\n" * 6, "too_few_words_per_line"),
    ],
)
def test_quality_drops_for_the_defect_it_names(text, reason):
    assert reasons(fineweb.quality(), text) == [reason]


def test_chinese_prose_with_a_break_after_each_sentence_is_kept():
    assert reasons(
        fineweb.quality(max_short_line_share=None), "港口在投票的早晨很安静。\n没有人在那个夜晚睡觉。\n"
    ) == [None]
