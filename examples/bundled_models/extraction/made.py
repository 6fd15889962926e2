"""Generate pages: ten kinds, four designs of each, eleven languages; every line is labelled as it is written.

Real pages with gold are mostly articles from Germany. These pages add what is missing: threads whose posts
are the main text, search results, products, manuals, tables, code, and scripts without spaces. A design is a way to name
classes and to nest elements; it counts as a site, so that whole designs are held out.

The main text: of a thread, its title and all posts, without names, dates and signatures; of questions, the question
and the answers, without remarks; of a listing, the entries with their descriptions, without filters and paging; of a
product, name, price, description and data, while reviews are comments; of manuals and encyclopaedias, all except contents,
edit links and links to the next page; of tables and code, all of it. Comments of readers are labelled as comments.
"""

from __future__ import annotations

import html
import random
from collections.abc import Callable, Iterator
from typing import NamedTuple

from examples.bundled_models.extraction.pages import Page
from examples.bundled_models.extraction.phrases import LANGUAGES, Phrases

N_DESIGNS = 4


MAIN, COMMENT = "\ue000", "\ue001"
"""Private characters that mark each line of main text and of comments in the marked copy of a page."""


class Made(NamedTuple):
    """A generated page.

    Args:
        page: the page as a reader sees it, with its main text as gold.
        marked: the same page with every line of main text and of comments marked; its blocks are those of `page`, in order.
    """

    page: Page
    marked: str


def made_pages(n_each: int = 11, seed: int = 0) -> Iterator[Made]:
    """Yield `n_each` pages of each kind and design, in each language in turn."""
    for kind in KINDS:
        for design in range(N_DESIGNS):
            for number in range(n_each):
                language = list(LANGUAGES)[number % len(LANGUAGES)]
                yield _make(kind, design, language, random.Random(f"{seed} {kind} {design} {number}"))


def _make(kind: str, design: int, language: str, chance: random.Random) -> Made:
    writer = Writer(LANGUAGES[language], design, chance)
    title = writer.title()
    body = KINDS[kind](writer, title)
    page = writer.around(title, body)
    name, clean = f"{kind}-{design}-{language}", page.replace(MAIN, "").replace(COMMENT, "")
    return Made(Page(name, f"{kind}-{design}.made", clean, (), (), "\n".join(writer.main), f"made: {kind}"), page)


_NAMES = (  # the names of the same things in the four designs
    {"wrap": "container", "main": "content", "side": "sidebar", "nav": "navbar", "item": "item", "meta": "meta", "text": "text"},
    {"wrap": "site", "main": "entry-content", "side": "widget-area", "nav": "menu", "item": "post", "meta": "byline",
     "text": "body"},
    {"wrap": "css-1x9", "main": "css-7ab", "side": "css-k3w", "nav": "css-0pq", "item": "css-4zz", "meta": "css-9mn",
     "text": "css-2rt"},
    {"wrap": "w", "main": "main", "side": "rightcol", "nav": "topnav", "item": "box", "meta": "info", "text": "txt"},
)  # fmt: skip
_TAGS = (
    {"main": "div", "item": "div", "text": "div"}, {"main": "article", "item": "section", "text": "div"},
    {"main": "main", "item": "div", "text": "p"}, {"main": "td", "item": "div", "text": "div"},
)  # fmt: skip


