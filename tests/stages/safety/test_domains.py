"""`safety.domains`: which URLs a list takes in, and what lists may look like."""

from __future__ import annotations

import gzip
import io
import tarfile

import numpy as np
import pytest

from curate import Batch
from curate.assets import File
from curate.errors import InputError
from curate.stages import _hosts
from curate.stages.safety.domains import domains


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def judge(tmp_path):
    """Return a function that judges URLs by lists given as text."""

    def judge(urls, **lists):
        files = {}
        for name, content in lists.items():
            path = tmp_path / f"{name}.txt"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            files[name] = File(path)
        stage = domains(lists=files)
        stage.setup()
        return stage(Batch.from_columns({"id": [str(i) for i in range(len(urls))], "url": urls}))

    return judge


def reasons(batch) -> list[str | None]:
    verdicts = batch.verdicts
    return [None if code < 0 else verdicts.reasons[code] for code in verdicts.code]


@pytest.mark.parametrize(
    "url",
    [
        "https://example.co.uk/", "http://a.b.example.co.uk/path?q#f", "EXAMPLE.co.UK", "example.co.uk:8080/x", "//example.co.uk",
        "https://user:pass@example.co.uk@www.example.co.uk./", "  http://example.co.uk\n", "http:\\\\example.co.uk\\x", "ftp://example.co.uk",
        "http://www.bücher.example/", "http://xn--bcher-kva.example", "http://B%C3%BCCHER.example", "http://bücher。example", "http://BÜCHER.example",
        "http://192.168.7.9/x", "http://0xc0.168.0x709/", "http://3232237321", "http://[::ffff:192.168.7.9]:80/",
        "http://[2001:0db8:0:0::1]/", "[2001:db8::1]:443", "http://straße.example", "http://xn--strae-oqa.example/",
    ],
)  # fmt: skip
def test_a_listed_domain_takes_in_every_way_to_write_it(judge, url):
    listed = "example.co.uk\n*.Bücher.example.\n192.168.7.9\n[2001:DB8::1]\nstraße.example"
    assert reasons(judge([url], bad=listed)) == ["listed_domain"]


@pytest.mark.parametrize(
    "url",
    [
        "https://co.uk/", "https://notexample.co.uk", "https://example.co.uk.evil.org", "https://other.org/example.co.uk",
        "https://example.co.uk@other.org/", "mailto:me@nowhere", "urn:example.co.uk", "", None, "http://", "/example.co.uk",
        "http://9.192.168.7.9/", "http://7.9/", "http://strasse.example",
    ],
)  # fmt: skip
def test_others_stay(judge, url):
    assert reasons(judge([url], bad="example.co.uk\n192.168.7.9\nstraße.example")) == [None]


@pytest.mark.parametrize(
    ("url", "is_listed"),
    [
        ("http://a.org/x/y", True), ("https://www.A.org:443/X/y/", True), ("a.org/x/y/z?q=1", True), ("a.org/x/y?z", True),
        ("a.org/x/y#z", True), ("a.org/%78/%79", True), ("a.org/x/yz", False), ("a.org/x", False), ("b.a.org/x/y", False),
        ("a.org/~me", True), ("a.org/%7Eme/page", True), ("a.org/show?id=7&x=1", True), ("a.org/show?id=77", False),
        ("a.org/путь", True), ("a.org/%D0%BF%D1%83%D1%82%D1%8C/x", True),
    ],
)  # fmt: skip
def test_a_listed_address_takes_in_what_follows_it(judge, url, is_listed):
    listed = "http://www.a.org/x/y/\na.org/%7eme\na.org/show?id=7\na.org/путь"
    assert reasons(judge([url], bad=listed)) == ["listed_url" if is_listed else None]


def test_a_list_may_be_a_hosts_file_with_comments_and_any_line_ends(judge):
    text = (
        "\ufeff# a comment\r\n! another\r\n; and one\r\n\r\n0.0.0.0 a.org www.a.net # ads\r\n::1 localhost\r\n127.0.0.1\tb.org ; x\r\n"
        "  .c.org.  \r*.d.org\nhttps://e.org/\nF.ORG ;why\ncom\nco.uk\nsomething.ck\nwww.ck\na b c\n-->\ne.org\n"
    )
    urls = [
        "http://a.org",
        "a.net",
        "http://www.a.net/",
        "b.org",
        "c.org",
        "x.d.org",
        "e.org/1",
        "f.org",
        "g.com",
        "www.ck",
        "x.something.ck",
    ]
    batch = judge(urls, bad=text)
    kept = [url for url, reason in zip(urls, reasons(batch), strict=True) if reason is None]
    assert kept == ["a.net", "g.com", "x.something.ck"]
    assert batch.counts == {
        "ignored in bad: repeated": 1, "ignored in bad: public suffix": 4, "ignored in bad: no domain or URL": 2,
        "without_url": 0,
    }  # fmt: skip
    assert batch.verdicts.lists.hits.sum() == 8


