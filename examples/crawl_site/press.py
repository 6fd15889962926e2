"""Make the pages of the long texts: newspapers, magazines, blogs, an archive, in eight languages and many charsets."""

import html

from crawl_site import render, texts
from crawl_site.page import FIRST_DUMP, SECOND_DUMP, Page
from crawl_site.texts import Article

# host: collection of texts, name, language, template, navigation, path of an article
SITES = {
    "www.harbour-news.example": ("harbour_news", "Harbour News", "en", "news", "harbour", "/{section}/{slug}.html"),
    "fieldnotes.example": ("field_notes", "Field Notes", "en", "magazine", "field", "/articles/{slug}"),
    "slowkitchen.example": ("slow_kitchen", "Slow Kitchen", "en", "weblog", "kitchen", "/{year}/{month}/{slug}/"),
    "tinbench.example": ("tin_bench", "Tin Bench", "en", "plain", "docs", "/{slug}"),
    "longroom.example": ("long_room", "The Long Room", "en", "magazine", "field", "/essays/{slug}"),
    "history.ansel.example": ("parish_archive", "Ansel Local History Circle", "en", "oldweb", "field", "/{slug}.htm"),
    "howto.hearthandhome.example": ("garden_howto", "Hearth and Home", "en", "weblog", "kitchen", "/how-to/{slug}/"),
    "www.weltblick.example": ("weltblick_de", "Weltblick", "de", "portal", "de", "/artikel/{slug}.html"),
    "journal-du-port.example": ("journal_fr", "Le Journal du Port", "fr", "portal", "fr", "/{slug}.php"),
    "xinwen.lantian.example": ("lantian_zh", "蓝天周刊", "zh", "portal", "zh", "/a/{date}/{slug}.shtml"),
    "al-manara.example": ("manara_ar", "المنارة", "ar", "portal", "ar", "/{slug}"),
    "asahimachi.example": ("asahimachi_ja", "朝日町だより", "ja", "portal", "ja", "/{slug}.html"),
    "plaza-mayor.example": ("plaza_es", "Plaza Mayor", "es", "portal", "es", "/{section}/{slug}/"),
    "sever.example": ("sever_ru", "Северный край", "ru", "portal", "ru", "/news/{slug}"),
}

# How the pages of a site declare their charset, used in turn: (real charset, in the header, in the page).
DECLARATIONS = {
    "de": [("utf-8", "utf-8", "utf-8"), ("windows-1252", "", "windows-1252"), ("iso-8859-1", "ISO-8859-1", "")],
    "fr": [("iso-8859-15", "iso-8859-15", ""), ("utf-8", "", "utf-8"), ("windows-1252", "", "iso-8859-1")],
    "zh": [("utf-8", "utf-8", "utf-8"), ("gb18030", "", "gb2312"), ("gbk", "GBK", ""), ("gb18030", "", "")],
    "ar": [("utf-8", "utf-8", ""), ("windows-1256", "windows-1256", ""), ("windows-1256", "", "windows-1256")],
    "ja": [("shift_jis", "", "Shift_JIS"), ("utf-8", "utf-8", "utf-8"), ("euc-jp", "EUC-JP", "")],
    "es": [("utf-8", "utf-8", "utf-8"), ("iso-8859-1", "", "iso-8859-1"), ("utf-8", "iso-8859-1", "utf-8")],
    "ru": [("windows-1251", "windows-1251", ""), ("koi8-r", "", "koi8-r"), ("utf-8", "", "")],
    "en": [("utf-8", "utf-8", "utf-8"), ("utf-8", "", "utf-8"), ("utf-8", "UTF-8", "")],
}
FIRST_CRAWLED = "2023-12-02"  # an article with a later date can only be in the second dump
PYTHON_CODEC = {"windows-1252": "cp1252", "windows-1251": "cp1251", "windows-1256": "cp1256"}


def pages() -> list[Page]:
    """Return one page for each long text."""
    found = []
    for host in SITES:
        for number, article in enumerate(texts.articles(SITES[host][0])):
            found.append(article_page(host, article, number))
    return found


def site(host: str) -> dict:
    """Return the fields of a site for the templates."""
    collection, name, language, _, nav, _ = SITES[host]
    return {"name": name, "language": language, "nav": nav, "articles": texts.articles(collection)}


def article_url(host: str, article: Article) -> str:
    """Return the canonical URL of an article."""
    year, month, _ = article.date.split("-")
    path = SITES[host][5].format(
        slug=article.slug, section=render.slug(article.section), year=year, month=month, date=article.date
    )
    return f"https://{host}{path}"


def article_page(host: str, article: Article, number: int) -> Page:
    """Return the page of one text, in the next charset of its language."""
    charset, in_header, in_page = DECLARATIONS[SITES[host][2]][number % len(DECLARATIONS[SITES[host][2]])]
    url = article_url(host, article)
    markup = render.fill(SITES[host][3], article, texts.to_html(article.markup), site(host), url, in_page)
    return Page(
        url=url,
        kind="article",
        body=encoded(markup, charset),
        dump=FIRST_DUMP if article.date < FIRST_CRAWLED else SECOND_DUMP,
        language=SITES[host][2],
        charset=charset,
        content_type=f"text/html; charset={in_header}" if in_header else "text/html",
        text=article.plain,
        family=f"{host}/{article.slug}",
        coding=("gzip", "identity", "deflate", "gzip")[number % 4],
        is_chunked=number % 3 == 1,
    )


def encoded(markup: str, charset: str) -> bytes:
    """Encode as an old content system would: a character that the charset lacks becomes a character reference."""
    return markup.encode(PYTHON_CODEC.get(charset, charset), "xmlcharrefreplace")


def listings() -> list[Page]:
    """Return home pages, archives and tag pages: links and teasers, no article."""
    found = []
    for host, (collection, name, language, _, nav, _) in SITES.items():
        entries = texts.articles(collection)
        older = [entry for entry in entries if entry.date < FIRST_CRAWLED]
        found.append(listing(host, "/", name, entries, with_teasers=True))
        found.append(listing(host, "/archive", texts.data("generic_nav.yaml")[nav][-1], older, with_teasers=False))
        if language == "en" and len(entries) > 6:
            section = entries[0].section
            chosen = [entry for entry in entries if entry.section == section]
            found.append(listing(host, f"/{render.slug(section)}/", section, chosen, with_teasers=True))
    return found


def listing(host: str, path: str, title: str, entries: list[Article], *, with_teasers: bool) -> Page:
    """Return one page of links."""
    rows = []
    for entry in entries:
        teaser = html.escape(texts.first_and_last_sentence(entry.plain)[0][:90]) + "…" if with_teasers else ""
        rows.append(
            f'<li class="teaser"><a href="{article_url(host, entry)}">{html.escape(entry.title, quote=False)}</a>'
            f'<span>{entry.date}</span> {teaser} <a class="more" href="{article_url(host, entry)}">&raquo;</a></li>'
        )
    head = Article("index", title, "", "2024-02-28", title, (), "")
    url = f"https://{host}{path}"
    markup = render.fill("listing", head, f"<ul class='listing'>{''.join(rows)}</ul>", site(host), url)
    dump = FIRST_DUMP if path == "/archive" else SECOND_DUMP
    return Page(url, "listing", markup.encode(), dump, language=SITES[host][2], coding="gzip", is_chunked=path == "/")
