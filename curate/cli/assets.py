"""`curate assets list | fetch | verify`: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="assets", help="Named lists from elsewhere: fetched once, then there without a network.", no_args_is_help=True
)
Names = Annotated[list[str], typer.Argument(metavar="NAME ...", help="Assets, as `curate assets list` names them.")]


@app.command("list")
def list_assets(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List what recipes can name as `asset:NAME`, with licence, size and whether it is here."""
    from curate.cli import show_assets
    from curate.cli.console import print_json

    print_json(show_assets.summary()) if as_json else show_assets.print_all()


@app.command("fetch")
def fetch_assets(
    names: Names,
    source: Annotated[
        str, typer.Option("--from", metavar="URL|FILE", help="Fetch one asset from there: a mirror, or a file.")
    ] = "",
    update: Annotated[bool, typer.Option("--update", help="Fetch again what is here already.")] = False,
) -> None:
    """Fetch assets into the cache, and check them against the catalogue."""
    from curate.cli import progress, show_assets

    if source and len(names) > 1:
        raise typer.BadParameter("names one place for one asset", param_hint="--from")
    with progress.stopped_by_the_user():
        for name in names:
            show_assets.fetch(name, source, update=update or bool(source))


@app.command("verify")
def verify_assets(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]")] = None) -> None:
    """Read fetched assets (all, if none is named) again, and compare their digests with those on record."""
    from curate.cli import show_assets

    if not show_assets.verify(names or ()):
        raise typer.Exit(2)
