"""The registered domain of a URL, against the package `tld`, which reads the same list."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tld import get_fld

from curate import Batch
from curate.stages import _public_suffixes
from curate.stages.text.domain import domain

LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,4}[a-z0-9])?", fullmatch=True)


def domains(*urls: str | None, companies: bool = False) -> list[str | None]:
    batch = Batch.from_columns({"id": [str(i) for i in range(len(urls))], "text": [""] * len(urls), "url": list(urls)})
    return domain(batch, companies=companies)["domain"].to_pylist()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.example.co.uk/x?y", "example.co.uk"), ("http://user@A.Example.COM:8080/", "example.com"),
        ("example.com", "example.com"), ("//cdn.example.org/x", "example.org"), ("http://example.com./", "example.com"),
        ("http://bücher.example.de/", "example.de"), ("http://www.bücher.de/", "xn--bcher-kva.de"),
        ("http://a.b.unknown/", "b.unknown"), ("http://localhost/", "localhost"), ("http://co.uk/", "co.uk"),
        ("http://a.b.foo.ck/", "b.foo.ck"), ("http://a.www.ck/", "www.ck"), ("http://foo.ck/", "foo.ck"),
        ("http://a.b.公司.cn/", "b.xn--55qx5d.cn"), ("http://1.2.3.4/x", "1.2.3.4"), ("http://0x7f.1/", "127.0.0.1"),
        ("http://[::1]:80/", "[::1]"), ("urn:isbn:1", None), ("", None), (None, None), ("http:///x", "x"),
    ],
)  # fmt: skip
def test_domains(url, expected):
    assert domains(url) == [expected]


def test_names_below_a_company_are_domains_of_their_own_if_asked():
    urls = ["https://my.blogspot.com/1", "https://www.example.com/"]
    assert domains(*urls) == ["blogspot.com", "example.com"]
    assert domains(*urls, companies=True) == ["my.blogspot.com", "example.com"]


@given(st.lists(LABEL, max_size=4), st.sampled_from(sorted(_public_suffixes.rules().names)), st.booleans())
def test_domains_are_those_of_the_package(labels, suffix, companies):
    host = ".".join([*labels, suffix])
    expected = get_fld(f"http://{host}/", fail_silently=True, search_private=companies)
    assert domains(f"http://{host}/x", companies=companies) == [expected or host]


@given(st.lists(st.none() | st.text() | st.text().map(lambda text: f"http://{text}/"), max_size=8))
def test_no_text_is_an_error_and_each_url_is_read_alone(urls):
    assert domains(*urls) == [one for url in urls for one in domains(url)]


def test_a_host_of_very_many_labels_is_read_at_once():
    assert domains("http://" + "a." * 200_000 + "example.com/") == ["example.com"]
