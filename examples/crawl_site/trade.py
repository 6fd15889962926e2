"""Make forum, shop and documentation pages."""

import html
import random

from crawl_site import render, texts
from crawl_site.page import FIRST_DUMP, SECOND_DUMP, Page
from crawl_site.texts import Article

FORUM = "https://forum.boatyard.example"
SHOP = "https://lantern-and-oak.example"
DOCS = "https://docs.pebbledb.example"


def pages() -> list[Page]:
    """Return all pages of the three sites."""
    return forum() + shop() + docs()


def forum() -> list[Page]:
    """Return the threads; some were captured again in the second dump, with new posts."""
    threads = texts.threads()
    heads = [
        Article(slug, title, posts[0][0], "2023-10-02", board, (), posts[0][1]) for slug, title, board, posts in threads
    ]
    site = {"name": "The Boatyard", "language": "en", "nav": "forum", "articles": heads}
    replies = texts.lines_of("forum_replies.txt")
    found = []
    for number, (head, thread) in enumerate(zip(heads, threads, strict=True)):
        posts = thread[3]
        found.append(thread_page(head, posts, site, 100 + number, FIRST_DUMP))
        if number % 2 == 0:
            chance = random.Random(head.slug)
            late = [(f"guest{chance.randrange(10, 99)}", text) for text in chance.sample(replies, 1 + number % 3)]
            found.append(thread_page(head, posts + late, site, 100 + number, SECOND_DUMP))
    return [*found, board_page(heads, site)]


def thread_page(head: Article, posts: list[tuple[str, str]], site: dict, number: int, dump: str) -> Page:
    """Return one thread."""
    url = f"{FORUM}/viewtopic.php?t={number}"
    rows = []
    for index, (user, text) in enumerate(posts):
        rows.append(
            f'<div id="p{number}{index}" class="post bg{1 + index % 2}">'
            f'<dl class="postprofile"><dt><a href="./memberlist.php?u={len(user)}">'
            f"{user}</a></dt><dd>Posts: {37 * len(user) + number}</dd><dd>Joined: 2015</dd></dl>"
            f'<div class="postbody"><p class="author">by <strong>{user}</strong> &raquo; '
            f"{2 + index} Oct 2023 {8 + index:02}:4{index % 10}</p>"
            f'<div class="content">{html.escape(text, quote=False)}</div>'
            '<div class="signature">_________________</div></div></div>'
        )
    markup = render.fill("forum", head, "\n".join(rows), site, url)
    text = "\n".join(text for _, text in posts)
    kind = "forum_thread" if dump == FIRST_DUMP else "near_duplicate"
    return Page(
        url,
        kind,
        markup.encode(),
        dump,
        language="en",
        text=text,
        family=f"forum/{head.slug}",
        is_chunked=number % 2 == 0,
        coding="gzip",
    )


def board_page(heads: list[Article], site: dict) -> Page:
    """Return the list of all threads."""
    head = Article("board", "Board index", "", "2024-02-28", "All boards", (), "")
    rows = "".join(
        f"<li><a href='./viewtopic.php?t={100 + i}'>{h.title}</a> by {h.author} in {h.section}</li>"
        for i, h in enumerate(heads)
    )
    markup = render.fill("forum", head, f"<ul class='topiclist'>{rows}</ul>", site, f"{FORUM}/")
    return Page(f"{FORUM}/", "listing", markup.encode(), SECOND_DUMP, language="en")


def shop() -> list[Page]:
    """Return products, categories, and the pages with terms and company information."""
    goods = texts.data("shop.yaml")
    misc = texts.data("misc.yaml")
    heads = [Article(slug, name, "", "2023-11-01", group, (), about) for slug, name, _, group, about in goods]
    site = {"name": "Lantern & Oak", "language": "en", "nav": "shop", "articles": heads}
    found = [product_page(head, goods[i][2], site, i) for i, head in enumerate(heads)]
    for group in sorted({head.section for head in heads}):
        rows = "".join(
            f'<li class="card"><a href="/products/{slug}">{name}</a> '
            f'<span class="price">£{price:.2f}</span> <button>Quick add</button></li>'
            for slug, name, price, in_group, _ in goods
            if in_group == group
        )
        head = Article(group.lower(), group, "", "2023-11-01", group, (), "")
        url = f"{SHOP}/collections/{group.lower()}"
        markup = render.fill(
            "shop", head, f"<h1>{group}</h1><p>Sort by: Featured Price Name</p><ul class='grid'>{rows}</ul>", site, url
        )
        found.append(Page(url, "listing", markup.encode(), FIRST_DUMP, language="en", coding="gzip"))
    for name in ("terms", "about"):
        head = Article(
            name, {"terms": "Terms of sale", "about": "About us"}[name], "", "2023-11-01", "Pages", (), misc[name]
        )
        url = f"{SHOP}/pages/{name}"
        markup = render.fill("shop", head, f"<h1>{head.title}</h1>{texts.to_html(misc[name])}", site, url)
        found.append(Page(url, "small_print", markup.encode(), FIRST_DUMP, language="en", text=head.plain))
    return found


