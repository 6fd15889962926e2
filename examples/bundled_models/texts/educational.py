"""Train `educational`: texts that explain or document, against chat, fiction, opinion, news and advertising; English."""

from __future__ import annotations

from random import Random

from curate.classifiers.examples import Examples
from curate.classifiers.linear import Features
from examples.bundled_models.texts.advertising import ours
from examples.bundled_models.texts.passages import english, labelled_pages
from examples.bundled_models.texts.recipe import Recipe, labelled
from examples.bundled_models.texts.sources import Data, sample


def examples(data: Data) -> Examples:
    """Return the training data of `educational`; the label of a text is that of its origin."""
    clean = english(data, 2000, 700)
    manuals = [row["text"][:900] for row in data.rows("neardup/powershell-docs.parquet")]
    abstracts = {
        name: [
            f"{row['title']}. {row['text']}"
            for row in data.rows(f"retrieval/{name}/corpus.jsonl.gz")
            if len(row["text"]) > 200
        ]
        for name in ("cacm", "cranfield")
    }
    sms, random = data.texts("labels/spam-sms.jsonl.gz"), Random(6)
    return labelled(
        "educational",
        {
            "enwiki": clean["enwiki"],
            "scifact": clean["scifact"],
            "powershell-docs": sample(manuals, 1000),
            **{name: found[:600] for name, found in abstracts.items()},
        },
        {
            "imdb": clean["imdb"],
            "books": clean["books"][:1200],
            "agnews": clean["agnews"],
            "spam-sms": ["\n".join(random.sample(sms, 8)) for _ in range(800)],
            "our advertising": ours(800),
        },
    )


def others(data: Data) -> dict[str, Examples]:
    """Return real web pages, of origins outside the training data: with our labels, and with those of DCLM's judges."""
    pages = labelled_pages(data)

    def by(key: str, yes: str, no: str) -> Examples:
        return labelled(
            "educational",
            {"dclm": [page["text"] for page in pages if page[key] in yes]},
            {"dclm": [page["text"] for page in pages if page[key] in no]},
        )

    return {
        "web pages, our labels: teaches (2) as against not at all (0)": by("educational", "2", "0"),
        "web pages, our labels: teaches (2) as against the rest": by("educational", "2", "01"),
        "web pages, DCLM's judges: good as against not": by("good", "1", "0"),
    }


RECIPE = Recipe(
    name="educational",
    positive="educational",
    examples=examples,
    others=others,
    features=Features(words=2, characters=4),
    penalty=1e-4,
    aggregate="mean",
    chunk=0,
    use="`educational_score` of English text, scored whole (`chunk: 0`). Rank by it; scores are extreme, and 0.5 keeps about "
    "two fifths of web pages.",
    limits="What it learned is the manner of encyclopedias, abstracts and manuals as against reviews, novels, news and chat. "
    "Dry pages that teach nothing (registries, agendas, terms of use, curricula vitae) score as high as lessons, lively "
    "explanations too low. Long texts do better than short ones. Our labels of web pages were given by one reader from "
    "their first 260 and some later characters; settings (characters, penalty, scoring whole) were chosen with them in view "
    "in about six looks, so that figure is somewhat too good. DCLM's judges meant something else by quality, and agree "
    "little.",
)
