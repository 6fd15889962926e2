"""Train the extraction model, and score it on pages of sites that it was not trained on.

    pip install 'curate[train-extraction]'
    python -m examples.bundled_models.extraction --pages FOLDER --crawls FOLDER [--folds 5] [--model FILE]

The first folder contains `trafilatura-eval/`, `readability/` and `webmainbench-sample.jsonl.gz`, as the card of the model
describes; the last one is only scored. The second folder contains the crawl files whose pages `gold` labels. In addition,
generated pages are trained on and scored (`made`), and some real pages are trained on a second time with their words in
another script (`transfer`). The answers of the teachers are stored in `--answers`, so that only the first run takes the
time for them (five minutes); a fold takes about one minute of one core.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from curate.kernels.blocks import select_blocks
from curate.kernels.blocks.model import save
from examples.bundled_models.extraction.evaluate import cross_validate, kept_texts, table
from examples.bundled_models.extraction.examples import (
    Example,
    block_texts,
    made_example,
    make_example,
    moved_example,
    read,
)
from examples.bundled_models.extraction.fit import Sizes, fit
from examples.bundled_models.extraction.gold import gold_examples, gold_pages
from examples.bundled_models.extraction.labels import label
from examples.bundled_models.extraction.made import made_pages
from examples.bundled_models.extraction.pages import Page, benchmark_pages, script_of, segment_pages, whole_pages
from examples.bundled_models.extraction.teachers import ask
from examples.bundled_models.extraction.transfer import SCRIPTS

MOVED_EACH = 5
"""One in this many real pages is also trained on in another script."""

PEERS = ("trafilatura", "resiliparse")


def main() -> None:
    """Cross-validate, train, write the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--crawls", type=Path, required=True)
    parser.add_argument("--answers", type=Path, default=Path("teachers.jsonl.gz"))
    parser.add_argument("--folds", type=int, default=5, help="0: only train")
    parser.add_argument("--model", type=Path, default=None, help="where to write the model trained on all pages")
    asked = parser.parse_args()
    made, gold = list(made_pages()), list(gold_pages(asked.pages, asked.crawls))
    pages = [
        *whole_pages(asked.pages / "readability"), *segment_pages(asked.pages / "trafilatura-eval"),
        *benchmark_pages(asked.pages / "webmainbench-sample.jsonl.gz"),
    ]  # fmt: skip
    ours = [*(g.page for g in gold), *(m.page for m in made)]
    said = ask((page.html for page in (*pages, *ours)), asked.answers)
    read_by_us = {g.page.html for g in gold}
    examples = make_examples(pages, said, lambda page: page.kind == "webmainbench" or page.html in read_by_us)
    examples += [*gold_examples(gold), *(made_example(m) for m in made)]
    pages += ours
    extra = move(examples)
    if asked.folds:
        held = cross_validate(examples, extra, Sizes(), asked.folds, say)
        blocks = [block_texts(read(example.html)) for example in examples]
        texts = {
            "blocks": kept_texts(held, blocks, select_blocks.BETA_SQUARED, select_blocks.LEAST, select_blocks.MOST)
        }
        texts |= {peer: [answers[peer] for answers in said] for peer in PEERS}
        report(pages, texts)
    if asked.model is not None:
        save(fit([e for e in (*examples, *extra) if e.labels.weight.any()], Sizes()), asked.model)
        data = asked.model.read_bytes()
        print(f"{asked.model}: {len(data) / 1024:.0f} KB, sha256 {hashlib.sha256(data).hexdigest()}")


def make_examples(
    pages: Sequence[Page], said: Sequence[dict[str, str]], is_only_scored: Callable[[Page], bool]
) -> list[Example]:
    """Return the labelled examples of real pages; pages that are only scored have labels of weight 0."""
    examples = []
    for page, answers in zip(pages, said, strict=False):
        html = page.html.encode("utf-8", "replace")
        t = read(html)
        if t is None:
            raise SystemExit(f"{page.name} has more blocks or elements than the byte pass takes.")
        labels = label(page, block_texts(t), answers)
        if is_only_scored(page):
            labels = labels._replace(weight=np.zeros_like(labels.weight))
        examples.append(make_example(page.site, html, t, labels))
    return examples


def move(examples: Sequence[Example]) -> list[Example]:
    """Return some of the real examples with their words in other scripts, each script in turn."""
    real = [e for e in examples if e.labels.weight.any() and not e.site.endswith(".made")][::MOVED_EACH]
    moved = (moved_example(example, SCRIPTS[i % len(SCRIPTS)]) for i, example in enumerate(real))
    return [example for example in moved if example is not None]


def report(pages: Sequence[Page], texts: dict[str, list[str]]) -> None:
    """Print the scores by kind and by script, and how many texts are empty or tiny."""
    print("\n".join(table(pages, texts, lambda page: page.kind)), end="\n\n")
    print("\n".join(table(pages, texts, lambda page: f"{page.kind.split(':')[0]}, {script_of(page)}")), end="\n\n")
    tiny = [
        page.name
        for page, own, *peers in zip(pages, *texts.values(), strict=True)
        if len(own) < 250 and min(map(len, peers)) > 500
    ]
    print(f"under 250 characters where both peers have over 500: {len(tiny)} of {len(pages)} {tiny[:10]}")


def say(line: str) -> None:
    """Print a progress message to stderr."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
