from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example as case
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.batch import Batch
from curate.kernels import pii_candidates
from curate.stage import Kind, read_stage
from curate.stages.text._pii_addresses import _GENERIC as TOP_DOMAINS
from curate.stages.text._pii_numbers import luhn, mod97, verhoeff
from curate.stages.text.mask_pii import FINDERS, TYPES, find_pii, mask_pii, placeholder
from tests.kernels.texts import PIECES
from tests.reference import pii as slow
from tests.stages.text import pii_values as values
from tests.stages.text.pii_examples import Example, examples

LABELLED = list(examples())


def batch(*texts: str | None) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": list(texts)})


def run(text: str, **params) -> str:
    return mask_pii(**params)(batch(text)).texts()[0]


def found(texts: list[str], finders=FINDERS) -> list[list[tuple[str, int, int]]]:
    """Return `(type, start, end)` in characters for each text."""
    offsets, data = batch(*texts).text_buffers()
    covers, count = find_pii(offsets, data, finders)
    row = np.searchsorted(offsets, covers[:, 0], "right") - 1
    assert np.array_equal(np.bincount(row, minlength=len(texts)), count)
    result: list[list[tuple[str, int, int]]] = [[] for _ in texts]
    for i, (start, end, type) in zip(row, covers.tolist(), strict=True):
        raw, first = texts[i].encode(), int(offsets[i])
        result[i].append((TYPES[type], len(raw[: start - first].decode()), len(raw[: end - first].decode())))
    return result


def test_it_is_an_edit_of_batches():
    assert read_stage("text.mask_pii", mask_pii).kind is Kind.BATCH_EDIT


# ---------------------------------------------------------------------- quality


@pytest.mark.parametrize("type", TYPES)
def test_nearly_all_of_the_labelled_set_is_found_and_hardly_anything_else(type):
    wanted, right, wrong = 0, 0, 0
    for example, spans in zip(LABELLED, found([example.text for example in LABELLED]), strict=True):
        labels, finds = ({span for span in every if span[0] == type} for every in (example.spans, spans))
        wanted, right, wrong = wanted + len(labels), right + len(labels & finds), wrong + len(finds - labels)
    assert wanted >= 60
    assert right / wanted >= 0.98, "recall"
    assert right / (right + wrong) >= 0.98, "precision"


def test_the_labelled_set_is_large_and_holds_much_that_only_looks_like_data():
    assert len(LABELLED) >= 900
    assert sum(not example.spans for example in LABELLED) >= 200
    assert Counter(type for example in LABELLED for type, _, _ in example.spans).keys() == set(TYPES)


def test_masking_the_masked_changes_nothing():
    once = mask_pii()(batch(*(example.text for example in LABELLED))).texts()
    assert mask_pii()(batch(*once)).texts() == once


@pytest.mark.parametrize("name", ["text/enwiki.parquet", "neardup/powershell-docs.parquet", "text/zhwiki.parquet"])
def test_both_slow_ways_find_the_same_in_real_text(data, name):
    texts = [text[:3000] for text in pq.read_table(data / name, columns=["text"]).column("text").to_pylist()[::40]]
    assert found(texts) == [found_everywhere(text) for text in texts]
    assert found(texts, STATED) == [slow.find_pii(text, TOP) for text in texts]


# ---------------------------------------------------------------------- the text around it


def test_all_but_the_data_keeps_its_bytes():
    masked = mask_pii()(batch(*(example.text for example in LABELLED))).texts()
    assert masked == [_masked(example) for example in LABELLED]


def _masked(example: Example) -> str:
    text = example.text
    for type, start, end in reversed(example.spans):
        text = text[:start] + placeholder(type) + text[end:]
    return text


def test_a_batch_without_finds_keeps_its_buffer():
    before = batch("nothing here", "in 1990, 4 of 12", None)
    after = mask_pii()(before)
    assert after["text"].buffers()[2].address == before["text"].buffers()[2].address
    assert after["pii_count"].to_pylist() == [0, 0, 0]


def test_counts_and_the_column():
    after = mask_pii()(batch("a@example.org and b@example.org", "", "tel. 030 12345678, c@example.org"))
    assert after.counts == {f"pii.{type}": {"email": 3, "phone": 1}.get(type, 0) for type in TYPES}
    assert after["pii_count"].to_pylist() == [2, 0, 2]
    assert after.texts() == ["<EMAIL> and <EMAIL>", "", "tel. <PHONE>, <EMAIL>"]