def test_a_drop_names_the_entry_and_every_list_it_is_on(judge):
    batch = judge(
        ["http://x.a.org/1", "http://b.org/one/two", "http://c.org", None],
        red="a.org\nb.org/one",
        blue="x.a.org\na.org",
    )
    assert list(batch.verdicts.evidence) == ["a.org", "b.org/one", None, None]
    assert [batch.verdicts.lists.of(row) for row in range(4)] == [["red", "blue"], ["red"], [], []]
    assert batch.verdicts.value[:2].tolist() == [2, 1]
    assert np.isnan(batch.verdicts.value[2:]).all()
    assert batch.counts == {"without_url": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no entry"),
        (b"\n# nothing\n", "has no entry"),
        (b"com\nnet\n", "2 entries are public suffixes"),
        (b"a.org\nb\x00.org\n", ":2: not a text file"),
        (b"a.org\n\nb\xe9.org\n", ":3: not valid UTF-8"),
        (b"\x1f\x8b\x08\x00junk", "not valid UTF-8|not a text file"),
        (b"a" * (1 << 24), "has no entry: 1 lines are neither a domain nor a URL, the first in line 1"),
    ],
)
def test_a_list_that_is_none_is_refused_with_the_line(judge, content, message):
    with pytest.raises(InputError, match=message):
        judge(["a.org"], bad=content)


def test_lists_may_be_packed_and_in_archives(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"a.org\n"))
    with tarfile.open(tmp_path / "b.tar.gz", "w:gz") as archive:
        for name, content in (("b/domains", b"b.org"), ("b/urls", b"c.org/x\n"), ("b/usage", b"black\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    stage = domains(lists={"a": File(tmp_path / "a.txt.gz"), "b": File(tmp_path / "b.tar.gz")})
    stage.setup()
    batch = stage(Batch.from_columns({"id": list("1234"), "url": ["a.org", "b.org", "c.org/x", "c.org"]}))
    assert reasons(batch) == ["listed_domain", "listed_domain", "listed_url", None]
    (tmp_path / "c.tar.gz").write_bytes((tmp_path / "b.tar.gz").read_bytes()[:60])
    with pytest.raises(InputError, match=r"c\.tar\.gz: cannot be read"):
        domains(lists={"c": File(tmp_path / "c.tar.gz")}).setup()


def test_a_table_is_made_once_for_its_content_and_again_when_that_changes(judge, tmp_path):
    assert reasons(judge(["a.org"], bad="a.org")) == ["listed_domain"]
    tables = tmp_path / "cache" / "curate" / "tables"
    (first,) = tables.glob("*.npy")
    made = first.stat().st_mtime_ns
    assert reasons(judge(["a.org"], same="a.org")) == ["listed_domain"]
    assert first.stat().st_mtime_ns == made
    assert reasons(judge(["a.org"], bad="b.org")) == [None]
    assert len(list(tables.glob("*.npy"))) == 2
    assert not list(tables.glob("*.part"))


def test_without_a_folder_to_write_to_tables_are_made_in_memory(judge, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert reasons(judge(["a.org"], bad="a.org")) == ["listed_domain"]


def test_hosts_that_cannot_be_rewritten_stay_as_they_are():
    for host in (b"[::g]", b"%ff.org", b"1.2.3.4.5", b"a b", b"%2f.org", b"0x", b""):
        assert _hosts.plain_host(host) == host


def test_every_list_of_ut1_is_read_and_takes_in_its_own_entries(data):
    folder = data / "lists" / "ut1"
    files = sorted(folder.glob("*/*.txt.gz"))
    assert len(files) >= 5
    for file in files:
        entries = [line.strip() for line in gzip.decompress(file.read_bytes()).decode().splitlines() if line.strip()]
        stage = domains(lists={file.parent.name: File(file)})
        stage.setup()
        batch = stage(Batch.from_columns({"id": entries, "url": [f"http://{entry}" for entry in entries]}))
        missed = [entry for entry, reason in zip(entries, reasons(batch), strict=True) if reason is None]
        ignored = sum(n for name, n in batch.counts.items() if name.startswith("ignored") and "repeated" not in name)
        assert len(missed) <= ignored <= 2, (file, missed, batch.counts)


def test_lists_of_adult_and_gambling_sites_leave_harmless_ones_alone(data):
    folder = data / "lists" / "ut1"
    stage = domains(
        lists={name: File(folder / name / "*") for name in ("adult", "gambling", "dating", "warez", "drogue")}
    )
    stage.setup()
    for name, most in (("press", 4), ("cooking", 0), ("child", 0), ("sexual_education", 0)):
        sites = gzip.decompress((folder / name / "domains.txt.gz").read_bytes()).decode().split()
        batch = stage(Batch.from_columns({"id": sites, "url": [f"https://{site}/" for site in sites]}))
        assert (~batch.verdicts.is_kept).sum() <= most, [e for e in batch.verdicts.evidence if e]


@pytest.mark.parametrize("damage", [b"", b"junk", b"\x93NUMPY\x01\x00", None])
def test_a_damaged_table_is_made_again(judge, tmp_path, damage):
    assert reasons(judge(["bad.example", "good.example"], bad="bad.example")) == ["listed_domain", None]
    (table,) = (tmp_path / "cache" / "curate" / "tables").glob("*.npy")
    whole = table.read_bytes()
    table.write_bytes(whole[:-3] + b"\7\7\7" if damage is None else damage)
    assert reasons(judge(["bad.example", "good.example"], bad="bad.example")) == ["listed_domain", None]
    assert table.read_bytes() == whole
