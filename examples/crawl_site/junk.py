"""Make pages not to train on: spam, menus, consent walls, random words, tables of numbers, capitals, broken text."""

import html
import random

from crawl_site import press, texts
from crawl_site.page import FIRST_DUMP, SECOND_DUMP, Page

TOWNS = ("Dunmarrow", "Port Ansel", "Carrow", "Hallow", "Brackwater")
CASINO_NAMES = ("Lucky Reels", "Golden Herring", "Mega Spin Palace", "Captain Jackpot")
TABLES = {
    "tides": ("First low", "First high", "Second low", "Second high", "Range", "Sunrise", "Sunset"),
    "results": ("Swim", "Cycle", "Run", "Change", "Total", "Behind"),
    "prices": ("Cod", "Haddock", "Crab", "Prawns", "Mackerel"),
    "rainfall": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Year"),
}
SCRIPT = """const GRID = { step: 8, colour: '#ccc' };

export function draw(canvas, state) {
  if (!state.ready) { return { error: 'not ready', code: 17 }; }
  for (const row of state.rows) { canvas.line({ x: row.x, y: row.y, colour: GRID.colour }); }
  return { lines: state.rows.length };
}

export function snap(point) {
  const to = (value) => Math.round(value / GRID.step) * GRID.step;
  return { x: to(point.x), y: to(point.y) };
}

export class History {
  constructor(limit = 100) { this.past = []; this.future = []; this.limit = limit; }
  push(state) { this.past.push(structuredClone(state)); if (this.past.length > this.limit) { this.past.shift(); } }
  undo(state) { if (!this.past.length) { return state; } this.future.push(state); return this.past.pop(); }
  redo(state) { if (!this.future.length) { return state; } this.past.push(state); return this.future.pop(); }
}

canvas.addEventListener('pointermove', (event) => {
  if (event.buttons !== 1) { return; }
  const { x, y } = snap({ x: event.offsetX, y: event.offsetY });
  if (last && last.x === x && last.y === y) { return; }
  state.rows.push({ x, y }); last = { x, y }; requestAnimationFrame(() => draw(canvas, state));
});
"""
SPAM_HOSTS = {
    "casino": "lucky-reels-bonus.example",
    "pills": "cheap-tablets-4u.example",
    "keywords": "best-offers.example",
    "doorway": "local-plumbers-near-me.example",
    "scheme": "double-coins.example",
    "spun": "healthtips247.example",
    "links": "free-link-directory.example",
}


def pages() -> list[Page]:
    """Return all junk pages."""
    return spam() + walls() + mangled() + tables() + layouts()


def junk(url: str, kind: str, title: str, body: str, text: str = "", dump: str = FIRST_DUMP, **fields: object) -> Page:
    """Return a page with the simplest layout."""
    head = f'<head><meta charset="utf-8"><title>{title}</title></head>'
    markup = f'<!DOCTYPE html>\n<html lang="en">{head}\n<body>{body}</body></html>\n'
    return Page(
        url, kind, markup.encode("utf-8", "surrogatepass"), dump, language="en" if text else "", text=text, **fields
    )


def spam() -> list[Page]:
    """Return the spam texts, some of them in a copy for each of several towns or brands."""
    found = []
    for article in texts.articles("spam"):
        for number, text in enumerate(stamped(article.section, article.plain)):
            found.append(spam_page(article, text, number))
    return found


def spam_page(article: texts.Article, text: str, number: int) -> Page:
    """Return a page that repeats a spam text, with links to other spam, and its words again as invisible text."""
    chance = random.Random(f"{article.slug}{number}")
    words = text.split()
    repeated = text.splitlines() * (2 + number % 2)
    title = article.title.replace("Dunmarrow", TOWNS[number]) if article.section == "doorway" else article.title
    links = []
    for _ in range(60 if article.section == "links" else 14):
        target = f"http://{chance.choice(list(SPAM_HOSTS.values()))}/{chance.randrange(9999)}.html"
        links.append(f'<a href="{target}">{chance.choice(words)} {chance.choice(words)}</a>')
    hidden = " ".join(sorted(set(text.lower().split()))) * 3
    body = (
        f"<h1>{title}</h1><marquee>CLICK HERE</marquee>"
        + "".join(f"<p><font size=4>{html.escape(line)}</font></p>" for line in repeated)
        + " ".join(links)
        + f'<div style="position:absolute;left:-9999px">{hidden}</div>'
    )
    url = f"http://{SPAM_HOSTS[article.section]}/{article.slug}-{number}.html"
    dump = FIRST_DUMP if number % 2 else SECOND_DUMP
    page = junk(url, f"spam_{article.section}", title, body, "\n".join(repeated), dump)
    return page.changed(family=f"spam/{article.slug}")