class Writer:
    """Write a page and record which of its lines are main text."""

    def __init__(self, phrases: Phrases, design: int, chance: random.Random):
        self.phrases, self.design, self.chance = phrases, design, chance
        self.main: list[str] = []

    # ------------------------------------------------------------------ words

    def title(self) -> str:
        return f"{self.chance.choice(self.phrases.titles)} {self.chance.randrange(2, 99)}"

    def sentence(self) -> str:
        return self.chance.choice(self.phrases.sentences)

    def paragraph(self, least: int = 1, most: int = 5) -> str:
        return self.phrases.space.join(self.sentence() for _ in range(self.chance.randint(least, most)))

    def person(self) -> str:
        return self.chance.choice(("Mara K.", "otto77", "J. Fields", "river_fan", "Ewa", "admin", "T. Okafor", "li.na"))

    def date(self) -> str:
        return f"{self.chance.randint(1, 28)}.{self.chance.randint(1, 12)}.20{self.chance.randint(10, 24)}"

    # ------------------------------------------------------------------ elements

    def keep(self, text: str) -> str:
        """Record a line of main text, and return it as HTML with its mark."""
        self.main.append(text)
        return MAIN + html.escape(text)

    def comment(self, text: str) -> str:
        """Return a line of a comment as HTML with its mark."""
        return COMMENT + html.escape(text)

    def box(self, role: str, inside: str) -> str:
        tag = _TAGS[self.design].get(role, "div")
        tag = "div" if tag == "td" else tag
        return f'<{tag} class="{_NAMES[self.design].get(role, role)}">{inside}</{tag}>\n'

    def links(self, n: int, tag: str = "li") -> str:
        words = [self.chance.choice(self.phrases.menu) for _ in range(n)]
        return "".join(f'<{tag}><a href="/{i}">{html.escape(word)}</a></{tag}>' for i, word in enumerate(words))

    def meta(self) -> str:
        return self.box("meta", f'<a href="/u">{self.person()}</a> <span>{self.date()}</span>')

    def paragraphs(self, n: int) -> str:
        return "".join(f"<p>{self.keep(self.paragraph())}</p>\n" for _ in range(n))

    def heading(self, level: int, text: str) -> str:
        return f"<h{level}>{self.keep(text)}</h{level}>\n"

    # ------------------------------------------------------------------ the page around

    def around(self, title: str, body: str) -> str:
        """Return the whole page: menu, sometimes a side column, related links and a footer around the body."""
        names, chance = _NAMES[self.design], self.chance
        menu = f'<ul class="{names["nav"]}">{self.links(chance.randint(4, 10))}</ul>'
        related = "".join(
            f'<div class="{names["item"]}"><h3><a href="/r{i}">{html.escape(self.title())}</a></h3>'
            f"<p>{html.escape(self.sentence())}</p></div>" for i in range(chance.randint(0, 4))
        )  # fmt: skip
        side = f'<div class="{names["side"]}"><h4>{self.phrases.menu[0]}</h4><ul>{self.links(6)}</ul>{related}</div>'
        banner = (
            f'<div id="cookie">{html.escape(self.sentence())} <button>OK</button></div>'
            if chance.random() < 0.4
            else ""
        )
        footer = f"<footer><p>© 2024 {self.person()}</p><ul>{self.links(4)}</ul></footer>"
        inside = self.box("main", body)
        if self.design == 3:
            columns = f"<table><tr><td width=160>{side}</td><td>{inside}</td></tr></table>"
        else:
            columns = side + inside if chance.random() < 0.3 else inside + side
        head = f"<title>{html.escape(title)} | {self.phrases.menu[0]}</title>"
        head_line = f"<header><a href='/'>Logo</a>{menu}</header>" if self.design != 3 else menu
        wrapped = f'<div class="{names["wrap"]}">{head_line}{columns}{footer}</div>'
        return f"<!doctype html><html><head>{head}</head><body>{banner}{wrapped}</body></html>"


# ---------------------------------------------------------------------- kinds


def _article(w: Writer, title: str) -> str:
    remarks = "".join(
        w.box("comment", w.meta() + f"<p>{w.comment(w.paragraph(1, 3))}</p>") for _ in range(w.chance.randint(0, 5))
    )
    return w.heading(1, title) + w.meta() + w.paragraphs(w.chance.randint(2, 8)) + f'<div id="comments">{remarks}</div>'


def _forum(w: Writer, title: str) -> str:
    posts = []
    for _ in range(w.chance.randint(3, 9)):
        inside = w.box("text", w.keep(w.paragraph(1, 4))) if w.design != 1 else w.paragraphs(w.chance.randint(1, 3))
        signature = f"<div class=signature><i>{html.escape(w.sentence())}</i></div>" if w.chance.random() < 0.3 else ""
        posts.append(w.box("item", w.meta() + inside + signature + f"<ul class=buttons>{w.links(2)}</ul>"))
    pager = f"<div class=pagination>{w.links(3, 'span')}</div>"
    return w.heading(1, title) + pager + "".join(posts) + pager


def _questions(w: Writer, title: str) -> str:
    def post(label: str) -> str:
        remarks = "".join(f"<li>{w.comment(w.sentence())} – {w.person()}</li>" for _ in range(w.chance.randint(0, 3)))
        code = f"<pre><code>{w.keep(_code(w))}</code></pre>" if w.chance.random() < 0.5 else ""
        return (
            f'<div class="{label}"><div class=votes>{w.chance.randrange(40)}</div>'
            + w.box("text", w.paragraphs(2) + code)
            + (w.meta() + f"<ul class=comments>{remarks}</ul></div>")
        )

    return w.heading(1, title) + post("question") + "".join(post("answer") for _ in range(w.chance.randint(1, 4)))


def _listing(w: Writer, title: str) -> str:
    filters = f"<form><h4>{w.phrases.menu[7 % len(w.phrases.menu)]}</h4><ul>{w.links(5)}</ul></form>"
    entries = "".join(
        w.box("item", f'<h3><a href="/e{i}">{w.keep(w.title())}</a></h3><p>{w.keep(w.sentence())}</p>' + w.meta())
        for i in range(w.chance.randint(5, 15))
    )
    return w.heading(1, title) + filters + entries + f"<div class=pager>{w.links(4, 'span')}</div>"


