"""Presets: files with values of parameters for each language (or each value of another column).

    filters.gopher.quality:
      zh: {min_stop_words: null, min_mean_word_length: null}

A recipe names one at a stage, `per: {language: fineweb2}`: one of the files in `curate/stages/filters/presets`, or the path
of a YAML file of the user's, relative to the recipe.
"""

from __future__ import annotations

from pathlib import Path

from curate import registry
from curate.errors import SpecError
from curate.spec import marks
from curate.spec.marks import Marked

FOLDER = Path(__file__).parent.parent / "stages" / "filters" / "presets"


def names() -> list[str]:
    """Return the names of the presets that ship with curate."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def of_stage(name: Marked, stage: str, recipe: str) -> Marked:
    """Return what a preset says of a stage: value -> parameters.

    Args:
        name: the name of a preset, or the path of a file.
        recipe: the path of the recipe.

    Raises:
        SpecError: there is no such preset or file, or it says nothing of the stage.
    """
    shipped, own = FOLDER / f"{name.value}.yaml", Path(recipe).parent / name.value
    path = shipped if name.value in names() else own
    if not path.is_file():
        raise SpecError(
            f'no preset "{name.value}".{registry.nearest(name.value, names())}  There is: {", ".join(names())}; your own is '
            "named by the path of its file, relative to the recipe.",
            name.place,
        )
    found = marks.load(str(path))
    stages = found.value if isinstance(found.value, dict) else {}
    if stage not in stages:
        raise SpecError(
            f"the preset {name.value} has no values for {stage}.  It has: {', '.join(stages) or 'none'}.", name.place
        )
    return stages[stage]
