"""Train the bundled text classifiers and write their cards.

python -m examples.bundled_models.texts --data FOLDER [--sets FOLDER] [--out FOLDER] [--only NAME ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from curate.classifiers.training import Trained, train
from examples.bundled_models.texts import adult, advertising, educational, fluency, judged, toxicity
from examples.bundled_models.texts.recipe import Recipe
from examples.bundled_models.texts.sources import Data

RECIPES = (
    toxicity.ENGLISH,
    toxicity.CHINESE,
    adult.RECIPE,
    advertising.RECIPE,
    fluency.RECIPE,
    educational.RECIPE,
)
MODELS = Path(str(files("curate.models")))


def make(recipe: Recipe, folder: Path, sets: Path, out: Path) -> tuple[Trained, str]:
    """Train one model and write it to `out`; return it and its card."""
    data = Data(folder)
    examples = recipe.examples(data)
    examples = replace(examples, origins=dict(sorted(data.read.items())))
    trained = train(examples, out / f"{recipe.name}.npz", settings=recipe.settings)
    figures = {"its own test part": judged.figures(recipe, trained.model, trained.parts["test"])}
    for name, part in judged.own(recipe, sets).items():
        figures[name] = judged.figures(recipe, trained.model, part)
    for name, other in recipe.others(data).items():
        figures[name] = judged.figures(recipe, trained.model, other)
    for name, parts in recipe.without.items():
        rest, held = parts(data)
        with tempfile.TemporaryDirectory() as there:
            model = train(rest, Path(there) / "without.npz", settings=recipe.settings).model
        figures[f"{name}, by a model trained without it"] = judged.figures(recipe, model, held)
    return trained, judged.card(recipe, trained, figures, judged.on_real_text(recipe, trained.model, data))


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m examples.bundled_models.texts", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with labels/, text/, lists/ ...")
    parser.add_argument("--sets", type=Path, default=Path("tests/models/sets"), help="our own test sets")
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--only", nargs="*", choices=[recipe.name for recipe in RECIPES])
    options = parser.parse_args(arguments)
    for recipe in RECIPES:
        if options.only is None or recipe.name in options.only:
            trained, card = make(recipe, options.data, options.sets, options.out)
            (options.out / f"{recipe.name}.md").write_text(card, encoding="utf-8")
            print(f"{recipe.name}\t{trained.path.stat().st_size}\t{trained.model.digest}", file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