def test_a_slice_is_masked_like_a_batch():
    texts = [example.text for example in LABELLED[:50]]
    assert mask_pii()(batch(*texts).slice(7, 20)).texts() == mask_pii()(batch(*texts)).texts()[7:27]


def test_neighbours_in_a_batch_are_no_context():
    assert mask_pii()(batch("tel. ", "5550132", "ab", "@example.org")).texts() == [
        "tel. ",
        "5550132",
        "ab",
        "@example.org",
    ]


@pytest.mark.parametrize("type", TYPES)
def test_only_the_types_asked_for_are_masked(type):
    masked = " ".join(mask_pii(types=[type])(batch(*(example.text for example in LABELLED))).texts())
    assert [other for other in TYPES if placeholder(other) in masked] == [type]


def test_an_unknown_type_is_refused():
    with pytest.raises(curate.errors.SpecError, match="types"):
        curate.step("text.mask_pii", types=["e-mail"])


# ---------------------------------------------------------------------- overlaps


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("ftp://jan:" + "s3cret7" + "@mail.example.org/x", "ftp://<KEY>@mail.example.org/x"),
        ("+49 30 12345678, 030 12345678", "<PHONE>, <PHONE>"),
        ("tel. +49 30 12345678 / 030 12345678", "tel. <PHONE> / <PHONE>"),
        ("a@example.org,b@example.org;c@example.org", "<EMAIL>,<EMAIL>;<EMAIL>"),
        ("Write to a@example.org: now.", "Write to <EMAIL>: now."),
        ("«ж@пример.рф»", "«<EMAIL>»"),
        ("寄到ab@例え.jp。", "寄到<EMAIL>。"),
        ("a..b@example.org", "a..b@example.org"),
        ("jan@example.org2", "jan@example.org2"),
        ("BE68 5390 0754 7034 (Belgium)", "<IBAN> (Belgium)"),
        ("BE68-5390-0754-7034-", "<IBAN>-"),
        ("from 2a01::1, today", "from <IP_ADDRESS>, today"),
        ("2a01::4f8:1:2 or 2a01::", "<IP_ADDRESS> or <IP_ADDRESS>"),
        ("2a01:4:1, 2a01::/32, 2a01::1::2", "2a01:4:1, 2a01::/32, 2a01::1::2"),
        ("anna@example.xn--p1ai, Moscow", "<EMAIL>, Moscow"),
        ("anna@xn--e1afmkfd.XN--P1AI- or", "<EMAIL>- or"),
        ("anna@example.xn-- or anna@example.xn--p1ai_", "anna@example.xn-- or anna@example.xn--p1ai_"),
    ],
)
def test_where_finds_meet(text, masked):
    assert run(text) == masked


# ---------------------------------------------------------------------- check digits


@pytest.mark.parametrize(
    ("holds", "make"),
    [
        (lambda n: luhn(n), lambda chance: values.card(chance).replace(" ", "").replace("-", "")),
        (lambda n: verhoeff(n), lambda chance: values.indian(chance).replace(" ", "")),
        (lambda n: mod97(n[4:] + n[:4]) == 1, lambda chance: values.iban(chance).replace(" ", "")),
    ],
)
def test_check_digits_hold_and_notice_every_wrong_digit(holds, make):
    chance = Random(3)
    for _ in range(50):
        number = make(chance)
        assert holds(number)
        place = chance.choice([k for k, c in enumerate(number) if c.isdigit()])
        wrong = number[:place] + str((int(number[place]) + chance.randrange(1, 10)) % 10) + number[place + 1 :]
        assert not holds(wrong)


# ---------------------------------------------------------------------- two slow ways

TOP = set(TOP_DOMAINS.split())
STATED = [
    finder for finder in FINDERS
    if finder.type in ("iban", "card", "email", "ip_address") and finder.sign != pii_candidates.BRACKET
]  # fmt: skip
"""The finders whose rules the slow twin states in other words."""

