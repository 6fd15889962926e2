"""Repeated lines: against a plain dictionary, whatever the shards; and what a run leaves of texts, and lists."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import Batch
from curate.barrier import Emitted
from curate.errors import SpecError, StageError
from curate.stages.dedup import _line_counts
from curate.stages.dedup._line_counts import REMOVAL
from curate.stages.dedup.lines import hosts, lines
from tests.reference import line_hashes as slow

FOOTER = "Copyright Example Press, all rights reserved."
BODY = [
    "The harbour was quiet that morning.",
    "Nobody on the island had slept well.",
    "It rained until the ferry came in.",
]

LINES = st.sampled_from(
    [
        "ab",
        "Ab",
        "a  b",
        "ab 1",
        "ab 23",
        "cd ef",
        "CD\u00a0EF",
        "12 34",
        "-----",
        "港口",
        "ß",
        "a\u00adb",
        "",
        " ",
        "\u200b",
        "x",
    ]
)
BREAKS = st.sampled_from(["\n", "\n", "\n\n", "\r\n", "\u2028", "\x85", "\r", ""])
TEXT = st.lists(st.tuples(LINES, BREAKS), max_size=8).map(lambda parts: "".join(a + b for a, b in parts))
DOCS = st.lists(st.tuples(TEXT, st.sampled_from([None, "a", "b"])), max_size=10)
HOW = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(["line", "paragraph"]), "max_documents": st.integers(1, 3),
        "keep": st.sampled_from(["none", "first"]), "min_characters": st.integers(1, 4),
        "ignore_numbers": st.booleans(), "max_removed_share": st.sampled_from([0.0, 0.5, 1.0]),
    }
)  # fmt: skip


def placed(emitted: Emitted, shard: int) -> pa.RecordBatch:
    n = emitted.rows.num_rows
    columns = [*emitted.rows.columns, pa.array(np.full(n, shard, np.uint32))]
    return pa.RecordBatch.from_arrays(columns, names=[*emitted.rows.schema.names, "shard"])


def apply_by_hand(barrier: lines, shards: list[Batch]) -> list[Batch]:
    """Emit, reduce and apply, without files and without evidence."""
    emitted = [placed(barrier.emit(batch), shard) for shard, batch in enumerate(shards)]
    repeats, _ = barrier.reductions(len(shards))
    results: list[pa.RecordBatch] = []
    for task in range(repeats.n_parts):
        mine = [rows.filter(pa.array(repeats.partition(rows) == task)) for rows in emitted]
        results += repeats.reduce(mine, None)
    table = pa.Table.from_batches(results).combine_chunks()
    decided = []
    for shard, batch in enumerate(shards):
        is_mine = (table["shard"].to_numpy() == shard) & (table["what"].to_numpy() == REMOVAL)
        rows = table.filter(pa.array(is_mine)).combine_chunks().to_batches()
        decided.append(barrier.apply(batch, rows[0] if rows else results[0].slice(0, 0)))
    return decided


def outcome(batches: list[Batch]) -> list[tuple[str, float | None]]:
    """Return the text of each document, and the value of its verdict if it is dropped."""
    found: list[tuple[str, float | None]] = []
    for batch in batches:
        is_kept = np.ones(len(batch), bool) if batch.verdicts is None else batch.verdicts.is_kept
        for i, text in enumerate(batch.texts()):
            found.append((text, None if is_kept[i] else float(batch.verdicts.value[i])))
    return found


def batch_of(texts: list[str], **more: Any) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts, **more})


@given(DOCS, HOW, st.sampled_from(["global", "host", "column"]), st.lists(st.integers(0, 10), max_size=3))
def test_what_goes_is_what_a_dictionary_says(docs, how, scope, cuts):
    bounds = [0, *sorted(min(cut, len(docs)) for cut in cuts), len(docs)]
    shards = [docs[a:b] for a, b in pairwise(bounds)]
    batches = [
        batch_of(
            [text for text, _ in shard],
            url=[site and f"https://www.{site}.example/x" for _, site in shard],
            site=pa.array([site for _, site in shard], pa.string()),
        )
        for shard in shards
    ]
    found = outcome(apply_by_hand(lines(**how, scope={"per": "site"} if scope == "column" else scope), batches))
    expected = slow.curate(
        [(text, None if scope == "global" else site) for text, site in docs],
        unit=how["unit"], max_documents=how["max_documents"], keep=how["keep"], one_number=how["ignore_numbers"],
        least=how["min_characters"], max_removed_share=how["max_removed_share"],
    )  # fmt: skip
    assert found == [(text, None if share is None else pytest.approx(share)) for text, share in expected]


def test_going_through_a_partition_in_rounds_changes_nothing(monkeypatch):
    texts = [f"{BODY[i % 3]}\n{FOOTER}\nPage {i} of this long document" for i in range(60)]
    whole = outcome(apply_by_hand(lines(), [batch_of(texts, url=[None] * 60)]))
    monkeypatch.setattr(_line_counts, "KEYS_AT_ONCE", 7)
    assert outcome(apply_by_hand(lines(), [batch_of(texts, url=[None] * 60)])) == whole
    assert whole[0] == ("Page 0 of this long document", None)


# ------------------------------------------------------------------ what stays of a text


def left_of(text: str, **how: Any) -> str:
    """Return what is left of a text when FOOTER goes."""
    crowd = [f"{FOOTER}\n\n{i} and something else to keep it" for i in range(5)]
    how = {"scope": "global", "max_documents": 4, "max_removed_share": 1.0, **how}
    ((kept, share), *_) = outcome(apply_by_hand(lines(**how), [batch_of([text, *crowd])]))
    return kept if share is None else f"dropped: {share:.2f}"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"a\n{FOOTER}\nb\n", "a\nb\n"), (f"a\n{FOOTER}", "a"), (f"a\n{FOOTER}\n", "a\n"), (f"{FOOTER}\na", "a"),
        (f"a\n\n{FOOTER}\n\nb", "a\n\nb"), (f"a\n\n{FOOTER}", "a"), (f"a\n\n{FOOTER}\n\n\n", "a\n"), (f"{FOOTER}\n\na", "a"),
        (f"a\r\n{FOOTER}\r\nb\r\n", "a\r\nb\r\n"), (f"a\r\n{FOOTER}", "a"), (f"a\u2028{FOOTER}\u2028b", "a\u2028b"),
        (f"a\n  {FOOTER.upper()} \t\nb  c \n", "a\nb  c \n"), (f"a\n{FOOTER}\n{FOOTER}\n\n\nb", "a\n\n\nb"),
        (f"a {FOOTER}", f"a {FOOTER}"), (FOOTER, "dropped: 1.00"), (f"\n{FOOTER}\n", "dropped: 1.00"), ("", ""), ("x", "x"),
    ],
)  # fmt: skip
def test_a_line_goes_with_its_break_and_the_rest_keeps_its_bytes(text, left):
    assert left_of(text) == left


def test_a_paragraph_may_be_wrapped_anywhere():
    assert left_of(f"a\nb\n\n{FOOTER.replace(' ', chr(10), 2)}\n\nc", unit="paragraph") == "a\nb\n\nc"
    assert left_of(f"a\n{FOOTER}", unit="paragraph") == f"a\n{FOOTER}"


def test_a_document_with_nothing_to_remove_keeps_its_bytes():
    text = "\ufeff a\r\n\r\n\x0b b \u2028\u200b\n\n\n"
    assert left_of(text) == text


def test_a_document_of_which_too_little_is_left_is_dropped_with_its_text():
    text = f"{FOOTER}\nten letters"
    assert left_of(text, max_removed_share=0.8) == "dropped: 0.80"
    assert left_of(text, max_removed_share=0.81) == "ten letters"
    (decided,) = apply_by_hand(lines(scope="global", max_documents=1), [batch_of([text] * 3)])
    assert decided.texts() == [text] * 3 and decided.verdicts.reasons == ("only_repeated_lines",)


def test_numbers_are_told_apart_unless_asked_otherwise():
    texts = [f"Printed on page {i} of 99 pages\n{i} is what this is about" for i in range(9)]
    batch = batch_of(texts)
    assert outcome(apply_by_hand(lines(scope="global", max_documents=2), [batch])) == [(text, None) for text in texts]
    how = {"scope": "global", "max_documents": 2, "ignore_numbers": True, "min_characters": 25}
    assert outcome(apply_by_hand(lines(**how), [batch]))[7] == ("7 is what this is about", None)


def test_lines_without_letters_stay():
    ruled = "-" * 40 + "\n" + "| 12 | 13 | 14 | 15 | 16 |"
    assert (
        outcome(apply_by_hand(lines(scope="global", max_documents=1), [batch_of([ruled] * 4)])) == [(ruled, None)] * 4
    )


def test_what_was_removed_is_counted():
    texts = [f"{FOOTER}\n{BODY[0]} {i}\n{FOOTER}" for i in range(4)]
    (decided,) = apply_by_hand(lines(scope="global", max_documents=3), [batch_of(texts)])
    assert decided.counts == {
        "lines.documents_changed": 4, "lines.removed": 8, "lines.characters_removed": 8 * len(FOOTER),
    }  # fmt: skip


# ------------------------------------------------------------------ large and strange


def test_a_line_in_a_million_documents():
    n, per = 1_000_000, 100_000
    texts = pa.array([f"{FOOTER}\n{i:0>30}x"[:80] for i in range(per)], pa.large_string())
    batch = Batch.from_columns({"id": pa.array(np.arange(per)).cast(pa.string()), "text": texts})
    barrier = lines(scope="global", min_characters=35)
    emitted = [placed(barrier.emit(batch), shard) for shard in range(n // per)]
    (repeats, _) = barrier.reductions(1)
    results = list(repeats.reduce(emitted, None))
    assert sum((rows["what"].to_numpy() == REMOVAL).sum() for rows in results) == n


def test_a_line_of_fifty_megabytes_and_a_document_of_a_million_equal_lines():
    giant, many = "word " * 10_000_000, f"{FOOTER}\n" * 1_000_000
    found = outcome(apply_by_hand(lines(scope="global", max_documents=1), [batch_of([giant, many, FOOTER])]))
    assert found[0] == (giant, None)
    assert [share for _, share in found[1:]] == [1.0, 1.0]


def test_the_host_is_that_of_the_url():
    urls = [
        "https://www.A.example:8080/x?y", "http://user:pw@a.example", "//a.example/x", " HTTPS://A.example#x",
        "https://[::1]:80/x", "", None, "a.example/x", "not a url", "mailto:me@a.example",
    ]  # fmt: skip
    assert hosts(pa.array(urls, pa.string())).to_pylist() == ["a.example"] * 4 + ["[::1]"] + [None] * 5


@pytest.mark.parametrize(
    "how",
    [
        {"scope": {"by": "site"}}, {"scope": {"per": "a", "and": "b"}},
    ],
)  # fmt: skip
def test_another_scope_is_refused(how):
    with pytest.raises(SpecError):
        lines(**how)


def test_a_scope_of_lists_is_refused():
    batch = batch_of(["a"], tags=[["x", "y"]])
    with pytest.raises(StageError, match="expected text or numbers"):
        lines(scope={"per": "tags"}).emit(batch)


# ------------------------------------------------------------------ runs


def site(n: int, host: str) -> list[dict[str, str]]:
    """Documents of one site: a text of their own and what its template adds."""
    return [
        {
            "url": f"https://{host}/{i}",
            "text": f"Home, about us, contact {host}\n\n{BODY[i % 3]} That was number {i}.\n\n{FOOTER}\n",
        }
        for i in range(n)
    ] + [{"url": f"https://{host}/stub", "text": FOOTER}]


def run(write_recipe, tmp_path, name: str, shard_mib: float, how: dict[str, Any]) -> Path:
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": shard_mib}}
    recipe = write_recipe([{"dedup.lines": how}], inputs=inputs, name=name, rejects="text")
    return Path(curate.run(recipe, output=str(tmp_path / name), workers=1, fresh=True))


def texts_of(url: Path) -> dict[str, str]:
    return {row["url"]: row["text"] for row in pq.read_table(url / "data").to_pylist()}


@pytest.mark.parametrize("how", [{"max_documents": 5}, {"max_documents": 8, "keep": "first", "scope": "global"}])
def test_any_number_of_shards_gives_the_same_texts_and_the_same_evidence(write_recipe, write_jsonl, tmp_path, how):
    for k in range(7):
        write_jsonl(f"{k}.jsonl", site(9, f"{'abcabca'[k]}{k // 3}.example"))
    found = []
    for name, shard_mib in (("one", 64.0), ("two", 0.009), ("seven", 0.0023)):
        url = run(write_recipe, tmp_path, name, shard_mib, how)
        found.append(
            (len(list((url / "data").iterdir())), texts_of(url), (url / "dedup" / "lines.parquet").read_bytes())
        )
    assert [n for n, _, _ in found] == [1, 2, 7]
    assert found[0][1:] == found[1][1:] == found[2][1:]


def test_a_run_lists_what_it_removed(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", site(20, "a.example"))
    write_jsonl("b.jsonl", [{**d, "url": f"http://www.b.example/{i}"} for i, d in enumerate(site(12, "b.example"))])
    write_jsonl("c.jsonl", site(4, "c.example"))
    url = run(write_recipe, tmp_path, "run", 64.0, {})
    listed = pq.read_table(url / "dedup" / "lines.parquet").drop_columns("hash").to_pylist()
    assert [(row["text"], row["n_documents"], row["n_removed"], row["scope"], row["example_id"]) for row in listed] == [
        (FOOTER, 21, 21, "a.example", "a.jsonl/0"),
        ("Home, about us, contact a.example", 20, 20, "a.example", "a.jsonl/0"),
        (FOOTER, 13, 13, "b.example", "b.jsonl/0"),
        ("Home, about us, contact b.example", 12, 12, "b.example", "b.jsonl/0"),
    ]
    texts = texts_of(url)
    assert texts["http://www.b.example/4"] == f"{BODY[1]} That was number 4.\n"
    assert texts["https://c.example/0"] == site(1, "c.example")[0]["text"]
    rejects = pq.read_table(url / "rejects").to_pylist()
    assert [(r["url"], r["reason"], r["value"], r["text"]) for r in rejects] == [
        ("https://a.example/stub", "only_repeated_lines", 1.0, FOOTER),
        ("http://www.b.example/12", "only_repeated_lines", 1.0, FOOTER),
    ]
    stage = next(s for s in json.loads((url / "ledger.json").read_text())["stages"] if s["name"] == "dedup.lines")
    assert stage["counts"]["lines.removed"] == 64


def test_nothing_to_remove_leaves_an_empty_list(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["", "one", BODY[0]])
    url = run(write_recipe, tmp_path, "run", 64.0, {"scope": "global"})
    assert pq.read_table(url / "dedup" / "lines.parquet").num_rows == 0
    assert sorted(pq.read_table(url / "data")["text"].to_pylist()) == sorted(["", "one", BODY[0]])


def test_a_scope_that_no_document_has_is_refused_before_the_run(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["one"])
    with pytest.raises((SpecError, StageError), match="nonsense"):
        run(write_recipe, tmp_path, "run", 64.0, {"scope": {"per": "nonsense"}})