def stamped(section: str, text: str) -> list[str]:
    """Return a copy of the text for each town or brand."""
    if section == "doorway":
        return [text.replace("Dunmarrow", town) for town in TOWNS]
    if section == "casino":
        return [text.replace("online casino bonus", f"{name} casino bonus", 2) for name in CASINO_NAMES]
    return (
        [text] if section in ("scheme", "links") else [text, text.replace("best", "top").replace("cheap", "low price")]
    )


def walls() -> list[Page]:
    """Return consent walls, pages that need a script, and log-in walls."""
    consent = texts.data("misc.yaml")["consent"]
    found = []
    for number, host in enumerate(("morning-post.example", "weather-plus.example", "fan-zone.example")):
        buttons = "<button>Accept all</button><button>Manage settings</button>"
        body = f'<div id="sp_message"><h2>We value your privacy</h2>{texts.to_html(consent)}{buttons}</div>'
        found.append(
            junk(f"https://{host}/story/{41 + number}", "consent_wall", f"{host} | Your privacy", body, consent)
        )
        script = "window.__STATE__={" + ",".join(f'"k{i}":[{i},{i * 7 % 31},null]' for i in range(400)) + "}"
        asked = "<noscript>Please enable JavaScript to continue using this application.</noscript>"
        body = f'{asked}<div id="root"></div><script>{script}</script>'
        found.append(junk(f"https://app.{host}/#/item/{number}".replace("#/", ""), "needs_script", "Loading…", body))
        body = (
            "<h1>This story is for members</h1><p>You have read 3 of 3 free articles this month. "
            "Subscribe from £1 a week, or log in if you are a member already.</p>"
        )
        found.append(junk(f"https://{host}/members/{number}", "paywall", "Subscribe", body, dump=SECOND_DUMP))
    return found


def mangled() -> list[Page]:
    """Return broken texts."""
    misc = texts.data("misc.yaml")
    words = misc["salad_words"].split()
    found = [
        junk(
            "http://www.dentist-elm-street.example/services",
            "lorem_ipsum",
            "Services",
            texts.to_html(misc["lorem"]),
            misc["lorem"],
        ).changed(language="la"),
        junk(
            "http://sailing-club.example/notices",
            "all_capitals",
            "NOTICES",
            texts.to_html(misc["shouting"]),
            misc["shouting"],
        ),
    ]
    for number in range(5):
        chance = random.Random(f"salad{number}")
        rows = [" ".join(chance.choice(words) for _ in range(chance.randrange(40, 120))) for _ in range(8)]
        text = "\n".join(row.capitalize() + "." for row in rows)
        found.append(
            junk(
                f"http://autoblog{number}.example/post-{chance.randrange(999)}",
                "word_salad",
                rows[0][:40],
                "".join(f"<p>{row}</p>" for row in text.splitlines()),
                text,
            )
        )
    for number, slug in enumerate(("nachtzug-rueckkehr", "streuobst", "moor-klima")):
        article = next(a for a in texts.articles("weltblick_de") if a.slug == slug)
        broken = (
            article.plain.encode().decode("cp1252", "replace")
            if number < 2
            else article.plain.encode("cp1252", "replace").decode("utf-8", "replace")
        )
        page = junk(
            f"http://presse-archiv.example/{slug}",
            "mojibake",
            slug,
            "".join(f"<p>{html.escape(row)}</p>" for row in broken.splitlines()),
            broken,
        )
        found.append(page.changed(language="de"))
    for number, article in enumerate(texts.articles("field_notes")[:3]):
        cut = article.plain[:260].rsplit(" ", 1)[0] + " … Read more »"
        found.append(junk(f"http://snippets.example/p/{number}", "teaser_only", article.title, f"<p>{cut}</p>", cut))
    return found + repeated_lines()


