"""Evaluate the bundled classifiers on several sets, and write their cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from curate.classifiers import chunks, evaluation
from curate.classifiers.buffers import batch_of
from curate.classifiers.examples import Examples
from curate.classifiers.model import Model
from curate.classifiers.training import Trained
from curate.report import classifier_card as plain_card
from curate.report.classifier_tables import identity_rows, interval, number, table
from examples.bundled_models.texts.passages import labelled_pages
from examples.bundled_models.texts.recipe import Recipe
from examples.bundled_models.texts.sources import Data

POSITIVE = {"toxicity": "toxic", "toxicity_zh": "toxic", "adult": "adult", "advertising": "ad"}
"""Our own test sets, and the positive label of each."""

ORIGINS = {
    "toxicity-davidson": "t-davidson/hate-speech-and-offensive-language @ cb50f7e, MIT",
    "toxicity-cold-dev": "thu-coai/COLDataset @ a0c55a9, Apache-2.0",
    "spam-sms": "UCI SMS Spam Collection, by justmarkham/pycon-2016-tutorial @ 5339710, CC BY 4.0",
    "quality-dclm-human": "mlfoundations/dclm @ 361714b, MIT; the pages are their owners'",
    "fluency-cola": "nyu-mll/CoLA-baselines @ dd095d3, excerpts for research (judged on only)",
    "reading-level-onestop": "nishkalavallabhi/OneStopEnglishCorpus @ 37f8db3, CC BY-SA 4.0",
    "enwiki": "JohanMadsen/02807_Project @ acb54d6, Wikipedia, CC BY-SA 3.0",
    "zhwiki": "overweightbarracuda/science_fair2324 @ e65b1a1, Wikipedia, CC BY-SA 3.0",
    "imdb-sample": "aclImdb (Maas et al. 2011), by PVidyadhar/Detection-of-Fraud-apps-using-Sentiment-Analysis @ 81406d56e, research use",
    "agnews-test": "mhjabreel/CharCnn_Keras @ 555590d, non-commercial research",
    "thucnews-titles": "649453932/Chinese-Text-Classification-Pytorch @ 6cb2681, research use",
    "books": "Project Gutenberg by GITenberg, public domain",
    "tatoeba": "facebookresearch/LASER @ 74bc6ae, CC BY 2.0 FR",
    "corpus": "scifact, cacm, cranfield: sumithra-p-v/claimverifier @ b42f1c3 (ODC-By 1.0), castorini/anserini @ 81e341457 (Apache-2.0), oussbenk/cranfield-trec-dataset @ 1208e6e",
    "powershell-docs": "MicrosoftDocs/PowerShell-Docs @ 27138b21b, CC BY 4.0",
    "en": "bad words: LDNOOBW @ 5faf2ba, CC BY 4.0",
    "zh": "bad words: LDNOOBW @ 5faf2ba, CC BY 4.0",
    "urls": "adult: olbat/ut1-blacklists @ 804da92a, CC BY-SA 4.0",
    "porn-a": "konsheng/Sensitive-lexicon @ 5a8da94, MIT",
    "porn-b": "konsheng/Sensitive-lexicon @ 5a8da94, MIT",
    "advertising": "konsheng/Sensitive-lexicon @ 5a8da94, MIT",
}
"""The origin of a data file, by its name without extensions."""


def read_set(path: Path, positive: str) -> dict[str, Examples]:
    """Read one of our own test sets in two parts: `choose`, with which settings were chosen, and `judge`."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")[1:]]
    found = {}
    for part in ("choose", "judge"):
        own = [row for row in rows if row[0] == part]
        truth = np.array([row[1] == positive for row in own], bool)
        found[part] = Examples([row[3] for row in own], truth, positive, None, {"kind": [row[2] for row in own]})
    return found


def own(recipe: Recipe, sets: Path) -> dict[str, Examples]:
    """Return our own test set for a model, if there is one."""
    if recipe.name not in POSITIVE:
        return {}
    part = read_set(sets / f"{recipe.name}.tsv", POSITIVE[recipe.name])["judge"]
    return {"our own sentences": replace(part, positive=recipe.positive)}


