"""66 real crawl files: the counts of records, compared with warcio 1.8.1.

The files and warcio's counts (`counts.tsv`) are not part of the repository; without them these tests are skipped.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from curate.errors import InputError
from curate.inputs import cut, resolve
from curate.stages.sources.warc import warc
from tests.stages.sources.crawls import Outcome, take

# One line a file: pages kept, then reasons of drops, then records counted (`r.`).
EXPECTED = """
aut/badexample.arc.gz: pages 0, not_html 1, truncated_record 1, unreadable_record 1, r.lookup 1, r.warcinfo 1
aut/example.arc.gz: pages 94, http_error_status 40, http_redirect 7, not_html 120, r.lookup 38, r.warcinfo 1
aut/example.docs.warc.gz: pages 0, not_html 9, r.request 9, r.warcinfo 3
aut/example.pdf.warc.gz: pages 1, http_error_status 1, http_redirect 2, not_html 31, revisit_record 2, r.request 37, r.warcinfo 2
aut/example.txt.warc.gz: pages 0, not_html 2, r.request 2, r.warcinfo 2
aut/example.warc.gz: pages 94, http_error_status 40, http_redirect 7, not_html 120, r.lookup 38, r.metadata 261, r.request 261, r.warcinfo 1
aut/issue-493.warc: pages 4, http_redirect 1, not_html 5, revisit_record 5, r.request 15, r.warcinfo 2
aut/issue-514.warc: pages 1, http_redirect 1, not_html 2, r.metadata 1, r.request 2, r.warcinfo 1
chatnoir-resiliparse/block-sized-records.warc.gz: pages 0, r.other 3
chatnoir-resiliparse/block-sized-records.warc.lz4: pages 0, r.other 3
chatnoir-resiliparse/clipped.warc.gz: pages 0, truncated_record 1
chatnoir-resiliparse/warcfile.warc.gz: pages 16, r.metadata 16, r.request 17, r.warcinfo 1
chatnoir-resiliparse/warcfile.warc.lz4: pages 16, r.metadata 16, r.request 17, r.warcinfo 1
dolma/sample-0000.warc.gz: pages 21, not_html 2, r.metadata 1, r.request 22, r.warcinfo 1
dolma/sample-0001.warc.gz: pages 15, not_html 2, r.metadata 1, r.request 15, r.warcinfo 1
gowarc/corrupted-mid-record.warc.gz.open: pages 12, unreadable_record 1
gowarc/corrupted-trailing-bytes.warc.gz.open: pages 30, unreadable_record 1
gowarc/empty.warc.gz.open: pages 0
gowarc/good.warc.gz.open: pages 50
gowarc/single-record.warc.gz.open: pages 1
gowarc/skip-non-open.warc.gz: pages 10
gowarc/test.warc.gz: pages 0, not_html 1, r.request 1, r.warcinfo 1
ia-web-commons/html-lang-attribute.warc: pages 5
ia-web-commons/meta-itemprop.warc: pages 1
ia-web-commons/text-extraction-test.warc: pages 1, not_html 1, r.metadata 1, r.warcinfo 1
ia-web-commons/title-extraction-embedded-SVG.warc: pages 1
jwarc/cc.warc.gz: pages 1
jwarc/gzip_extra_sl.warc.gz: pages 0, r.warcinfo 1
pywb/bad.arc: pages 0, empty_page 1, unreadable_record 2
pywb/dupes.warc.gz: pages 1, http_redirect 1, not_html 1, revisit_record 9, r.request 12, r.warcinfo 1
pywb/example-bad.warc.gz.bad: pages 1, http_redirect 1, revisit_record 1, r.request 2, r.warcinfo 1
pywb/example-extra.warc: pages 1, not_html 1, revisit_record 2, r.request 2
pywb/example-url-agnostic-orig.warc.gz: pages 1, r.warcinfo 1
pywb/example-url-agnostic-revisit.warc.gz: pages 0, revisit_record 1, r.warcinfo 1
pywb/example-wget-1-14.warc.gz: pages 1, not_html 3, r.request 1, r.warcinfo 1
pywb/example-wpull.warc.gz: pages 1, not_html 1, r.request 1, r.warcinfo 1
pywb/example.arc: pages 1, r.warcinfo 1
pywb/example.arc.gz: pages 1, r.warcinfo 1
pywb/example.warc: pages 1, http_redirect 1, revisit_record 1, r.request 2, r.warcinfo 1
pywb/example.warc.gz: pages 1, http_redirect 1, revisit_record 1, r.request 2, r.warcinfo 1
pywb/example2.warc.gz: pages 1, r.request 1, r.warcinfo 1
pywb/httpbin-resource.warc.gz: pages 0, not_html 1
pywb/iana.warc.gz: pages 16, http_redirect 4, not_html 28, revisit_record 123, r.request 171, r.warcinfo 1
pywb/missing-status-text.warc: pages 0, http_redirect 1
pywb/post-test.warc.gz: pages 0, not_html 3, r.request 3
warcio/example-bad-non-chunked.warc.gz: pages 1, revisit_record 1, r.request 2, r.warcinfo 2
warcio/example-digest.warc: pages 0, r.request 4
warcio/example-iana.org-chunked.warc: pages 1, r.request 1, r.warcinfo 1
warcio/example-resource.warc.gz: pages 1, r.warcinfo 2
warcio/example-space-in-target-uri.warc.gz: pages 0, not_html 1, r.warcinfo 1
warcio/example-space-in-url.arc: pages 0, truncated_record 1, r.warcinfo 1
warcio/example-trunc.warc: pages 1, r.bodies.truncated 1, r.request 1, r.warcinfo 2
warcio/example-wget-bad-target-uri.warc.gz: pages 1, not_html 2, r.metadata 1, r.request 1, r.warcinfo 1
warcio/example-wrong-chunks.warc.gz: pages 1, r.request 1
warcio/example.warc: pages 1, revisit_record 1, r.request 2, r.warcinfo 2
warcio/example.warc.gz: pages 1, revisit_record 1, r.request 2, r.warcinfo 2
warcio.js/example-bad-length.warc: pages 1, revisit_record 1, r.bodies.truncated 1, r.request 2, r.warcinfo 2
warcio.js/post-test-more.warc: pages 0, not_html 3, r.request 3
warcio.js/redirect.warc: pages 0, http_redirect 1, r.request 1
webarchive-commons/IAH-20080430204825-00000-blackbook-truncated.arc: pages 2, not_html 5, r.lookup 1, r.warcinfo 1
webarchive-commons/IAH-urls-wget.warc.gz: pages 2, http_redirect 9, not_html 8, r.request 16, r.warcinfo 1
webarchive-commons/link-extraction-test.warc: pages 7, r.warcinfo 1
webarchive-commons/mutliple-headers.warc: pages 1
whirlwind-python/whirlwind.warc.gz: pages 1, r.metadata 1, r.request 1, r.warcinfo 1
"""

# Files of which warcio reads another number of records, and why. Elsewhere the numbers are equal, though not every fate:
# the page in clipped.warc.gz is cut off, which is a drop here, and example-bad-length.warc has a stray byte, which is not.
DIFFERENT = {
    "aut/badexample.arc.gz": "warcio ends at the first record; ours reads on past a header without a date",
    "chatnoir-resiliparse/block-sized-records.warc.lz4": "warcio does not read LZ4",
    "chatnoir-resiliparse/warcfile.warc.lz4": "warcio does not read LZ4",
    "gowarc/corrupted-mid-record.warc.gz.open": "warcio refuses several records in one member; ours reads them and one bad region",
    "gowarc/corrupted-trailing-bytes.warc.gz.open": "warcio refuses several records in one member; ours reads them and one bad region",
    "gowarc/good.warc.gz.open": "warcio refuses several records in one member",
    "gowarc/skip-non-open.warc.gz": "warcio refuses several records in one member",
    "pywb/bad.arc": "warcio takes lengths that are not numbers; ours drops both records, then finds three in all",
    "pywb/example-bad.warc.gz.bad": "warcio refuses several records in one member",
    "warcio/example-bad-non-chunked.warc.gz": "warcio refuses several records in one member",
    "warcio/example-wrong-chunks.warc.gz": "warcio refuses several records in one member",
    "webarchive-commons/IAH-20080430204825-00000-blackbook-truncated.arc": "blank lines between records are missing; ours reads on",
    "webarchive-commons/link-extraction-test.warc": "a blank line is missing; ours reads on",
}


def summary(file: Path) -> str:
    """Return the counts of pages, drops and other records of a file, in one line."""
    out = Outcome([], [], Counter(), [])
    for shard in cut(resolve([str(file)]), 1 << 40):
        for batch in warc()(shard):
            take(out, batch)
    found = Counter(reason or "pages" for reason in out.reasons)
    parts = [f"pages {found.pop('pages', 0)}", *(f"{reason} {n}" for reason, n in sorted(found.items()))]
    parts += [f"r.{name.removeprefix('records.')} {n}" for name, n in sorted(out.counts.items())]
    return ", ".join(parts)


def expected() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in EXPECTED.strip().split("\n"))


@pytest.fixture(scope="module")
def crawls(data) -> Path:
    return data / "warc"


def test_every_file_is_in_the_table(crawls):
    files = {str(path.relative_to(crawls)) for path in crawls.glob("*/*")}
    assert files == {*expected(), "whirlwind-python/whirlwind.warc.wet.gz", "whirlwind-python/whirlwind.warc.wat.gz"}


@pytest.mark.parametrize("name", expected())
def test_a_real_file_gives_the_expected_counts(crawls, name):
    assert summary(crawls / name) == expected()[name]


@pytest.mark.parametrize("name", expected())
def test_where_warcio_counts_other_records_we_know_why(crawls, name):
    rows = [line.split("\t") for line in (crawls / "counts.tsv").read_text().splitlines()]
    theirs = {row[0]: row[1] for row in rows}[name]
    parts = [part for part in expected()[name].split(", ") if not part.startswith("r.bodies.")]
    counts = [int(part.rpartition(" ")[2]) for part in parts]
    is_same = str(sum(counts)) == theirs
    assert is_same != (name in DIFFERENT)


def test_the_error_for_a_real_wet_file_names_its_source(crawls):
    with pytest.raises(InputError, match=r"sources\.wet"):
        summary(crawls / "whirlwind-python" / "whirlwind.warc.wet.gz")


@pytest.mark.parametrize("shard_bytes", [2000, 50_000, 700_000])
def test_the_rows_of_real_files_do_not_depend_on_the_splits(crawls, shard_bytes):
    files = [f for f in resolve([str(crawls / "*" / "*")]) if ".wet." not in f.name and ".wat." not in f.name]

    def results(n_bytes: int) -> list:
        out = Outcome([], [], Counter(), [])
        for shard in cut(files, n_bytes):
            for batch in warc()(shard):
                take(out, batch)
        return out.results

    assert results(shard_bytes) == results(1 << 40)
