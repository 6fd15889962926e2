from __future__ import annotations

import sys
import time
import unicodedata

import pytest
from ftfy.badness import BADNESS_RE
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.batch import Batch
from curate.stage import Kind, read_stage
from curate.stages.text import normalise as module
from curate.stages.text.normalise import normalise

RULES = ("mojibake", "unicode", "control_characters", "whitespace", "separators", "line_breaks")


def batch(*texts: str | None) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": list(texts)})


def run(text: str, **params) -> str:
    return normalise(batch(text), **params).texts()[0]


def only(rule: str, text: str) -> str:
    return run(
        text,
        **{name: name == rule for name in RULES if name != "unicode"},
        unicode="NFC" if rule == "unicode" else None,
    )


def test_it_is_an_edit_of_batches():
    assert read_stage("text.normalise", normalise).kind is Kind.BATCH_EDIT


CASES = [
    ("mojibake", "schÃ¶ne GrÃ¼Ã\x9fe", "schöne Grüße"),
    (
        "mojibake",
        "a fine line\nItâ€™s broken here\nfine again: été “quoted” ﬁ",
        "a fine line\nIt's broken here".replace("'", "’") + "\nfine again: été “quoted” ﬁ",
    ),
    ("mojibake", "to be continued\x85", "to be continued…"),
    ("unicode", "cafe\u0301 \u212b \u1112\u1161\u11ab", "café Å 한"),
    ("control_characters", "a\0b\x07c\td\ne\x1b", "abc\td\ne"),
    ("control_characters", "\ufeffco\u00adoper\u200bate\u2060 \u202ex\ufffe", "cooperate x"),
    ("control_characters", "La\u200dtin \u200cstart", "Latin start"),
    ("whitespace", "a\u00a0b\u3000c  d   \n\te  ", "a b c d\n\te"),
    ("separators", "----------\n=====\n* * * * * *\n____", "---\n===\n* * *\n___"),
    ("separators", "a\n\n \t---------- \n\n. . . . .\n~~~~~~", "a\n\n \t--- \n\n. . .\n~~~"),
    ("line_breaks", "a\r\nb\rc\u2028d\u2029e\x0bf\x0cg", "a\nb\nc\nd\ne\nf\ng"),
    ("line_breaks", "\n\na\n\n\n\n\nb\n\nc\n", "a\n\nb\n\nc"),
]


@pytest.mark.parametrize(("rule", "before", "after"), CASES)
def test_a_rule_alone_repairs_its_defect(rule, before, after):
    assert only(rule, before) == after


@pytest.mark.parametrize(("rule", "before", "after"), [case for case in CASES if "\x85" not in case[1]])
def test_a_rule_switched_off_leaves_its_defect_to_the_others(rule, before, after):
    off = {rule: None if rule == "unicode" else False}
    if rule == "line_breaks":
        off["control_characters"] = False
    assert run(before, **off) != run(before)


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    if x:\n        return x  # two  spaces\n\n\tpass",
        "| name  | value |\n|---|---|\n| a     | 1     |",
        "name\tvalue\na  b\tc",
        "می\u200cخواهم به خانه بروم",  # Persian non-joiner
        "क्\u200dष और क्\u200cष",  # Hindi joiner and non-joiner
        "family 👨\u200d👩\u200d👧 and ❤\ufe0f\u200d🔥",
        "ภาษา\u200bไทย",  # Thai word break
        "- - - and --- and … and …… and ***bold***",
        "été, naïve, Ελλάδα, Москва, 中文，日本語、한국어",
        "a\n\nb\n    c",
        "",
        "**** out of ****",
        "Rated *****/***** by us, ★★★★★ by them, * * * * by Ann",
        "Home ========== About",
        "2020 ============ 12\n2021 ====== 6",  # a bar chart
        "ACGT----------ACGT and ((((..........))))",
        "Name: ____________ Introduction ............ 5",
        "-=-=-=-=-=",
        "Name      Size            Changed\n--------- ----            ---------\nsetup.py    12            yesterday",
        "  PID  TTY\n===== =====\n    1  pts/0\ninit   a  b\n------------\n1  in all",
        "a  b\n-  --\n1  22",
        "So:\n\n```console\n$ ls  -l\nx   1\n\ny   2\n--------\n```\n\nDone.",
        "~~~~ text\na   b\n~~~\nc   d\n~~~~",
        "> ```\n> a   b\n> ```",
        "1. ```\n   a\nb   c\n   ```",
    ],
)
def test_text_that_is_fine_stays_as_it_is(text):
    assert run(text) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x  y\n\na  b\n-- --\n1  2\n\nx  y", "x y\n\na  b\n-- --\n1  2\n\nx y"),
        ("x  y\n```\na  b \n```\nx  y", "x y\n```\na  b\n```\nx y"),
        ("~~~~~~~~\nx  y", "~~~\nx y"),  # never closed, so it is a separator
        ("~~~~~~~~\nx  y\n~~~", "~~~~~~~~\nx y\n~~~"),  # shortening it must not create a fence
        ("```py\nx  y\n```py", "```py\nx y\n```py"),
        ("```a``` b  c\n```", "```a``` b c\n```"),
        ("- - - - -\nx  y", "- - -\nx y"),  # one rule, not five columns
        ("a\u00a0\u00a0b\n--\u00a0--", "a  b\n-- --"),
    ],
)
def test_layout_ends_with_its_fence_or_its_table(before, after):
    assert run(before) == after