PLANTS = [example.text[start:end] for example in LABELLED[::3] for _, start, end in example.spans]
NEAR = ["@", "::", "://", "(", ")", "[at]", "(dot)", "+", "00", "12", "2001:", "1.2.", "-", ".", "/", "tel. ", "call ",
        values.armour("BEGIN", "RSA"), values.armour("END", "RSA"), "IBAN ", "AB", "x@y.de", "0", "9" * 20, "A1" * 9]  # fmt: skip
STATED_PLANTS = [
    example.text[start:end] for example in LABELLED for type, start, end in example.spans
    if type in ("iban", "card", "email", "ip_address")
]  # fmt: skip
STATED_NEAR = [
    "@", ".", ":", "::", "/", "-", " ", ",", "(", "$", "€", "=", "'", "a", "git@", "x@y.de", "a@b.c-d.info", "ж@пример.рф", "ab@例え.jp",
    "://jan:", "@example.local", "http://", "8.8.4.4", "85.34.56.178", "/24", "/32", "v", "version ", "Version: ", "IP ", "server ", "2a01::", "::1", ".xn--p1ai", ".xn--", "xn--ab--c", "--",
    "section ", "§ ", "Chrome/", "1.2.3.", "2001:", "2a01:4:", "ffff", "/64", "/129", "g", "order no. ", "ISBN: ", "№ ", "Visa ", "card",
    "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "3782 822463 10005", "4222222222222", "6011 0009 9013 9424", "123 ",
    "DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB82 WEST 1234 5698 7654 32", "BE68 5390 0754 7034", "BE68 5390 0754 7034 ", "NO93 8601 1117 947",
    "\u00a0", "\n", "0", "5", "A", "é",
]  # fmt: skip

texts = st.builds("".join, st.lists(st.sampled_from([*PIECES, *PLANTS, *NEAR * 3]), max_size=24))
stated = st.builds("".join, st.lists(st.sampled_from([*PIECES, *STATED_PLANTS[::5], *STATED_NEAR * 5]), max_size=16))


def found_everywhere(text: str) -> list[tuple[str, int, int]]:
    """Return `(type, start, end)` in characters: every finder of the stage on the whole text, without candidates."""
    raw, spans = text.encode(), []
    taken = bytearray(len(raw))
    for finder in FINDERS:
        for start, end in finder.find(raw, 0, len(raw)):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                spans.append((start, end, finder.type))
    return [(type, len(raw[:start].decode()), len(raw[:end].decode())) for start, end, type in sorted(spans)]


@settings(max_examples=400)
@given(st.lists(texts, max_size=4))
@case(["k.tanaka@example.org中文paul42@mail.example"])  # the first candidate ends where the second one begins
def test_candidates_hold_all_that_a_search_of_the_whole_text_finds(values):
    assert found(values) == [found_everywhere(value) for value in values]


@given(st.lists(st.text(st.characters(codec="utf-8")), max_size=4), st.sampled_from(PLANTS))
def test_among_random_characters_too(values, plant):
    values = [f"{value}{plant} {value}" for value in values]
    assert found(values) == [found_everywhere(value) for value in values]


@settings(max_examples=1000)
@given(st.lists(stated, max_size=4))
def test_emails_ip_addresses_cards_and_ibans_are_those_of_the_slow_twin(values):
    assert found(values, STATED) == [slow.find_pii(value, TOP) for value in values]


@pytest.mark.parametrize(
    "unit",
    ["@", "a@", "a@b.", "1", "1 ", "12-", "1.", "+1", "(", "(at)", "a(at)b.", "::", "2001:", "20aa::", "://a:", "a:b@", "AB12", "AB12 ",
     "eyJ", "eyJaaaaaaaaaaaaaaa.", "sk-", values.armour("BEGIN", "RSA"), "-----END", "a.", "é", "tel ", "1-2 (", "0-0", "_-"],
)  # fmt: skip
def test_hostile_text_takes_time_in_proportion_to_its_length(unit):
    text = unit * (300_000 // len(unit))  # a square of this would take hours
    assert len(run(text)) <= 8 * len(text)


def test_every_finder_has_a_type_and_keeps_to_bytes():
    assert {finder.type for finder in FINDERS} == set(TYPES)
    assert all(isinstance(finder.pattern.pattern, bytes) for finder in FINDERS)
