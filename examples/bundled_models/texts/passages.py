"""Real texts by origin, in passages; several of the models are trained or evaluated on them."""

from __future__ import annotations

from pathlib import Path

from examples.bundled_models.texts.sources import Data, passages, sample

LABELS = Path(__file__).parent / "pages.tsv"
"""Our labels of the pages of DCLM's study: id, advertising 0 to 2, educational 0 to 2."""


def english(data: Data, n: int, length: int, seed: int = 0) -> dict[str, list[str]]:
    """Return `n` passages of about `length` characters from each English origin of clean prose."""
    wiki = data.texts("text/enwiki.parquet", 1500, seed)
    books = [row["text"] for row in data.rows("text/books.parquet") if row["metadata"]["lang"] == "en"]
    imdb = [text.replace("<br />", "\n") for text in data.texts("text/imdb-sample.parquet", 3000, seed)]
    found = {
        "enwiki": passages(wiki, length),
        "imdb": passages(imdb, length),
        "agnews": data.texts("text/agnews-test.parquet"),
        "books": passages(
            [text.replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n") for text in books], length
        ),
        "onestop": passages(data.texts("labels/reading-level-onestop.jsonl.gz"), length),
        "scifact": [f"{row['title']}. {row['text']}" for row in data.rows("retrieval/scifact/corpus.jsonl.gz")],
    }
    return {name: sample(texts, n, seed) for name, texts in found.items()}


def labelled_pages(data: Data) -> list[dict[str, str]]:
    """Return each page of DCLM's human-judgement study once: `text`, `good` (by their judges), and our labels."""
    ours = {}
    for line in LABELS.read_text(encoding="utf-8").split("\n")[1:]:
        if line:
            name, advertising, educational = line.split("\t")
            ours[name] = {"advertising": advertising, "educational": educational}
    found = {}
    for row in data.rows("labels/quality-dclm-human.jsonl.gz"):
        if row["text"] not in found and row["id"] in ours:
            found[row["text"]] = {"text": row["text"], "good": row["metadata"]["label"], **ours[row["id"]]}
    return list(found.values())
