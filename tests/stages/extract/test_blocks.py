"""The block extractor: text, Markdown, parts, metadata, fallback."""

from __future__ import annotations

import numpy as np
import pytest

from curate.errors import SpecError
from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import PROPERTIES
from curate.stages.extract.html import html
from curate.stages.extract.metadata import FIELD_OF_SOURCE
from curate.stages.extract.render import render
from tests.kernels.pages import read
from tests.stages.extract.test_html import STORY, article, batch, reasons

STORY_TEXT = "\n".join(STORY)


@pytest.fixture(scope="module")
def made():
    stages = {}

    def with_params(**params) -> html:
        key = tuple(sorted(params.items()))
        if key not in stages:
            stages[key] = html(engine="blocks", **params)
        return stages[key]

    yield with_params
    for stage in stages.values():
        stage.close()


def rendered(page: str, form: str) -> str:
    t = read(page.encode())
    return render(t, np.arange(t.state[at_.BLOCKS]), form)


PAGE = """<h2>Ships</h2><p>The <b>old</b> ferry &amp; its <a href="/crew?a=1&amp;b=2">crew</a> <img src=a.png alt="a ship">.</p>
<ul><li>one<ul><li>deep</ul><li>two</ul><ol><li>first<li>second<p>more</ol>
<blockquote><p>So it <em>is</em>.</blockquote><pre class="language-python">def f():
    return <b>1</b></pre><table><tr><th>a<th>b<tr><td>1<td>2</table><p>last<br>line"""


def test_plain_text_has_a_line_for_each_block_entry_and_row():
    assert rendered(PAGE, "text").split("\n") == [
        "Ships", "The old ferry & its crew .", "- one", "- deep", "- two", "1. first", "2. second", "more", "So it is.",
        "def f():", "    return 1", "a | b", "1 | 2", "last", "line",
    ]  # fmt: skip


def test_markdown_has_headings_links_lists_code_quotes_and_tables():
    assert rendered(PAGE, "markdown") == (
        "## Ships\n\nThe **old** ferry & its [crew](/crew?a=1&b=2) ![a ship](a.png).\n\n- one\n  - deep\n- two\n"
        "1. first\n2. second\n  more\n\n> So it *is*.\n\n```python\ndef f():\n    return 1\n```\n\n"
        "| a | b |\n| --- | --- |\n| 1 | 2 |\n\nlast\nline"
    )


def test_a_layout_table_is_not_rendered_as_a_table():
    page = f"<table><tr><td>short<td>{'long text ' * 50}</table>"
    assert rendered(page, "text") == "short\n" + ("long text " * 50).strip()


def test_marks_that_cross_stay_whole():
    assert rendered("<p>a <b>b <a href=x>c</b> d</a> e", "markdown") == "a **b [c d](x) e**"


HEAD = """<title>Ships | Us</title><meta property="og:title" content="Ships &amp; more"><meta name=author content="Ann Lee">
<link rel=canonical href="/ships"><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
<script type="application/ld+json">{"@graph": [{"@type": "WebPage"}, {"@type": "Article", "headline": "Ships!",
"datePublished": "2020-02-03T04:05:06Z", "author": [{"name": "B"}], "inLanguage": "en"}]}</script>"""


def test_metadata_and_its_sources(made):
    result = made()(batch(article(HEAD), url=["https://a.example/x"]))
    row = result.rows.to_pylist()[0]
    assert row["title"] == "Ships & more"
    assert row["page_date"] == "2020-02-03"
    assert row["author"] == "Ann Lee"
    assert row["canonical_url"] == "https://a.example/ships"
    assert row["declared_language"] == "en"
    assert row["licence"] == "https://creativecommons.org/licenses/by/4.0/"
    assert row["stated_by"] == (
        '{"author": "author", "canonical_url": "canonical", "date": "json-ld", "language": "json-ld", '
        '"licence": "license", "title": "og:title"}'
    )


def test_every_parsed_source_states_a_field():
    assert {*PROPERTIES} == {*FIELD_OF_SOURCE, "json-ld"}


