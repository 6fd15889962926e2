from __future__ import annotations

import gzip
import random
import re

import pyarrow as pa
import pytest

from curate.batch import Batch
from curate.errors import SpecError
from curate.stage import Kind, read_stage
from curate.stages.extract.html import html
from curate.stages.extract.result import COLUMNS
from tests.bench.real_data import real_data

STORY = (
    "The lighthouse keeper counted the ships each evening and wrote their names into a book with a green cover.",
    "In winter few ships came, and he read the old names aloud so that the room would not be silent.",
    "When the last lamp was replaced by a machine, the book went to the museum, where nobody opens it.",
)
MENU = "".join(f'<li><a href="/{word}">{word}</a></li>' for word in ("Home", "Shop", "Imprint", "Contact"))


def article(head: str = "", paragraphs=STORY) -> bytes:
    body = "".join(f"<p>{p}</p>" for p in paragraphs)
    page = f"<html><head>{head}</head><body><nav><ul>{MENU}</ul></nav><article>{body}</article><footer>(c) us</footer></body></html>"
    return page.encode()


def batch(*pages: bytes | None, **columns) -> Batch:
    ids = [f"page-{i}" for i in range(len(pages))]
    return Batch.from_columns({"id": ids, "html": pa.array(pages, pa.large_binary()), **columns})


@pytest.fixture(scope="module", params=["blocks", "trafilatura", "resiliparse"])
def stage(request):
    made = html(engine=request.param, max_seconds=2.0, max_memory_mib=1024)
    made.setup()
    yield made
    made.close()


@pytest.fixture(scope="module")
def fast_stage():
    made = html(engine="resiliparse")
    yield made
    made.close()


def reasons(result: Batch) -> list[str | None]:
    return [None if code < 0 else result.verdicts.reasons[code] for code in result.verdicts.code]


def test_it_is_an_edit_of_batches():
    assert read_stage("extract.html", html).kind is Kind.BATCH_EDIT


def test_the_main_text_is_one_line_a_paragraph_without_the_menu(stage):
    assert stage(batch(article())).texts() == ["\n".join(STORY)]


def test_raw_columns_are_removed_and_result_columns_added(stage):
    result = stage(
        batch(article(), content_type=["text/html"], http_charset=pa.array([None], pa.string()), date=["2024-05-01"])
    )
    assert result.names == ["id", "date", *COLUMNS]
    assert result["text"].type == pa.large_string()
    assert result["date"].to_pylist() == ["2024-05-01"]


def test_title_and_date_are_what_the_page_states(stage):
    head = '<title>Ships \n by  night</title><meta property="article:published_time" content="2019-03-02T10:00:00Z">'
    result = stage(batch(article(head), article()))
    assert result["title"].to_pylist() == ["Ships by night", None]
    assert result["page_date"].to_pylist() == ["2019-03-02", None]


def test_the_title_for_sharing_comes_before_the_title_of_the_window(stage):
    head = '<title>Ships | Our site</title><meta property="og:title" content="Ships">'
    assert stage(batch(article(head)))["title"].to_pylist() == ["Ships"]


def test_the_charset_is_found_and_its_source_counted(stage):
    german = article(
        paragraphs=["Die Größe der Bäume überraschte fünf Männer, die schöne Grüße aus München schickten. " * 3]
    )
    latin = german.decode().encode("latin-1")
    result = stage(
        batch(german, latin, latin, content_type=["text/html; charset=utf-8", None, "text/html; charset=latin1"])
    )
    assert len(set(result.texts())) == 1
    assert result["charset"].to_pylist() == ["utf-8", "windows-1252", "windows-1252"]
    assert {
        "charset.from_header": 2,
        "charset.from_bytes": 1,
        "charset.replaced_pages": 0,
    }.items() <= result.counts.items()


def test_pages_with_undecodable_bytes_are_counted(stage):
    page = article(paragraphs=["Die Größe der schönen Bäume überraschte die fünf Männer."]) + b"\xff"
    assert stage(batch(page, article(), http_charset=["utf-8", "utf-8"])).counts["charset.replaced_pages"] == 1


def test_a_page_without_text_is_a_drop(stage):
    result = stage(batch(b"", None, b"<html><body><script>x()</script></body></html>", article()))
    assert reasons(result) == ["no_main_text", "no_main_text", "no_main_text", None]


def test_binary_data_is_a_drop(stage):
    assert (
        reasons(stage(batch(b"\0" * 1000, bytes(range(128, 256)) * 8, http_charset=["utf-8", "utf-8"])))[0]
        == "undecodable_page"
    )


@pytest.mark.parametrize("charset", ["iso-8859-1", None])
def test_random_bytes_that_call_themselves_html_are_a_drop(stage, charset):
    pages = [random.Random(seed).randbytes(2000) for seed in range(10)]
    assert reasons(stage(batch(*pages, http_charset=[charset] * 10))) == ["undecodable_page"] * 10