def product_page(head: Article, price: float, site: dict, number: int) -> Page:
    """Return one product with its price, description and reviews."""
    chance = random.Random(head.slug)
    url = f"{SHOP}/products/{head.slug}"
    reviews = "".join(
        f'<div class="review"><span>{"★" * chance.randrange(4, 6)}</span> <p>{text}</p></div>'
        for text in chance.sample(texts.lines_of("reviews.txt"), chance.randrange(0, 4))
    )
    body = (
        f'<div class="product"><img src="//cdn.lantern-and-oak.example/{head.slug}_600x.jpg" '
        f'alt="{head.title}"><h1>{head.title}</h1>'
        f'<p class="price">£{price:.2f}</p><p>Tax included. Shipping calculated at checkout.</p>'
        '<form action="/cart/add"><label>Quantity</label><input type="number" name="quantity" value="1">'
        f'<button>Add to basket</button></form><div class="product__description rte"><p>{head.markup}</p></div>'
        f"<table><tr><th>Article number</th><td>LO-{1000 + number}</td></tr>"
        f"<tr><th>Weight</th><td>{chance.randrange(40, 3000)} g</td></tr>"
        f"<tr><th>Availability</th><td>{chance.choice(['In stock', 'Back in spring', 'Last three'])}</td></tr></table>"
        f"<h2>Customer reviews</h2>{reviews or '<p>No reviews yet</p>'}</div>"
    )
    markup = render.fill("shop", head, body, site, url)
    dump = FIRST_DUMP if number % 2 else SECOND_DUMP
    return Page(
        url,
        "product",
        markup.encode(),
        dump,
        language="en",
        text=head.markup,
        coding="gzip",
        is_chunked=number % 4 == 0,
    )


def docs() -> list[Page]:
    """Return the manual, which has texts, and the reference, which is made from a table."""
    manual = texts.articles("pebble_docs")
    reference = [reference_article(entry) for entry in texts.data("api_reference.yaml")]
    site = {"name": "PebbleDB 3.2 documentation", "language": "en", "nav": "docs", "articles": manual + reference}
    found = []
    for number, head in enumerate(manual + reference):
        url = f"{DOCS}/3.2/{head.slug}.html"
        markup = render.fill("docs", head, texts.to_html(head.markup), site, url)
        dump = FIRST_DUMP if number % 2 else SECOND_DUMP
        page = Page(
            url, "documentation", markup.encode(), dump, language="en", text=head.plain, family=f"docs/{head.slug}"
        )
        found.append(page)
        if number < 6:
            older = older_version(head.markup)
            url = f"{DOCS}/3.1/{head.slug}.html"
            copy = page.changed(
                url=url,
                kind="near_duplicate",
                body=render.fill("docs", head, texts.to_html(older), site, url).encode(),
                text=older_version(page.text),
            )
            found.append(copy.changed(duplicate_of=page.url) if copy.text == page.text else copy)
    return found


def older_version(text: str) -> str:
    """Return the text of the previous version of the manual; many chapters have not changed."""
    for new, old in (("3.2", "3.1"), ("four gigabytes", "three gigabytes"), ("40 per cent", "50 per cent")):
        text = text.replace(new, old)
    return text


def reference_article(entry: dict) -> Article:
    """Return the page of one function in the reference."""
    params = "\n".join(f"- **{name}**: {about}" for name, about in entry["params"].items())
    parts = [
        f"    {entry['signature']}",
        entry["does"],
        params,
        entry["notes"],
        "## Example",
        f"    {entry['example']}",
    ]
    parts += ["## Errors", "Raises " + ", ".join(entry["errors"]) + "."]
    markup = "\n\n".join(part for part in parts if part)
    return Article(f"api-{render.slug(entry['name'])}", entry["name"], "", "2023-09-01", "Reference", (), markup)
