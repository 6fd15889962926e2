"""Fill the page templates of the sites."""

import html
import json
import random
import re
from pathlib import Path
from string import Template

from crawl_site import texts
from crawl_site.texts import Article

TEMPLATES = Path(__file__).parent / "templates"
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
RIGHT_TO_LEFT = ("ar",)


def fill(template: str, article: Article, body: str, site: dict, url: str, charset_meta: str = "utf-8") -> str:
    """Fill one template.

    Args:
        template: file name under `templates/`, without suffix
        body: HTML of the main part
        site: name, language, nav and the articles to link to
        charset_meta: the charset that the page itself declares; empty for none
    """
    chance = random.Random(f"{url}|{template}")
    others = [other for other in site["articles"] if other.slug != article.slug]
    related = chance.sample(others, min(6, len(others)))
    nav = texts.data("generic_nav.yaml")[site["nav"]]
    year, month, day = article.date.split("-")
    fields = {
        "title": html.escape(article.title, quote=False),
        "json_title": json.dumps(article.title)[1:-1],
        "site": site["name"],
        "lang": site["language"],
        "dir": "rtl" if site["language"] in RIGHT_TO_LEFT else "ltr",
        "url": html.escape(url),
        "slug": article.slug,
        "author": article.author,
        "author_slug": slug(article.author),
        "section": article.section,
        "section_slug": slug(article.section),
        "date": article.date,
        "date_words": f"{int(day)} {MONTHS[int(month) - 1]} {year}",
        "tags": ", ".join(article.tags),
        "tag_links": " ".join(f'<a rel="tag" href="/tag/{slug(tag)}">{tag}</a>' for tag in article.tags),
        "summary": html.escape(texts.first_and_last_sentence(article.plain)[0]),
        "minutes": str(max(1, len(article.plain) // 1100)),
        "n_posts": str(body.count('class="post ')),
        "nav": "".join(f'<li><a href="/{slug(item)}/">{item}</a></li>' for item in nav),
        "nav_br": "<BR>".join(f'<A HREF="/{slug(item)}.htm">{item}</A>' for item in nav),
        "nav_inline": " | ".join(f'<a href="/{slug(item)}/">{item}</a>' for item in nav),
        "related": "".join(f'<li><a href="/{o.slug}">{html.escape(o.title, quote=False)}</a></li>' for o in related),
        "related_inline": ", ".join(f"<a href=/{o.slug}>{html.escape(o.title, quote=False)}</a>" for o in related[:3]),
        "comments": comments(chance),
        "meta_charset": f'<meta charset="{charset_meta}">' if charset_meta else "",
        "body": body,
    }
    return Template((TEMPLATES / f"{template}.html").read_text(encoding="utf-8")).substitute(fields)


def comments(chance: random.Random) -> str:
    """Return up to four reader comments."""
    chosen = chance.sample(texts.lines_of("comments.txt"), chance.randrange(0, 5))
    rows = [row.split(" | ", 1) for row in chosen]
    return "".join(
        f'<div class="comment"><b class="fn">{name}</b> <a href="#">Reply</a><p>{html.escape(text)}</p></div>'
        for name, text in rows
    )


def slug(text: str) -> str:
    """Return text as part of a path: lower-case ASCII letters and digits; everything else becomes a hyphen."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return plain or f"c{sum(map(ord, text)) % 997}"