@pytest.mark.parametrize(
    "piece",
    [
        "``` x\n",
        "~~~~\n~~~ x\n",
        "- ",
        "-- ",
        "--  x\n",
        "* ",
        "`",
        "~",
        "-",
        " ",
        "\t",
        "> ",
        "a  b\n-- --\n",
        "- - -\n",
    ],
)
def test_time_grows_with_length_only(piece):
    text = "x  y\n" + piece * (300_000 // len(piece))
    start = time.perf_counter()
    run(text + "\nx")
    assert time.perf_counter() - start < 5


def test_each_rule_counts_the_documents_it_changed():
    result = normalise(batch("fine", "a  b", "a\0  b", None, "schÃ¶n", "a \n \n \n b"))
    assert result.counts == {
        "normalise.mojibake": 1,
        "normalise.line_breaks": 1,
        "normalise.control_characters": 1,
        "normalise.unicode": 0,
        "normalise.whitespace": 3,
        "normalise.separators": 0,
    }


def test_rules_apply_to_the_result_of_other_rules():
    assert run("a\u00a0\u200b\u00a0\r\n\u00a0\n\x00\n \nb") == "a\n\nb"


def test_clean_text_keeps_its_buffer():
    clean = batch("nothing to do here", "hier auch nicht: äöü", "中文")
    result = normalise(clean)
    assert result["text"].buffers()[2].address == clean["text"].buffers()[2].address


def test_null_stays_null():
    assert normalise(batch(None, "a  b"))["text"].to_pylist() == [None, "a b"]


def test_everything_switched_off_does_nothing():
    assert run("a\0  b\r\n", **{name: False for name in RULES if name != "unicode"}, unicode=None) == "a\0  b\r\n"


def test_nfkc_also_rewrites_compatibility_characters():
    assert run("ﬁne ａｂｃ x²", unicode="NFKC") == "fine abc x2"


AWKWARD = st.text(
    st.one_of(
        st.sampled_from(
            'ab  \t\n\r-=_*.~`|ÂÃâ€™œ"\x80\x85\x93\xa0\xad\u0300\u0301\u200b\u200c\u200d\u2028\u3000\ufeff\u0627\u0915👨…—'
        ),
        st.characters(codec="utf-8"),
    ),
    max_size=60,
)
LINES = st.lists(
    st.sampled_from(
        [
            "",
            " ",
            "a  b",
            "-- --",
            "-  -",
            "- - - -",
            "-----",
            "\u00a0* * * *",
            "```",
            "~~~ x",
            "~~~~~",
            "- ~~~~",
            "`````",
        ]
    ),
    max_size=14,
).map("\n".join)


@settings(deadline=None, max_examples=150)
@given(st.lists(AWKWARD | LINES, max_size=8), st.sampled_from(["NFC", "NFKC", None]))
def test_normalising_twice_is_normalising_once(texts, form):
    once = normalise(batch(*texts), unicode=form)
    assert normalise(once, unicode=form).texts() == once.texts()


@settings(deadline=None, max_examples=100)
@given(AWKWARD)
def test_text_never_grows_beyond_what_composing_it_costs(text):
    assert len(run(text)) <= 3 * len(text)
    assert len(run(text, unicode=None)) <= len(text)


@settings(deadline=None, max_examples=50)
@given(st.lists(AWKWARD, max_size=5))
def test_the_result_does_not_depend_on_how_texts_are_batched(texts):
    together = normalise(batch(*texts))
    assert together.texts() == [run(text) for text in texts]


@settings(deadline=None, max_examples=300)
@given(AWKWARD)
def test_the_mojibake_pattern_matches_like_that_of_ftfy(text):
    signs = module._matches(batch(text)["text"], module._mojibake_pattern())
    assert bool(signs[0]) == any(BADNESS_RE.search(line) for line in text.split("\n"))


def test_every_character_that_nfc_changes_matches_the_pattern():
    everything = [chr(c) for c in range(sys.maxunicode + 1) if not 0xD800 <= c <= 0xDFFF]
    shown = module._matches(batch(*everything)["text"], module._NOT_NFC_PATTERN)
    composable = {unicodedata.normalize("NFD", c)[-1] for c in everything if len(unicodedata.normalize("NFD", c)) > 1}
    missed = [
        hex(ord(c))
        for c, is_shown in zip(everything, shown, strict=True)
        if not is_shown and (not unicodedata.is_normalized("NFC", c) or unicodedata.combining(c) or c in composable)
    ]
    assert missed == []


@pytest.mark.parametrize(
    "c", [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0xFEFF, 0xFFFE, 0x1FFFF)]
)
def test_a_character_that_the_fix_removes_matches_the_pattern(c):
    is_seen = c in "\t\n"
    assert only("control_characters", f"x{c}y") == (f"x{c}y" if is_seen else "xy")
