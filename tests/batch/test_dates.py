"""`keep: newest` compares instants, whatever the form of a date; what is no date is the oldest, counted and named."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.batch.dates import OLDEST, instant, instants
from curate.errors import SpecError
from tests.stages.dedup.runs import dedup

MARCH = datetime(2024, 3, 1)
TEN = datetime(2024, 3, 1, 10)

FORMS = [
    ("2024", datetime(2024, 1, 1)), ("2024-03", MARCH), ("202403", MARCH), ("20240301", MARCH), ("2024/03/01", MARCH), ("2024-W09-5", MARCH),
    ("2024-03-01", MARCH), (" 2024-03-01\n", MARCH), ("2024-03-01T10", TEN), ("2024-03-01 10:00", TEN), ("20240301T100000Z", TEN), ("20240301100000", TEN),
    ("2024-03-01T10:00:00Z", TEN), ("2024-03-01T10:00:00", TEN), ("2024-03-01T12:00:00+02:00", TEN), ("2024-03-01 15:30:00 +0530", TEN),
    ("2024-03-01T10:00:00.123+02:00", datetime(2024, 3, 1, 8, 0, 0, 123_000)), ("2024-03-01T10:00:00.1Z", datetime(2024, 3, 1, 10, 0, 0, 100_000)),
    ("2024-03-01T10:00:00.123456789Z", datetime(2024, 3, 1, 10, 0, 0, 123_456)), ("2016-12-31T23:59:60Z", datetime(2016, 12, 31, 23, 59, 59)),
    ("Fri, 01 Mar 2024 10:00:00 GMT", TEN), ("Fri, 1 Mar 2024 12:00:00 +0200 (CEST)", TEN), ("1 Mar 2024 05:00 EST", TEN), ("Friday, 01-Mar-24 10:00:00 GMT", TEN),
    ("Fri Mar  1 10:00:00 2024", TEN), ("1709287200", TEN), ("1709287200000", TEN), ("1709287200.5", datetime(2024, 3, 1, 10, 0, 0, 500_000)),
    ("March 1, 2024 10:00 PM", datetime(2024, 3, 1, 22)), ("1 March 2024", MARCH), ("Mar 2024", MARCH), ("01/02/2024", datetime(2024, 1, 2)), ("01.02.2024", datetime(2024, 2, 1)),
    ("12/31/99", datetime(1999, 12, 31)), ("1969-12-31T23:59:59Z", datetime(1969, 12, 31, 23, 59, 59)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "when"), FORMS)
def test_every_form_is_an_instant_in_utc(text, when):
    assert instant(text.strip()) == (when - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert instants(pa.array([text])).values.tolist() == [instant(text.strip())]


@pytest.mark.parametrize(
    "text",
    ["not a date", "Fri", "March 1", "24 Dec", "10:00", "1", "12", "0000-00-00 00:00:00", "2024-02-30", "2024-13-01", "2024-03-01T25:00:00Z",
     "99999999", "nan", "-", "\0", "2024-03-01" * 100, "\U0001f600"],
)  # fmt: skip
def test_what_is_no_date_is_the_oldest_and_is_counted(text):
    found = instants(pa.array(["0001-01-01", text, None, "", "  ", text]))
    assert found.values[1:].tolist() == [OLDEST] * 5 and found.values[0] > OLDEST
    assert (found.n_unparsed, found.example) == (2, text)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_the_same_instant_has_the_same_number_in_every_form(when, minutes):
    exact = (when - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    local = (when + timedelta(minutes=minutes)).replace(tzinfo=timezone(timedelta(minutes=minutes)))
    texts = [f"{when.isoformat()}Z", when.isoformat(), when.isoformat(" "), local.isoformat()]
    assert instants(pa.array(texts)).values.tolist() == [exact] * 4
    if when.year >= 1000:
        mail = when.replace(microsecond=0, tzinfo=UTC)
        seconds = (mail.replace(tzinfo=None) - datetime(1970, 1, 1)) // timedelta(microseconds=1)
        texts = [format_datetime(mail, usegmt=True), mail.strftime("%Y%m%d%H%M%S")]
        assert instants(pa.array(texts)).values.tolist() == [seconds] * 2


@given(st.lists(st.sampled_from([text for text, _ in FORMS] + ["x", "2024-02-30", None, ""]), max_size=9))
def test_a_date_does_not_depend_on_its_neighbours(texts):
    alone = [instants(pa.array([text], pa.string())).values[0] for text in texts]
    together = instants(pa.array([None, *texts], pa.string()).slice(1))
    assert together.values.tolist() == alone and together.n_unparsed == sum(t in ("x", "2024-02-30") for t in texts)


@pytest.mark.parametrize("text", ["March 1, 2024 10:00 CET", "Fri, 01 Mar 2024 10:00:00 CET", "01-Mar-70 10:00"])
def test_a_date_does_not_depend_on_the_machine(text, monkeypatch):
    found = set()
    for zone in ("UTC", "Europe/Berlin"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        found.add(instant(text))
    monkeypatch.undo()
    time.tzset()
    assert len(found) == 1 and None not in found


# ------------------------------------------------------------------ whole runs

TEXT = "The lighthouse keeper wrote down every ship that passed the headland that winter. " * 5
PAIRS = [
    ("2024-02-01T01:00:00+05:00", "2024-01-31T23:00:00Z"), ("Thu, 01 Feb 2024 00:00:00 GMT", "Fri, 01 Mar 2024 00:00:00 GMT"),
    ("2024-02-01T10:00:00.1Z", "2024-02-01T10:00:00.9Z"), ("2023-12", "2024"), ("1706745600", "2024-03-01"), ("yesterday", "1999-01-01"),
]  # fmt: skip


@pytest.mark.parametrize("stage", ["dedup.exact", "dedup.minhash"])
def test_the_newest_of_two_copies_is_kept_and_a_run_warns_of_what_is_no_date(
    stage, write_recipe, write_jsonl, tmp_path
):
    words = ["oak", "elm", "ash", "fir", "yew", "bay"]
    rows = [
        {"id": f"{age}{k}", "text": f"{TEXT} {words[k]} " * 3, "date": date}
        for k, pair in enumerate(PAIRS)
        for age, date in zip(("old", "new"), pair, strict=True)
    ]
    if stage == "dedup.minhash":
        rows = [{**row, "text": " ".join(words[k // 2] + str(n) for n in range(40))} for k, row in enumerate(rows)]
    for k in range(3):
        write_jsonl(f"{k}.jsonl", [*rows[4 * k : 4 * k + 4], {"id": f"odd{k}", "text": f"Odd {k}.", "date": "soon"}])
    source = {"paths": [str(tmp_path / "in" / "*.jsonl")], "fields": {"id": "id"}, "shard_mib": 0.001}
    url = curate.run(write_recipe([stage], inputs={"sources.jsonl": source}), output=str(tmp_path / "run"), workers=1)
    kept = {i for path in Path(url, "data").glob("*.parquet") for i in pq.read_table(path)["id"].to_pylist()}
    assert kept == {*(f"new{k}" for k in range(len(PAIRS))), "odd0", "odd1", "odd2"}
    manifest = json.loads(Path(url, "manifest.json").read_text())
    assert manifest["phases"][0]["tasks"] > 2
    (warning,) = [text for text in manifest["warnings"] if "date" in text]
    assert warning.startswith(f"{stage}: ") and "dates.unparsed" in warning and "'soon'" in warning
    ledger = {entry["name"]: entry for entry in json.loads(Path(url, "ledger.json").read_text())["stages"]}
    assert ledger[stage]["counts"] == {"dates.unparsed": 4}


def test_dates_without_fault_bring_no_warning(write_recipe, write_jsonl, tmp_path):
    write_jsonl(
        "0.jsonl", [{"text": TEXT, "date": date} for date in ("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", None)]
    )
    url = curate.run(write_recipe(["dedup.exact"]), output=str(tmp_path / "run"), workers=1)
    assert not json.loads(Path(url, "manifest.json").read_text())["warnings"]
    assert "dates.unparsed" not in Path(url, "ledger.json").read_text()


def test_an_index_with_ranks_of_another_meaning_is_refused(tmp_path):
    index = tmp_path / "index"
    docs = [{"id": "a", "text": TEXT, "date": "2024-01-01"}]
    dedup(tmp_path, [docs], "first", index=str(index))
    described = json.loads((index / "index.json").read_text())
    described["settings"]["sketch"] -= 1
    (index / "index.json").write_text(json.dumps(described))
    with pytest.raises(SpecError, match="made with other settings"):
        dedup(tmp_path, [docs], "second", reference=[str(index)], index=str(index))


def test_many_iso_dates_are_read_at_once():
    dates = [f"2024-03-{1 + k % 28:02d}T10:{k % 60:02d}:{k % 59:02d}Z" for k in range(50_000)]
    started = time.perf_counter()
    values = instants(pa.array(dates)).values
    assert time.perf_counter() - started < 0.5, "about 10 ms; one by one it is two seconds and more"
    assert np.array_equal(np.argsort(values, kind="stable"), np.argsort(np.array(dates), kind="stable"))


@pytest.mark.parametrize(
    ("date", "hour"),
    [
        ("Sat Jun 15 2024 12:00:00 GMT+0200", 10),
        ("Sat Jun 15 2024 12:00:00 GMT+0200 (Central European Summer Time)", 10),
        ("2024-06-15T12:00:00 UTC+02:00", 10),
        ("2024-06-15 12:00 GMT+2", 10),
        ("Sat, 15 Jun 2024 12:00:00 GMT-0500", 17),
        ("Sat, 15 Jun 2024 12:00:00 CEST", 10),
        ("Sat, 15 Jun 2024 12:00:00 +0200 (CEST)", 10),
        ("2024-06-15T12:00:00 JST", 3),
        ("Sat, 15 Jun 2024 12:00:00 -0000", 12),
        ("Sat, 15 Jun 2024 12:00:00 IST", None),
        ("2024-06-15 12:00 XYZ", None),
    ],
)
def test_names_of_zones_and_offsets_of_gmt(date, hour):
    right = hour and datetime(2024, 6, 15, hour, tzinfo=UTC).timestamp() * 1_000_000
    assert instant(date) == right
