"""Train the extraction model, and say how good it is on pages of sites it has not seen.

    pip install 'curate[train-extraction]'
    python -m curate.models.extraction --pages FOLDER [--folds 5] [--model FILE]

`FOLDER` holds `trafilatura-eval/` and `readability/` as described in the model's card. The teachers' answers are kept
in `--answers`, so that only the first run takes their time.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

from curate.kernels.blocks import choose
from curate.kernels.blocks.model import save
from curate.models.extraction.evaluate import cross_validate, kept_texts, scores
from curate.models.extraction.examples import Example, block_texts, make_example, read
from curate.models.extraction.fit import Sizes, fit
from curate.models.extraction.labels import label
from curate.models.extraction.pages import Page, segment_pages, whole_pages
from curate.models.extraction.teachers import ask


def main() -> None:
    """Train, cross-validate, write the model."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=Path, required=True)
    parser.add_argument("--answers", type=Path, default=Path("teachers.jsonl.gz"))
    parser.add_argument("--folds", type=int, default=5, help="0: only train")
    parser.add_argument("--model", type=Path, default=None, help="where to write the model trained on all pages")
    asked = parser.parse_args()
    pages = [*whole_pages(asked.pages / "readability"), *segment_pages(asked.pages / "trafilatura-eval")]
    examples, blocks = make_examples(pages, asked.answers)
    sizes = Sizes()
    if asked.folds:
        held = cross_validate(examples, [], sizes, asked.folds, say)
        texts = kept_texts(held, blocks, choose.BETA_SQUARED, choose.LEAST, choose.MOST)
        print("| pages | n | precision | recall | F |\n|---|---|---|---|---|")
        for kind, (n, p, r, f) in scores(pages, texts).items():
            print(f"| {kind} | {n} | {p:.4f} | {r:.4f} | {f:.4f} |")
    if asked.model is not None:
        save(fit(examples, sizes), asked.model)
        data = asked.model.read_bytes()
        print(f"{asked.model}: {len(data) / 1024:.0f} KB, sha256 {hashlib.sha256(data).hexdigest()}")


def make_examples(pages: list[Page], answers: Path) -> tuple[list[Example], list[list[str]]]:
    """Return the labelled examples of pages, and the texts of their blocks."""
    examples, blocks = [], []
    for page, said in zip(pages, ask((page.html for page in pages), answers), strict=True):
        html = page.html.encode("utf-8", "replace")
        t = read(html)
        if t is None:
            raise SystemExit(f"{page.name} has more blocks or elements than the byte pass takes.")
        blocks.append(block_texts(t))
        examples.append(make_example(page.site, html, t, label(page, blocks[-1], said)))
    return examples, blocks


def say(line: str) -> None:
    """Tell whoever waits."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