@pytest.mark.parametrize(
    ("head", "column", "value"),
    [
        ('<meta name=date content="2031-01-01">', "page_date", None),  # later than the crawl
        ('<meta name=date content="yesterday">', "page_date", None),
        ('<link rel="canonical" href="javascript:x">', "canonical_url", None),
        ('<meta name=author content="https://a.example/ann">', "author", None),
        ('<link rel=author href="humans.txt">', "author", None),
        ('<meta name="keywords" data-name="author" content="lamps">', "author", None),
        ('<meta itemprop="name datePublished" content="2020-01-02">', "page_date", "2020-01-02"),
        ('<time itemprop=dateModified datetime="2020-01-02">', "page_date", None),
        ('<a href="https://creativecommons.org/about">CC</a>', "licence", None),
        ('<script type="application/ld+json">{"headline": </script>', "title", None),
        (f'<script type="application/ld+json">{"[" * 5000}</script>', "title", None),
        ('<meta property="og:locale" content="de_AT">', "declared_language", "de-AT"),
        ('<meta name="dcterms.license" content="CC0">', "licence", "CC0"),
        (
            '<a href="//creativecommons.org/licenses/by/4.0/">CC</a>',
            "licence",
            "//creativecommons.org/licenses/by/4.0/",
        ),
    ],
)
def test_invalid_metadata_is_ignored(made, head, column, value):
    result = made()(batch(article(head), url=["https://a.example/"], date=["2024-05-01"]))
    assert result[column].to_pylist() == [value]


def test_a_page_with_low_confidence_goes_to_the_second_engine(made):
    sure, unsure = made(min_confidence=0.0)(batch(article())), made(min_confidence=1.0)(batch(article()))
    assert (sure["extracted_by"].to_pylist(), sure.counts["extract.handed_over"]) == (["blocks"], 0)
    assert (unsure["extracted_by"].to_pylist(), unsure.counts["extract.handed_over"]) == (["resiliparse"], 1)
    assert 0.5 < sure["confidence"].to_pylist()[0] <= 1
    assert unsure["confidence"] == sure["confidence"]
    assert sure.texts() == unsure.texts() == [STORY_TEXT]


def test_an_empty_fallback_does_not_replace_a_text(made):
    page = b"<title>x</title><p>" + b"word " * 30
    result = made(min_confidence=1.0)(batch(page))
    assert result.texts()[0].startswith("word")


def test_comments_are_removed_by_default(made):
    remarks = "".join(
        f'<li class="comment"><div class="comment-author">user{i}</div><div class="comment-body"><p>I liked the part about the '
        f"green book, number {i}, although the lamp was never replaced.</p></div></li>" for i in range(4)
    )  # fmt: skip
    page = article(
        paragraphs=[*STORY * 3, f'</p><section id="comments" class="comments-area"><ol>{remarks}</ol></section><p>']
    )
    without, with_them = made()(batch(page)).texts()[0], made(comments=True)(batch(page)).texts()[0]
    assert "number 2" not in without
    assert "number 2" in with_them
    assert STORY[0] in without and STORY[0] in with_them


def test_title_byline_captions_and_tables_can_be_left_out(made):
    figure = "</p><figure><img src=a><figcaption>A lamp in the museum, photographed in winter.</figcaption></figure><p>"
    table = "</p><table><tr><td>ship<td>captain of the ship</table><p>"
    page = article(
        paragraphs=[
            "</p><h1>Ships by night</h1><div class=byline>By Ann Lee</div><p>",
            *STORY,
            figure,
            *STORY,
            table,
            *STORY,
        ]
    )
    bare = made(title=False, byline=False, captions=False, tables=False)(batch(page)).texts()[0]
    assert bare == "\n".join(STORY * 3)


def test_a_page_with_too_many_blocks_is_a_drop_with_the_limit(made):
    result = made()(batch(b"<p>a" * 40_000, article()))
    assert reasons(result) == ["too_many_blocks", None]
    assert result.verdicts.value[0] == at_.MAX_BLOCKS


def test_other_engines_do_not_support_markdown():
    with pytest.raises(SpecError, match="resiliparse supports only format: text"):
        html(engine="resiliparse", format="markdown")
