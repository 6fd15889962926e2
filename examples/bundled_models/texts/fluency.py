"""Train `fluency`: prose against the results of bad extraction and bad writing; English."""

from __future__ import annotations

from curate.classifiers.examples import Examples
from examples.bundled_models.texts.damage import HELD_OUT, TRAINED, Operation, damage
from examples.bundled_models.texts.passages import english, labelled_pages
from examples.bundled_models.texts.recipe import Recipe, labelled
from examples.bundled_models.texts.sources import Data, passages


def examples(data: Data) -> Examples:
    """Return the training data of `fluency`: encyclopedia, reviews, news and abstracts, and damaged copies of them."""
    clean = english(data, 2500, 450)
    used = {name: clean[name] for name in ("enwiki", "imdb", "agnews")} | {"scifact": clean["scifact"][:1000]}
    whole = [text for texts in used.values() for text in texts]
    return labelled("fluent", used, _damaged(whole, TRAINED, 8000, 1))


def _damaged(texts: list[str], operations: tuple[Operation, ...], n: int, seed: int) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for made in damage(texts, [operation.__name__ for operation in operations], n, seed):
        found.setdefault(made.operation, []).append(made.text)
    return found


def others(data: Data) -> dict[str, Examples]:
    """Return test texts of other origins: with the damage of the training data, with other damage, and sentences of CoLA."""
    clean = english(data, 800, 450)
    calm = {name: clean[name] for name in ("books", "onestop")}
    pages = [part for page in labelled_pages(data) if page["good"] == "1" for part in passages([page["text"]], 450)[:2]]
    whole = [text for texts in calm.values() for text in texts]
    cola = data.rows("labels/fluency-cola.jsonl.gz")
    by_label = {label: [row["text"] for row in cola if row["metadata"]["label"] == label] for label in "01"}
    return {
        "books and news, damage as trained": labelled("fluent", calm, _damaged(whole, TRAINED, 1500, 2)),
        "books and news, other damage": labelled("fluent", calm, _damaged(whole, HELD_OUT, 1500, 3)),
        "good web pages (DCLM's judges), other damage": labelled(
            "fluent", {"dclm": pages}, _damaged(pages, HELD_OUT, 600, 4)
        ),
        "CoLA: acceptable as against not": labelled("fluent", {"cola": by_label["1"]}, {"cola": by_label["0"]}),
    }


RECIPE = Recipe(
    name="fluency",
    positive="fluent",
    examples=examples,
    others=others,
    aggregate="mean",
    use="`fluency_score` of English text, chunks of 2,000 characters, their mean. Below 0.5 is mostly menus, lists, lines cut "
    "off, text with lost or added spaces, wrong encoding, salad. Rank by it, or cut at 0.5.",
    limits="It tells running text from debris, not good grammar from bad: on CoLA it is no better than chance. Short texts "
    "(headlines, a sentence of news) score low; lists, tables, code and glossaries are debris to it whatever they are worth. "
    "Fluent nonsense, machine translation that reads well and spun text with fitting words score high; of the held-out "
    "operations `spun` and `typos` are hardest. Salad, menus, "
    "number tables and damaged pages of this project's example crawl as against its articles and manuals: ROC AUC 0.91, 140 "
    "pages; listings score low, spam in whole sentences does not. All visible text of 226 real pages as against their main text: ROC AUC 0.74 over 6,000 characters, 0.85 over the first 1,000. "
    "Text in other languages gets a low score for the wrong reason.",
)
