"""The recipes that ship with curate: beside the package in a checkout, inside of it once installed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import curate
from curate import registry
from curate.errors import SpecError
from curate.spec import marks

INSTALLED = Path(curate.__file__).parent / "pipelines"
"""Where an installed package has them."""


def recipes() -> Mapping[str, Path]:
    """Return name -> file, sorted."""
    folder = INSTALLED if INSTALLED.is_dir() else INSTALLED.parent.parent / "pipelines"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def source_of(name: str) -> str:
    """Return the text of a recipe.

    Raises:
        SpecError: there is none of this name.
    """
    known = recipes()
    if name not in known:
        raise SpecError(
            f'no recipe "{name}" ships with curate.{registry.nearest(name, known)}  There is: {", ".join(known)}.'
        )
    return known[name].read_text(encoding="utf-8")


def description_of(name: str) -> str:
    """Return what a recipe says of itself.

    Raises:
        SpecError: there is none of this name.
    """
    return marks.parse(source_of(name), f"{name}.yaml").value["description"].value
