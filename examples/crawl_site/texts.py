"""Read the texts under `content/` and convert their simple markup into HTML and plain text."""

import html
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

CONTENT = Path(__file__).parent / "content"
# A sentence ends with an end mark and closing quotes before a capital or the end; Chinese and Japanese need no space.
SENTENCE = re.compile(r".+?(?:[.!?…؟]+[\"”“»)]*(?=\s+[^a-zà-ÿа-я\s]|\s*$)|[。！？]+[」』”）]*|$)")


@dataclass(frozen=True)
class Article:
    """One text with its metadata, from `content/<collection>.md`."""

    slug: str
    title: str
    author: str
    date: str
    section: str
    tags: tuple[str, ...]
    markup: str

    @property
    def plain(self) -> str:
        """The main text without markup, one line per block."""
        return "\n".join(plain_block(block) for block in blocks(self.markup))


def articles(collection: str) -> list[Article]:
    """Read all texts of one collection, in the order of the file."""
    found = []
    for slug, raw in entries(collection):
        head, _, markup = raw.partition("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines())
        found.append(
            Article(
                slug,
                fields["title"].strip('"') if fields["title"].count('"') == 2 else fields["title"],
                fields.get("author", ""),
                fields.get("date", "2023-11-20"),
                fields.get("section", fields.get("kind", "")),
                tuple(tag.strip() for tag in fields.get("tags", "").split(",") if tag),
                markup.strip(),
            )
        )
    return found


def threads() -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Read the forum: (slug, title, board, posts), each post a (user, text) pair."""
    found = []
    for slug, raw in entries("forum"):
        lines = raw.strip().splitlines()
        title, board = (line.split(": ", 1)[1] for line in lines[:2])
        posts = [tuple(line[3:].split(" | ", 1)) for line in lines[2:]]
        found.append((slug, title, board, posts))
    return found


def entries(collection: str) -> list[tuple[str, str]]:
    """Split a collection at its `=== slug` lines."""
    raw = (CONTENT / f"{collection}.md").read_text(encoding="utf-8")
    parts = re.split(r"^=== (\S+)\n", raw, flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def lines_of(name: str) -> list[str]:
    """Read a text file with one item per line."""
    return (CONTENT / name).read_text(encoding="utf-8").splitlines()


def data(name: str) -> object:
    """Read a YAML file."""
    return yaml.safe_load((CONTENT / name).read_text(encoding="utf-8"))


def blocks(markup: str) -> list[str]:
    """Split markup at blank lines; a block of indented code stays in one piece."""
    return [block for block in re.split(r"\n\s*\n(?!    )", markup.strip("\n")) if block.strip()]


def to_html(markup: str) -> str:
    """Convert markup into HTML: headings, lists, tables, code, bold, italics, paragraphs."""
    return "\n".join(html_block(block) for block in blocks(markup))


def html_block(block: str) -> str:
    """Convert one block into HTML."""
    rows = block.splitlines()
    if block.startswith("    "):
        code = "\n".join(row[4:] for row in rows)
        return f"<pre><code>{html.escape(code)}</code></pre>"
    if block.startswith("## "):
        return f"<h2>{inline(block[3:])}</h2>"
    if all(row.startswith("- ") for row in rows):
        return "<ul>" + "".join(f"<li>{inline(row[2:])}</li>" for row in rows) + "</ul>"
    if all(re.match(r"\d+\. ", row) for row in rows):
        return "<ol>" + "".join(f"<li>{inline(row.split('. ', 1)[1])}</li>" for row in rows) + "</ol>"
    if rows[0].startswith("|"):
        cells = [[inline(cell.strip()) for cell in row.strip("|").split("|")] for row in rows]
        body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in cells[2:])
        return "<table><tr>" + "".join(f"<th>{c}</th>" for c in cells[0]) + f"</tr>{body}</table>"
    return f"<p>{'<br>'.join(inline(row) for row in rows)}</p>"


def inline(text: str) -> str:
    """Escape text and convert `code`, **bold** and *italics* into tags."""
    text = html.escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    text = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)
    return re.sub(r"(?<![\w*])\*([^*\n]+)\*(?!\w)", r"<em>\1</em>", text)


def plain_block(block: str) -> str:
    """Return one block as a line of plain text."""
    if block.startswith("    "):
        return block
    rows = [re.sub(r"^(## |- |\d+\. )", "", row) for row in block.splitlines() if not row.startswith("|--")]
    text = " ".join(row.strip("| ").replace(" | ", " ") if row.startswith("|") else row for row in rows)
    return re.sub(r"`|\*\*|(?<![\w*])\*(?=\S)|(?<=\S)\*(?!\w)", "", text)


def first_and_last_sentence(text: str) -> tuple[str, str]:
    """Return the first sentence and the last one, each cut at 200 characters."""
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    if not rows:
        return "", ""
    return SENTENCE.findall(rows[0])[0].strip()[:200], SENTENCE.findall(rows[-1])[-1].strip()[-200:]
