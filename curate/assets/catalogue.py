"""The catalogue of assets: `catalogue.yaml`, read into `Asset`."""

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
    """One asset.

    Args:
        name: what recipes call it, after `asset:`.
        about: what it is, in a sentence.
        format: how its entries are written: `domains` (and URLs), `words`.
        licence: as its makers state it.
        origin: a page about it.
        url: where to fetch it; None if it comes with a package.
        sha256: of its bytes; None where the origin changes them: then the first fetch is trusted and recorded.
        size: in bytes, None where it changes.
        package, path: the installed package it comes with, and where in it.
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
        """Return the file if it comes with a package.

        Raises:
            InputError: the package has no such file; another version of it may.
        """
        if self.package is None:
            return None
        spec = importlib.util.find_spec(self.package)  # does not import it
        roots = (spec.submodule_search_locations or ()) if spec else ()
        for root in roots:
            if (file := Path(root) / self.path).is_file():
                return file
        raise InputError(
            f"{PREFIX}{self.name}: the package {self.package} {'holds no ' + self.path if spec else 'is not installed'}."
        )


@cache
def catalogue() -> Mapping[str, Asset]:
    """Return all assets by name."""
    import yaml

    entries = yaml.safe_load(Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8"))
    return {name: Asset(name, **entry) for name, entry in entries.items()}


def named(name: str) -> Asset:
    """Return an asset, with or without its prefix.

    Raises:
        InputError: there is none of that name.
    """
    name = name.removeprefix(PREFIX)
    if name not in catalogue():
        close = difflib.get_close_matches(name, catalogue(), 1)
        hint = f"Did you mean {close[0]}?" if close else "`curate assets list` shows all."
        raise InputError(f'no asset "{name}".  {hint}')
    return catalogue()[name]