def repeated_lines() -> list[Page]:
    """Return pages that repeat themselves, or have line breaks in the wrong places."""
    plaque = "Subscribe to our channel and press the bell. Thank you for watching this video about lanterns."
    article = texts.articles("slow_kitchen")[1]
    split = "<br>\n".join(article.plain.replace("\n", " ").split())
    ruled = "\n".join(
        f"{'=' * 60}<br>{html.escape(row)}<br>{'-' * 60}<br>****<br>" for row in article.plain.splitlines()
    )
    spaced = " ".join(article.plain[:900])
    return [
        junk(
            "http://videos.example/watch?v=lantern",
            "repeated_lines",
            "Lantern video",
            f"<p>{plaque}</p>" * 45,
            "\n".join([plaque] * 45),
        ),
        junk(
            "http://videos.example/watch?v=lamp",
            "repeated_lines",
            "Lamp video",
            f"<p>{plaque.replace('lanterns', 'lamps')}</p>" * 30,
            "\n".join([plaque] * 30),
        ),
        junk("http://ocr.example/scan/17", "broken_lines", "Scan 17", f"<div>{split}</div>", article.plain),
        junk("http://ocr.example/scan/18", "separators", "Scan 18", f"<div>{ruled}</div>", article.plain),
        junk("http://ocr.example/scan/19", "letter_spaced", "Scan 19", f"<p>{html.escape(spaced)}</p>", spaced).changed(
            language=""
        ),
    ]


def tables() -> list[Page]:
    """Return tables of numbers: tides, results, prices, rain."""
    found = []
    for number, (name, columns) in enumerate(TABLES.items()):
        chance = random.Random(name)
        rows = []
        for row in range(90):
            cells = "".join(f"<td>{chance.randrange(10, 9999) / 100:.2f}</td>" for _ in columns)
            rows.append(f"<tr><td>{row + 1}</td>{cells}</tr>")
        heads = "<th>No.</th>" + "".join(f"<th>{column}</th>" for column in columns)
        body = f"<h1>{name.capitalize()} 2023</h1><table border=1><tr>{heads}</tr>{''.join(rows)}</table>"
        url = f"http://data.ansel.example/{name}.html"
        found.append(junk(url, "number_table", name, body, dump=(FIRST_DUMP, SECOND_DUMP)[number % 2]))
    return found


def layouts() -> list[Page]:
    """Return menus without content, a page of code, deeply nested elements, and a page that is mostly script."""
    menu = texts.data("generic_nav.yaml")
    found = []
    for name in ("harbour", "shop", "de", "zh"):
        items = "".join(
            f"<li><a href='/{i}/{j}'>{item} {j}</a></li>" for i, item in enumerate(menu[name]) for j in range(4)
        )
        found.append(junk(f"http://menus.example/{name}", "menu_only", "Menu", f"<ul>{items}</ul>"))
    parser = next(a for a in texts.articles("tin_bench") if a.slug == "writing-a-parser")
    body = f"<h1>lines.js</h1><pre>{html.escape(SCRIPT)}</pre><p>{{{{ footer.text }}}} {{% include 'nav' %}}</p>"
    found.append(junk("https://code.example/canvas/lines.js.html", "code", "lines.js", body))
    deep = "<div>" * 1500 + f"<p>{html.escape(parser.plain.splitlines()[0])}</p>" + "</div>" * 1500
    found.append(junk("http://nested.example/deep", "deep_nesting", "Deep", deep, parser.plain.splitlines()[0]))
    unclosed = "".join(
        f"<table><tr><td><b><p>{html.escape(row)}" for row in texts.articles("garden_howto")[2].plain.splitlines()
    )
    page = junk(
        "http://unclosed.example/kettle.htm",
        "near_duplicate",
        "Kettle",
        unclosed,
        texts.articles("garden_howto")[2].plain,
        dump=SECOND_DUMP,
    )
    return [*found, page.changed(family="howto.hearthandhome.example/descale-kettle"), bios()]


def bios() -> Page:
    """Return a page of three short biographies: good text, but short."""
    rows = texts.data("misc.yaml")["bios"]
    body = "<h1>Our writers</h1>" + "".join(f"<p>{row}</p>" for row in rows)
    page = junk(f"https://{next(iter(press.SITES))}/about", "short_text", "Our writers", body, "\n".join(rows))
    return page.changed(dump=SECOND_DUMP)
