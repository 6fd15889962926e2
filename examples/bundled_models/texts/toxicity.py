"""Train `toxicity`: insults, threats and hate in English; `toxicity_zh`: offensive Chinese."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from random import Random

from curate.classifiers.examples import Examples
from curate.classifiers.linear import Features
from examples.bundled_models.texts.grammar import expand, lists
from examples.bundled_models.texts.recipe import Recipe, labelled
from examples.bundled_models.texts.sources import Data, passages, sample, sentences, tweet

DAVIDSON = "labels/toxicity-davidson.jsonl.gz"
COLD = "labels/toxicity-cold-dev.jsonl.gz"
DIALECT = re.compile(
    r"\b(ain'?t|finna|tryna|y'?all|gon|wanna|dat|dis|dem|dey|da|bruh|homie|shawty|bouta|ima|imma|lil|yo|nah|mane|"
    r"aint|bout|doe|tho|fam|cuz|turnt|on fleek|he be|she be|they be|we be)\b",
    re.I,
)
"""Spellings and forms that are frequent in African-American English online, among others."""

ORDINARY = 40
"""A listed word that occurs more often than this in 2,500 Wikipedia articles is also used politely, and is not planted."""


def tweets(data: Data) -> tuple[list[str], list[str]]:
    """Return the tweets labelled hateful or offensive, and those labelled neither."""
    rows = [(tweet(row["text"]), row["metadata"]["label"] != "neither") for row in data.rows(DAVIDSON)]
    return [text for text, bad in rows if bad and text], [text for text, bad in rows if not bad and text]


def threads(texts: Sequence[str], n: int, seed: int) -> list[str]:
    """Return `n` texts of 4 to 12 short texts, one on each line, so that long texts of both labels are trained on."""
    random = Random(seed)
    return ["\n".join(random.sample(texts, random.randint(4, 12))) for _ in range(n)]


def ours() -> tuple[list[str], list[str]]:
    """Return sentences from our own grammar: offensive ones, and harmless ones with the same words."""
    grammar = lists("toxicity")
    return expand(grammar, "toxic", 9000, 0), expand(grammar, "benign", 4000, 1)


def harmless(data: Data) -> dict[str, list[str]]:
    """Return texts by origin that are assumed to be harmless; nearly all of them are."""
    imdb = [text.replace("<br />", "\n") for text in data.texts("text/imdb-sample.parquet")]
    wiki = data.texts("text/enwiki.parquet", 1500, 1)
    tatoeba = [row["text"] for row in data.rows("langid/tatoeba.parquet") if row["metadata"]["lang"] == "eng"]
    return {
        "imdb": sample(sentences(imdb), 5000) + sample(passages(imdb, 700), 1500),
        "enwiki": sample(sentences(wiki), 5000) + sample(passages(wiki, 900), 1500),
        "spam-sms": data.texts("labels/spam-sms.jsonl.gz"),
        "agnews": data.texts("text/agnews-test.parquet", 3000),
        "tatoeba": tatoeba,
    }


def examples(data: Data) -> Examples:
    """Return the training data of `toxicity`."""
    bad, neither = tweets(data)
    insults, mild = ours()
    found = labelled(
        "toxic",
        {"davidson": bad + threads(bad, 1500, 0), "our own": insults + threads(insults, 500, 1)},
        {
            "davidson": neither * 2 + threads(neither, 800, 2),
            "our own": mild * 2 + threads(mild, 300, 3),
            **harmless(data),
        },
    )
    spoken = [
        None if origin != "davidson" else "with marks of dialect" if DIALECT.search(text) else "without"
        for text, origin in zip(found.texts, found.slices["origin"], strict=True)
    ]
    return replace(found, slices={**found.slices, "tweets": spoken})


def without_tweets(data: Data) -> tuple[Examples, Examples]:
    """Return training data without the labelled tweets, and the tweets as test data.

    The training data is our grammar, and harmless texts in which bad words were planted.
    """
    insults, mild = ours()
    clean = harmless(data)
    short = [text for name in ("spam-sms", "tatoeba") for text in clean[name]] + mild + clean["imdb"][:4000]
    words = data.lines("lists/badwords/en.txt")
    planted = _planted(short, _impolite(words, data.texts("text/enwiki.parquet", 2500)), 18000)
    bad, neither = tweets(data)
    train = labelled(
        "toxic",
        {"our own": insults + threads(insults, 500, 1), "bad words": words * 3 + planted},
        {"our own": mild * 2 + threads(mild, 300, 3), **clean, "again": short},
    )
    return train, labelled("toxic", {"davidson": bad}, {"davidson": neither})


def _impolite(words: Sequence[str], articles: Sequence[str]) -> list[str]:
    counts: Counter[str] = Counter()
    for article in articles:
        found = re.findall(r"[a-z&'-]+", article.lower())
        counts.update(found)
        counts.update(" ".join(pair) for pair in itertools.pairwise(found))
    return [word for word in words if counts[word] <= ORDINARY]


def _planted(texts: Sequence[str], words: Sequence[str], n: int) -> list[str]:
    random, found = Random(3), []
    for text in random.choices(texts, k=n):
        tokens = text.split()
        for _ in range(random.choice([1, 1, 2])):
            word = random.choice(words)
            tokens.insert(
                random.randint(0, len(tokens)), word + random.choice(["", "", "es" if word[-1] == "s" else "s"])
            )
        found.append(" ".join(tokens))
    return found


def chinese(data: Data, topics: Sequence[str] = ("race", "region", "gender")) -> Examples:
    """Return the training data of `toxicity_zh`: COLD, with news titles and an encyclopedia as harmless texts."""
    rows = [row for row in data.rows(COLD) if row["metadata"]["topic"] in topics]
    bad = [row["text"] for row in rows if row["metadata"]["label"] == "1"]
    good = [row["text"] for row in rows if row["metadata"]["label"] == "0"]
    return labelled(
        "toxic",
        {"cold": bad + threads(bad, 300, 0)},
        {
            "cold": good + threads(good, 300, 1),
            "thucnews": data.texts("text/thucnews-titles.jsonl.gz", 1500),
            "zhwiki": sample(passages(data.texts("text/zhwiki.parquet", 1500, 1), 150), 1500),
        },
    )


def without_topic(topic: str):
    """Return a function that returns COLD without one of its topics for training, and that topic."""

    def parts(data: Data) -> tuple[Examples, Examples]:
        rest = [name for name in ("race", "region", "gender") if name != topic]
        rows = [row for row in data.rows(COLD) if row["metadata"]["topic"] == topic]
        held = {label: [row["text"] for row in rows if row["metadata"]["label"] == label] for label in "01"}
        return chinese(data, rest), labelled("toxic", {"cold": held["1"]}, {"cold": held["0"]})

    return parts


def chinese_others(data: Data) -> dict[str, Examples]:
    """Return a list of Chinese curses, and news titles that were not trained on: another origin, but no sentences."""
    words = data.lines("lists/badwords/zh.txt")
    return {
        "list of curses beside news titles": labelled(
            "toxic", {"list": words}, {"thucnews": data.texts("text/thucnews-titles.jsonl.gz")[1500:3000]}
        )
    }


ENGLISH = Recipe(
    name="toxicity",
    positive="toxic",
    examples=examples,
    others=lambda data: {},
    without={"davidson": without_tweets},
    features=Features(words=1, characters=0),
    use="`toxic_score` of English text, `chunk: 2000`, the highest chunk counts. From 0.5 on a page holds an open insult, "
    "a slur or a threat; at that cut next to none of 3,500 articles, reviews and web pages were found. It is a baseline "
    "made of single words: good enough to take out open abuse, not to judge people.",
    limits="It knows words, not sentences. Abuse without a rude word (sarcasm, veiled threats, contempt for groups in polite "
    "words) gets by, and so do misspelled and starred-out words. Profanity that harms nobody scores high in short texts, as "
    "does talk about dogs and donkeys in the words of breeders; quotes and reclaimed slurs count as abuse. The tweets were "
    "labelled by crowd workers who are known to have called African-American English offensive more often than it is; the "
    "table by `tweets` shows false-positive rates on harmless ones with its marks beside others. Identity terms alone "
    "hardly move the score, because our grammar uses them in harmless sentences, but our own sentences are few. The "
    "sentences and the grammar have the same author, though the sentences were written first: the figure on davidson, by "
    "a model that saw no tweet, is the only one of a wholly foreign origin. Its settings (single words, how many words "
    "are planted) were chosen with davidson in view, in about six looks; without them it was 0.76 to 0.85. Its own test part shares tweets (joined to threads) and templates with what was trained on; that figure says little. "
    "IMDb, Wikipedia "
    "and SMS are trained on as harmless; the 99 % quantiles of those rows are not of a foreign origin.",
)
CHINESE = Recipe(
    name="toxicity_zh",
    positive="toxic",
    examples=chinese,
    others=chinese_others,
    without={f"cold, {topic}": without_topic(topic) for topic in ("race", "region", "gender")},
    features=Features(words=2, characters=3),
    use="`toxic_score` of Chinese text. A model of its own, because single words work best in English and n-grams of "
    "characters in Chinese. Cut at 0.5 where recall matters, at 0.9 for few mistakes.",
    limits="Trained on questions and answers about race, region and gender (COLD); what it says of other abuse is a guess "
    "(list of curses: most score below 0.9). COLD's harmless texts name the same groups, so identity terms are partly "
    "accounted for. Held-out topics are of the same site and annotators, hence no foreign origin; our own fifty-two "
    "sentences are, and there it stays below the 0.85 it reaches on two of three topics: curses and threats in plain words "
    "are rare in COLD, where offence is mostly contempt for groups. Traditional characters were hardly seen.",
)