def _product(w: Writer, title: str) -> str:
    rows = "".join(
        f"<tr><td>{w.keep(w.chance.choice(w.phrases.titles))}</td><td>{w.keep(f'{w.chance.randrange(10, 900)} mm')}</td></tr>"
        for _ in range(w.chance.randint(3, 8))
    )
    points = "".join(f"<li>{w.keep(w.sentence())}</li>" for _ in range(w.chance.randint(2, 6)))
    reviews = "".join(
        w.box("review", w.meta() + f"<p>{w.comment(w.paragraph(1, 2))}</p>") for _ in range(w.chance.randint(0, 4))
    )
    price = f"<div class=price>{w.keep(f'{w.chance.randrange(5, 900)},90 €')}</div><button>{w.phrases.menu[1]}</button>"
    return w.heading(1, title) + price + w.paragraphs(2) + f"<ul>{points}</ul><table>{rows}</table>" + reviews


def _manual(w: Writer, title: str) -> str:
    contents = f'<div class="toc"><ul>{w.links(8)}</ul></div>' if w.design != 2 else ""
    parts = [w.heading(1, title)]
    for _ in range(w.chance.randint(2, 5)):
        parts += [w.heading(2, w.title()), w.paragraphs(w.chance.randint(1, 3)), f"<pre>{w.keep(_code(w))}</pre>"]
        parts.append("<ol>" + "".join(f"<li>{w.keep(w.sentence())}</li>" for _ in range(3)) + "</ol>")
    return contents + "".join(parts) + f"<div class=prevnext>{w.links(2, 'span')}</div>"


def _wiki(w: Writer, title: str) -> str:
    facts = "".join(
        f"<tr><th>{w.keep(w.chance.choice(w.phrases.titles))}</th><td>{w.keep(w.date())}</td></tr>" for _ in range(4)
    )
    edit = f'<span class="editsection">[<a href="/edit">{w.phrases.menu[3]}</a>]</span>'
    sections = "".join(
        f"<h2>{w.keep(w.title())}</h2>{edit}" + w.paragraphs(w.chance.randint(1, 3))
        for _ in range(w.chance.randint(2, 5))
    )
    sources = "".join(f"<li>{w.keep(f'{w.person()}: {w.title()}')}</li>" for _ in range(4))
    return (
        w.heading(1, title)
        + f"<table class=infobox>{facts}</table>"
        + w.paragraphs(2)
        + sections
        + f"<ol>{sources}</ol>"
    )


def _office(w: Writer, title: str) -> str:
    parts = [w.heading(1, title), w.paragraphs(1)]
    for number in range(w.chance.randint(2, 6)):
        parts.append(f"<h3>{w.keep(f'§ {number + 1} {w.title()}')}</h3>")
        parts.append(
            "<ol>" + "".join(f"<li>{w.keep(w.paragraph(1, 2))}</li>" for _ in range(w.chance.randint(1, 4))) + "</ol>"
        )
    hours = "<br>".join(w.keep(f"{day}: 8–12") for day in ("Mo", "Di", "Mi"))
    return f"<ol class=breadcrumb>{w.links(3)}</ol>" + "".join(parts) + f"<address>{hours}</address>"


def _table(w: Writer, title: str) -> str:
    head = "".join(f"<th>{w.keep(word)}</th>" for word in w.chance.sample(w.phrases.titles, 3))
    rows = "".join(
        "<tr>" + "".join(f"<td>{w.keep(str(w.chance.randrange(10, 99999)))}</td>" for _ in range(3)) + "</tr>"
        for _ in range(w.chance.randint(5, 25))
    )
    return w.heading(1, title) + w.paragraphs(1) + f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _program(w: Writer, title: str) -> str:
    parts = "".join(
        w.paragraphs(1) + f"<pre><code>{w.keep(_code(w))}</code></pre>" for _ in range(w.chance.randint(1, 4))
    )
    return w.heading(1, title) + w.meta() + parts


def _code(w: Writer) -> str:
    lines = (
        "def measure(path):", "    with open(path) as file:", "        return sum(1 for _ in file)", "for name in names:",
        "    print(name, measure(name))", "if total > limit:", "    raise ValueError(total)", "x = table[row][column] * 2",
        "SELECT name, depth FROM wells WHERE depth > 10;", "git commit -m 'fix the cable'",
    )  # fmt: skip
    return "\n".join(w.chance.choice(lines) for _ in range(w.chance.randint(2, 9)))


KINDS: dict[str, Callable[[Writer, str], str]] = {
    "article": _article, "forum": _forum, "questions": _questions, "listing": _listing, "product": _product,
    "manual": _manual, "wiki": _wiki, "office": _office, "table": _table, "program": _program,
}  # fmt: skip
"""The kinds of pages, and the function that writes the body of each."""
