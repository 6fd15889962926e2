"""Make near-duplicates (mirrors, print versions, corrected articles) and exact duplicates at other URLs."""

import random
import re

from crawl_site import press, render, texts
from crawl_site.page import FIRST_DUMP, SECOND_DUMP, Page
from crawl_site.texts import Article

MIRRORS = {"headlines-now.example": "Headlines Now", "daily-digest.example": "The Daily Digest"}
CORRECTIONS = (
    "This article was corrected on 2 March. An earlier version gave the wrong day of the week.",
    "Update, 1 March: two readers have written to us with further details, which we are looking into.",
    "Editor's note: a sentence in the fourth paragraph has been made clearer.",
)
TEASERS = (
    "A reader sent us this story, and we think it deserves a wider audience.",
    "From our partner newsroom: the piece that everybody has been talking about this week.",
)
TRACKING = ("?utm_source=newsletter&utm_medium=email", "?fbclid=IwAR0x7Qh1d", "?ref=homepage", "#comments")


def pages(originals: list[Page]) -> list[Page]:
    """Return the copies of some of the originals."""
    by_url = {page.url: page for page in originals}
    found = []
    english = [(h, a) for h in press.SITES if press.SITES[h][2] == "en" for a in texts.articles(press.SITES[h][0])]
    foreign = [(h, a) for h in press.SITES if press.SITES[h][2] != "en" for a in texts.articles(press.SITES[h][0])]
    for number, (host, article) in enumerate(english + foreign[::3]):
        original = by_url[press.article_url(host, article)]
        if number % 2 == 0:
            found.append(mirror(host, article, original, number))
        if number % 4 == 1:
            found.append(print_version(host, article, original))
        if number % 3 == 0 and original.dump == FIRST_DUMP:
            found.append(corrected(host, article, original, number))
    return found + exact(originals)


def mirror(host: str, article: Article, original: Page, number: int) -> Page:
    """Return the article as an aggregator shows it: another page layout, a teaser before it, one paragraph changed."""
    mirror_host = list(MIRRORS)[number // 2 % 2]
    chance = random.Random(original.url)
    parts = texts.blocks(article.markup)
    is_english = original.language == "en"
    if len(parts) > 4:
        parts.pop(chance.randrange(2, len(parts) - 1))
    if is_english:
        parts = [reworded(part) for part in parts]
    if is_english and number % 4 == 0:
        parts.insert(0, chance.choice(TEASERS))
    copy = Article(
        article.slug, article.title, article.author, article.date, article.section, article.tags, "\n\n".join(parts)
    )
    site = press.site(host) | {"name": MIRRORS[mirror_host]}
    url = f"http://{mirror_host}/{chance.randrange(10000, 99999)}/{article.slug}.html"
    markup = render.fill("mirror", copy, texts.to_html(copy.markup), site, url)
    return original.changed(
        url=url,
        kind="near_duplicate",
        body=markup.encode(),
        charset="utf-8",
        content_type="text/html",
        dump=SECOND_DUMP,
        text=copy.plain,
        coding="identity",
        is_chunked=number % 3 == 0,
    )


def reworded(text: str) -> str:
    """Change a few words, as in a careless copy."""
    for old, new in (
        ("did not", "didn't"),
        ("do not", "don't"),
        ("per cent", "%"),
        ("telephone", "phone"),
        (r"about(?= \d)", "around"),
    ):
        text = re.sub(rf"\b{old}\b", new, text, count=1)
    return text


def print_version(host: str, article: Article, original: Page) -> Page:
    """Return the version for printing: the same text without the layout of the site."""
    url = original.url.rstrip("/") + "?print=1"
    markup = render.fill(
        "print", article, texts.to_html(article.markup), press.site(host), original.url, original.charset
    )
    return original.changed(
        url=url,
        kind="print_version",
        body=press.encoded(markup, original.charset),
        duplicate_of=original.url,
        coding="identity",
    )


def corrected(host: str, article: Article, original: Page, number: int) -> Page:
    """Return the page at the same URL in the second dump: a note is added, one sentence is missing."""
    parts = texts.blocks(article.markup)
    sentences = parts[-2].split(". ")
    if len(sentences) > 2:
        parts[-2] = ". ".join(sentences[:-2] + sentences[-1:])
    if original.language == "en":
        parts.append(CORRECTIONS[number % len(CORRECTIONS)])
    newer = Article(
        article.slug, article.title, article.author, article.date, article.section, article.tags, "\n\n".join(parts)
    )
    body = render.fill(press.SITES[host][3], newer, texts.to_html(newer.markup), press.site(host), original.url)
    return original.changed(
        kind="near_duplicate",
        body=body.encode(),
        dump=SECOND_DUMP,
        charset="utf-8",
        content_type="text/html; charset=utf-8",
        text=newer.plain,
    )


def exact(originals: list[Page]) -> list[Page]:
    """Return the same bytes at other URLs (tracking, http, final slash), or at the same URL in the other dump."""
    pool = [page for page in originals if page.kind in ("article", "product", "documentation")][::5]
    found = []
    for number, page in enumerate(pool):
        way = number % 4
        if way == 0:
            url, dump = page.url + TRACKING[number // 4 % 3], page.dump
        elif way == 1:
            url, dump = page.url.replace("https://", "http://"), page.dump
        elif way == 2:
            url, dump = page.url.rstrip("/") + ("" if page.url.endswith("/") else "/"), SECOND_DUMP
        else:
            url, dump = page.url, SECOND_DUMP
        if (url, dump) != (page.url, page.dump):
            family = page.family or page.url
            found.append(page.changed(url=url, kind="exact_duplicate", dump=dump, duplicate_of=page.url, family=family))
    return found
