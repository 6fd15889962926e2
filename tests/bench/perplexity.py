"""Does perplexity tell text from no text, and how fast is it?

    python -m tests.bench.perplexity

A small bigram model over words (`tests.reference.arpa`) learns from Wikipedia articles; KenLM scores others, film
reviews, and what is left of both when their words are shuffled in each line, when every word is another one of the same
corpus, when letters inside words are shuffled, and when only every tenth line of tables and names is left ("keywords").
AUC: how often a text has a lower perplexity than the ruin of one, 0.5 by chance. Speed is that of the whole stage, with
and without CCNet's normalisation, beside KenLM alone on lines that are ready to score.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from curate.batch import Batch
from curate.stages.quality._kenlm import _WORD_OR_MARK, ccnet_text
from curate.stages.quality.perplexity import perplexity
from tests.bench.heuristics import as_batch, cut
from tests.bench.real_data import need_real_data
from tests.reference.arpa import Bigrams

N_LEARNT, N_JUDGED = 2500, 800


def main() -> None:
    """Print the tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    folder = need_real_data() / "text"
    articles = [cut(text) for text in _column(folder / "enwiki.parquet") if len(text) > 500]
    reviews = [text.replace("<br />", "\n") for text in _column(folder / "imdb-sample.parquet")[:N_JUDGED]]
    lines = (_words(line) for text in articles[:N_LEARNT] for line in text.splitlines())
    with tempfile.TemporaryDirectory() as scratch:
        model = Bigrams((line for line in lines if line), min_count=2).write(Path(scratch) / "wiki.arpa")
        judge = perplexity(model=str(model))
        judge.setup()
        print("| texts | documents | median |", *(f"AUC, {name} |" for name in RUINS))
        print("|---|---|---|" + "---|" * len(RUINS))
        for name, texts in (("Wikipedia, held back", articles[N_LEARNT:][:N_JUDGED]), ("film reviews", reviews)):
            print_auc(judge, name, texts)
        print_speed(str(model), articles[:N_JUDGED])


def print_auc(judge: perplexity, name: str, texts: list[str]) -> None:
    """Print how well perplexity tells texts from what is left of them."""
    whole = _of(judge, texts)
    found = []
    for ruin in RUINS.values():
        chance = random.Random(1)
        vocabulary = [word for text in texts for word in text.split()]
        ruined = _of(judge, [ruin(text, vocabulary, chance) for text in texts])
        found.append((whole[:, None] < ruined[None, :]).mean())
    print(f"| {name} | {len(texts)} | {np.median(whole):,.0f} |", *(f"{auc:.3f} |" for auc in found), flush=True)


def _line_by_line(change: Callable[[list[str]], list[str]], text: str) -> str:
    return "\n".join(" ".join(change(line.split(" "))) for line in text.splitlines())


def shuffled(text: str, vocabulary: list[str], chance: random.Random) -> str:
    """The words of each line in another order."""
    return _line_by_line(lambda words: chance.sample(words, len(words)), text)


def salad(text: str, vocabulary: list[str], chance: random.Random) -> str:
    """As many words, each any one of the corpus, as often as there."""
    return _line_by_line(lambda words: chance.choices(vocabulary, k=len(words)), text)


def scrambled(text: str, vocabulary: list[str], chance: random.Random) -> str:
    """The letters of every word in another order."""
    return _line_by_line(lambda words: ["".join(chance.sample(word, len(word))) for word in words], text)


def keywords(text: str, vocabulary: list[str], chance: random.Random) -> str:
    """What a menu has of a text: words with a capital, joined by bars."""
    return " | ".join(word for word in text.split() if word[:1].isupper()) or "Menu"


RUINS = {"shuffled": shuffled, "salad": salad, "scrambled": scrambled, "keywords": keywords}


def print_speed(model: str, texts: list[str]) -> None:
    """Print documents a second: the bare library, and the stage."""
    batch = as_batch(texts)
    lines = [" ".join(_words(line)) for text in texts for line in text.splitlines() if line.strip()]
    stages = [perplexity(model=model, ccnet_text=is_on) for is_on in (False, True)]
    for stage in stages:
        stage.setup()
    bare = stages[0].judge.model
    works: list[tuple[str, Callable[[], object]]] = [
        ("KenLM alone, lines ready to score", lambda: [bare.score(line) for line in lines]),
        ("stage, plain text", lambda: stages[0](batch)),
        ("stage, text as for CCNet", lambda: stages[1](batch)),
    ]
    print(f"\n| {len(batch)} documents of {batch.n_bytes / len(batch):,.0f} bytes | docs/s |\n|---|---|")
    for name, work in works:
        print(f"| {name} | {len(batch) / min(_seconds(work) for _ in range(3)):,.0f} |")


def _of(judge: perplexity, texts: list[str]) -> np.ndarray:
    return Batch.numbers(judge(as_batch(texts)), "perplexity")


def _words(line: str) -> list[str]:
    return _WORD_OR_MARK.findall(ccnet_text(line))


def _column(path: Path) -> list[str]:
    return pq.read_table(path, columns=["text"]).column("text").to_pylist()


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
