"""Hard-wrapped paragraphs are joined, and nothing else."""

from __future__ import annotations

import textwrap
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.batch import Batch
from curate.stages.text.unwrap import unwrap
from tests.kernels.texts import texts

PROSE = (
    "When the boats came back that evening nobody on the quay said a word, and the harbour master, who had counted "
    "them out in the morning, counted them in again, slowly, with a pencil behind his ear. There were two too few. "
    "His wife had put the kettle on; it whistled for a long time before anybody thought of taking it from the fire. "
    "By noon the wind had turned, and the women who had been standing at the end of the pier went home, one by one."
)

LIST = "\n".join(
    f"{name} of the northern coast of the island" for name in ("Harbour", "The small inner fishing port", "Pier", "Old")
)

POEM = """\
I wandered lonely as a cloud
that floats on high o'er vales and hills,
when all at once I saw a crowd,
a host, of golden daffodils;
beside the lake, beneath the trees,
fluttering and dancing in the breeze."""

CODE = """\
def join(lines, width):
    total = sum(len(line) + 1 for line in lines)
    if total > width and not is_fenced(lines):
        return [line for line in lines if line.strip()]
    found, at = [], first_of(lines, width=width)
    while at < total and lines[at].endswith(marks):
        found.append(lines[at].removesuffix(marks))
        at += step_after(found, lines, width=width)
    return found"""

ADDRESSES = "\n".join(f"https://www.harbour.example/the/boats/{k}/and/the/crew.html came in late" for k in range(9))

WIDTHS = (45, 60, 72, 80, 100)


def unwrapped(*texts: str | None) -> list[str]:
    return unwrap(Batch.from_columns({"id": [""] * len(texts), "text": list(texts)})).texts()


@pytest.mark.parametrize("width", WIDTHS)
def test_a_wrapped_paragraph_is_one_line_again(width):
    assert unwrapped(textwrap.fill(PROSE, width)) == [PROSE]


@pytest.mark.parametrize("between", ["\n\n", "\r\n\r\n", "\n \n"])
def test_breaks_between_paragraphs_stay(between):
    assert unwrapped(between.join([textwrap.fill(PROSE, 72)] * 3)) == [between.join([PROSE] * 3)]


@pytest.mark.parametrize("indent", ["  ", "       "])
def test_an_indented_paragraph_is_joined_and_keeps_its_first_indentation(indent):
    assert unwrapped(textwrap.fill(PROSE, 72, initial_indent=indent, subsequent_indent=indent)) == [indent + PROSE]


def test_an_item_keeps_its_own_line_and_takes_in_its_continuation():
    items = [textwrap.fill(f"- {PROSE}", 60, subsequent_indent="  "), textwrap.fill(f"2. {PROSE}", 60)]
    assert unwrapped("\n".join(items)) == [f"- {PROSE}\n2. {PROSE}"]


@pytest.mark.parametrize(
    "kept",
    [
        LIST,
        POEM,
        CODE,
        ADDRESSES,
        "> quoted text\n> and more of it",
        "| a | b |\n| c | d |",
        "```\nthe code\nand more\n```",
    ],
)
def test_lists_poems_code_quotations_and_tables_stay_also_beside_wrapped_prose(kept):
    assert unwrapped(kept) == [kept]
    assert unwrapped(f"{textwrap.fill(PROSE, 60)}\n\n{kept}\n\n{PROSE}") == [f"{PROSE}\n\n{kept}\n\n{PROSE}"]


def test_a_word_broken_at_its_hyphen_is_one_word_again():
    text = "The sea-going half-decked wide-beamed old-fashioned boats lay long-forgotten under the well-known white-washed walls."
    wrapped = textwrap.fill(f"{text} {PROSE}", 42)
    assert "-\n" in wrapped and unwrapped(wrapped) == [f"{text} {PROSE}"]


def test_lines_of_equal_length_in_a_script_without_spaces_stay():
    text = "\n".join(["港口在投票的早晨很安静没有人睡觉" * 3] * 8)
    assert unwrapped(text) == [text]


def test_what_was_joined_is_counted():
    batch = unwrap(Batch.from_columns({"id": ["a", "b"], "text": [textwrap.fill(PROSE, 72), POEM]}))
    n_breaks = textwrap.fill(PROSE, 72).count("\n")
    assert batch.counts == {"unwrap.documents": 1, "unwrap.breaks": n_breaks}


@given(st.lists(texts, max_size=4), st.sampled_from(WIDTHS))
def test_only_white_space_changes(values, width):
    values = [*values, textwrap.fill(PROSE, width) + "\n" + "".join(values)]
    once = unwrapped(*values)
    assert [["".join(text.split())] for text in once] == [["".join(text.split())] for text in values]


def test_hardly_a_line_of_a_book_breaks_inside_a_sentence_any_more(data):
    books = pq.read_table(data / "text" / "books.parquet", columns=["text"])["text"].to_pylist()
    for before, after in zip(books, unwrapped(*books), strict=True):
        inside = [
            sum(line[-1:].islower() and after[:1].islower() for line, after in pairwise(text.split("\n")))
            for text in (before, after)
        ]
        assert inside[1] < 0.03 * inside[0]