def figures(recipe: Recipe, model: Model, examples: Examples) -> dict[str, Any]:
    """Evaluate a model on examples, scored as the stage scores them."""
    scores = evaluation.score(model, examples, recipe.chunk, recipe.aggregate)
    found = evaluation.evaluate(scores, examples, threshold=recipe.threshold, precision=0.95, bootstraps=200)
    return found | {"kinds": _kinds(scores >= recipe.threshold, examples)}


def _kinds(is_found: np.ndarray, examples: Examples) -> list[tuple[str, ...]]:
    """Return, for each kind of our own sentences, their number and the number found."""
    rows: dict[tuple[str, str], list[bool]] = {}
    for kind, is_positive, found in zip(examples.slices.get("kind", ()), examples.is_positive, is_found, strict=False):
        rows.setdefault((kind, examples.positive if is_positive else "not"), []).append(bool(found))
    return [(*key, str(len(found)), str(sum(found))) for key, found in rows.items()]


def on_real_text(recipe: Recipe, model: Model, data: Data) -> list[tuple[str, ...]]:
    """Return, for whole documents of several origins, quantiles of the score and the share at or above the threshold."""
    chinese = recipe.name.endswith("_zh")
    texts = {
        "thucnews": data.texts("text/thucnews-titles.jsonl.gz", 2000, 9),
        "zhwiki": data.texts("text/zhwiki.parquet", 1000, 9),
    }
    if not chinese:
        texts = {
            "enwiki, whole articles": data.texts("text/enwiki.parquet", 1000, 9),
            "imdb, whole reviews": data.texts("text/imdb-sample.parquet", 1000, 9),
            "agnews": data.texts("text/agnews-test.parquet", 1000, 9),
            "web pages (dclm)": [page["text"] for page in labelled_pages(data)],
        }
    rows = []
    for name, found in texts.items():
        scores = chunks.score(model, batch_of(found), recipe.chunk, recipe.aggregate)[0]
        there = scores[~np.isnan(scores)]
        quantiles = [number(q) for q in np.quantile(there, [0.1, 0.5, 0.9, 0.99])]
        rows.append((name, f"{len(found):,}", *quantiles, number(float((there >= recipe.threshold).mean()))))
    return rows


def card(recipe: Recipe, trained: Trained, sets: Mapping[str, Mapping[str, Any]], real: list[tuple[str, ...]]) -> str:
    """Return the card: that of `curate classifier train`, plus the sets of other origins and real text."""
    inside = sets["its own test part"]
    text = plain_card.card(trained, inside, use=recipe.use, limits=recipe.limits)
    rows = [
        (
            name,
            f"{f['n']:,}",
            f"{f['n_positive']:,}",
            f"{number(f['roc_auc'])} ({interval(f['roc_auc_interval'])})",
            *(
                f"{number(f['at_threshold'][k])} ({interval(f['at_threshold'][k + '_interval'])})"
                for k in ("precision", "recall")
            ),
        )
        for name, f in sets.items()
    ]
    at = f"at {recipe.threshold:g}"
    heads = ("set", "texts", "positive", "ROC AUC", f"precision {at}", f"recall {at}")
    added = ["## Other origins", table(heads, rows)]
    if own_set := sets.get("our own sentences"):
        added += [
            "Our own sentences (`tests/models/sets`, the part `judge`) by kind:",
            table(("kind", "label", "texts", "found"), own_set["kinds"]),
            table(*identity_rows(own_set["identity"])),
        ]
    added += [
        "## On whole documents",
        f"Scored as the stage does with `chunk: {recipe.chunk}`"
        + (f" ({'the highest' if recipe.aggregate == 'max' else 'their mean'} counts)." if recipe.chunk else "."),
        table(("origin", "texts", "10 %", "median", "90 %", "99 %", f"share {at} or more"), real),
        "## Where the data is from",
        table(("file", "origin and licence as stated"), _origins(trained)),
    ]
    before, mark, after = text.partition("## Intended use")
    return before + "\n\n".join(added) + "\n\n" + mark + after


def _origins(trained: Trained) -> list[tuple[str, str]]:
    names = [name.rsplit("/", 1)[-1].split(".")[0] for name in trained.parts["train"].origins]
    return [(name, ORIGINS.get(name, "see the data's README")) for name in dict.fromkeys(names)]
