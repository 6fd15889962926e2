"""Read the catalogue of assets, `catalogue.yaml`."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from curate.errors import InputError

PREFIX = "asset:"


@dataclass(frozen=True, slots=True)
class Asset:
    """An asset: a word list or a block list.

    Args:
        name: its name in recipes, after `asset:`.
        about: a one-sentence description.
        format: what its entries are: `domains` (and URLs), or `words`.
        licence: as stated by its authors.
        origin: a web page about it.
        url: where it is downloaded from; None if it is part of a package.
        sha256: hex digest; None if the file changes at its origin: the digest of the first download is then recorded.
        size: number of bytes; None if it changes.
        package, path: the installed package it is part of, and its path in the package.
    """

    name: str
    about: str
    format: str
    licence: str
    origin: str
    url: str | None = None
    sha256: str | None = None
    size: int | None = None
    package: str | None = None
    path: str | None = None

    @property
    def in_package(self) -> Path | None:
        """Return the file of an asset that is part of a package; None for other assets.

        Raises:
            InputError: the package is not installed, or this version of it lacks the file.
        """
        if self.package is None:
            return None
        spec = importlib.util.find_spec(self.package)  # does not import it
        roots = (spec.submodule_search_locations or ()) if spec else ()
        for root in roots:
            if (file := Path(root) / self.path).is_file():
                return file
        raise InputError(
            f"{PREFIX}{self.name}: the package {self.package} "
            + (f"has no file {self.path}.  Install another version." if spec else "is not installed.  Install it.")
        )


@cache
def catalogue() -> Mapping[str, Asset]:
    """Return all assets by name."""
    import yaml

    entries = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
    return {name: Asset(name, **entry) for name, entry in entries.items()}


def named(name: str) -> Asset:
    """Return an asset by name, with or without the prefix `asset:`.

    Raises:
        InputError: there is no asset of this name.
    """
    name = name.removeprefix(PREFIX)
    if name not in catalogue():
        close = difflib.get_close_matches(name, catalogue(), 1)
        hint = f"Did you mean {close[0]}?" if close else "`curate assets list` shows all assets."
        raise InputError(f'no asset "{name}".  {hint}')
    return catalogue()[name]
