"""What the terminal shows of assets: the catalogue, the progress of a fetch, and what is wrong in the cache."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from curate import assets
from curate.cli.console import ERR, OUT
from curate.cli.progress import counting
from curate.errors import InputError
from curate.report.figures import size


def summary() -> list[dict[str, Any]]:
    """Return the catalogue as JSON-like data, with the state of the cache."""
    found = []
    for asset in assets.catalogue().values():
        held = assets.held(asset)
        try:
            file = str(assets.find(asset.name))
        except InputError:
            file = None
        found.append({**asdict(asset), "file": file, "fetched": asdict(held) if held else None})
    return found


def print_all() -> None:
    """Print the catalogue, two lines per asset."""
    found = summary()
    width = max(len(entry["name"]) for entry in found)
    for entry in found:
        fetched = entry["fetched"] or {}
        here = "in package" if entry["package"] else "here" if fetched else "not here"
        n_bytes = entry["size"] or fetched.get("size")
        OUT.print(f"{entry['name']:<{width}}  {here:<10}  {size(n_bytes) if n_bytes else '':>9}  {_digest(entry)}")
        OUT.print(f"    {entry['about']}; {entry['licence']}", style="dim")
    OUT.print(f"\nA recipe names one as asset:NAME.  The cache is {assets.folder()}", style="dim")


def _digest(entry: Mapping[str, Any]) -> str:
    if entry["package"]:
        return ""
    if entry["sha256"]:
        return f"digest {entry['sha256'][:12]}"
    return (
        f"digest {entry['fetched']['sha256'][:12]}, of the first fetch"
        if entry["fetched"]
        else "digest set by the first fetch"
    )


def fetch(name: str, source: str, *, update: bool) -> None:
    """Fetch one asset and report it on stderr; an asset that is in the cache is fetched again only if `update`.

    Args:
        name: of the asset, with or without `asset:`.
        source: a mirror or a file; empty for the URL of the catalogue.
    Raises:
        InputError: there is no such asset, or it cannot be fetched.
    """
    name = name.removeprefix(assets.PREFIX)
    asset = assets.catalogue().get(name)
    if asset and not update and assets.held(asset):
        ERR.print(f"{name}: is here already; --update fetches it again")
        return
    before = assets.held(asset) if asset else None
    with counting(name, None, size) as moved:
        made = assets.fetch(name, source, moved)
    if made is None:
        ERR.print(f"{name}: comes with the package {asset.package}, nothing to fetch")
        return
    known = "as in the catalogue" if asset.sha256 else "recorded; the catalogue knows none"
    changed = f", was {before.sha256[:12]}" if before and before.sha256 != made.sha256 else ""
    ERR.print(f"{name}: {size(made.size)} from {made.url}, digest {made.sha256[:12]} {known}{changed}")


def verify(names: Sequence[str]) -> bool:
    """Check assets, all fetched ones by default; print one line each, and return whether all have the right digest."""
    wanted = names or [asset.name for asset in assets.catalogue().values() if assets.held(asset)]
    is_fine = True
    for name in wanted:
        wrong = assets.verify(name)
        is_fine &= wrong is None
        advice = f".  Fetch it again: curate assets fetch --update {name}" if wrong else ""
        OUT.print(f"{name}: {wrong or 'as it should be'}{advice}")
    if not wanted:
        OUT.print("nothing was fetched yet")
    return is_fine