def test_null_bytes_inside_a_page_are_removed(stage):
    assert stage(batch(article().replace(b"e", b"e\0"))).texts() == stage(batch(article())).texts()


def test_an_empty_batch_has_the_same_columns(stage):
    assert stage(batch()).rows.schema == stage(batch(article())).rows.schema


def test_the_result_does_not_depend_on_how_pages_are_batched(stage):
    pages = [article(), b"", article(paragraphs=STORY[:1] * 2), b"\0\0\0", article("<title>x</title>")]
    whole = stage(batch(*pages))
    parts = [stage(batch(*pages).slice(i, 1)) for i in range(len(pages))]
    assert whole.rows.to_pylist() == [part.rows.to_pylist()[0] for part in parts]
    assert reasons(whole) == [reasons(part)[0] for part in parts]


@pytest.mark.parametrize(
    "page",
    [
        b"<html><body>" + b"<div>" * 10_000 + article(),
        b"<html><body>" + b"<b><i>" * 50_000 + article(),
        b"<table><tr><td>" * 10_000 + article(),
        b"<html><body>" + b"<div " + b"a=1 " * 200_000 + b">" + article(),
        b"<!--" * 100_000,
        b"<a href='" * 100_000,
        b"&#xD800;&#0;&#x110000;&#xFFFF;" * 1000 + article(),
        b"<" * 1_000_000,
    ],
    ids=[
        "deep",
        "unclosed inline",
        "nested tables",
        "attributes",
        "comments",
        "open quotes",
        "bad entities",
        "brackets",
    ],
)
def test_a_hostile_page_ends_as_text_or_as_a_drop_and_the_next_is_fine(stage, page):
    result = stage(batch(page, article()))
    assert reasons(result)[0] in {
        None,
        "no_main_text",
        "extraction_timeout",
        "extraction_crashed",
        "extraction_out_of_memory",
        "nested_too_deep",
        "too_many_elements",
        "too_many_blocks",
    }
    assert result.texts()[1] == "\n".join(STORY)


def test_a_page_that_takes_too_long_is_a_drop_with_its_limit():
    stage = html(engine="resiliparse", max_seconds=0.5)
    result = stage(batch(article(), b"<html><body>" + b"<div>" * 100_000, article()))
    stage.close()
    assert reasons(result) == [None, "extraction_timeout", None]
    assert result.verdicts.value[1] == 0.5


def test_a_page_that_takes_too_much_memory_is_a_drop_with_its_limit():
    stage = html(engine="resiliparse", max_memory_mib=200, max_page_mib=200)
    result = stage(batch(article(), b"<html><body>" + b"<p>word word</p>" * 6_000_000, article()))
    stage.close()
    assert reasons(result) in ([None, "extraction_out_of_memory", None], [None, "extraction_crashed", None])


def test_a_page_of_100_mb_is_dropped_without_extraction(fast_stage):
    result = fast_stage(batch(article(), b"<p>" + b"word " * (20 << 20), article()))
    assert reasons(result) == [None, "page_too_large", None]
    assert result.verdicts.value[1] == pytest.approx(100, abs=0.1)


def test_tables_and_comments_can_be_chosen():
    rows = "".join(f"<tr><td>ship {i}</td><td>captain {i}</td></tr>" for i in range(5))
    page = article(paragraphs=[*STORY, f"</p><table>{rows}</table><p>"])
    without = html(engine="resiliparse", tables=False)
    assert "captain 3" in html(engine="resiliparse")(batch(page)).texts()[0]
    assert "captain 3" not in without(batch(page)).texts()[0]


def test_an_unsupported_favor_is_an_error():
    with pytest.raises(SpecError, match='resiliparse cannot favor "precision"'):
        html(engine="resiliparse", favor="precision")


@pytest.mark.skipif(real_data() is None, reason="needs the real pages: set CURATE_DATA")
def test_real_pages_keep_most_of_what_a_person_marked(stage):
    folder = real_data() / "html" / "readability"
    cases = sorted(folder.iterdir())[::10]
    result = stage(batch(*(gzip.decompress((case / "source.html.gz").read_bytes()) for case in cases)))
    assert [reason for reason in reasons(result) if reason] == []
    shares = []
    for case, text in zip(cases, result.texts(), strict=True):
        marked = re.sub(r"<[^>]*>", " ", gzip.decompress((case / "expected.html.gz").read_bytes()).decode())
        words = set(re.findall(r"\w{4,}", marked))
        shares.append(len(words & set(re.findall(r"\w{4,}", text))) / len(words))
    assert sum(share > 0.8 for share in shares) >= len(cases) - 2
