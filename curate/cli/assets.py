"""`curate assets list | fetch | verify`: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(
    name="assets",
    help="Block lists and word lists of other projects: fetch them once, use them offline.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Names = Annotated[
    list[str], typer.Argument(metavar="NAME ...", help="Names of assets; `curate assets list` lists them.")
]


@app.command("list")
def list_assets(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the assets that recipes can use as `asset:NAME`, with licence, size and whether they are in the cache."""
    from curate.cli import show_assets
    from curate.cli.console import print_json

    print_json(show_assets.summary()) if as_json else show_assets.print_all()


@app.command("fetch")
def fetch_assets(
    names: Names,
    source: Annotated[
        str,
        typer.Option(
            "--from", metavar="URL|FILE", help="Fetch the asset from this mirror or file; only with one NAME."
        ),
    ] = "",
    update: Annotated[bool, typer.Option("--update", help="Fetch assets again that are in the cache.")] = False,
) -> None:
    """Fetch assets into the cache, and check them against the catalogue."""
    from curate.cli import progress, show_assets

    if source and len(names) > 1:
        raise typer.BadParameter("it fetches one asset, so give one NAME", param_hint="--from")
    with progress.stopped_by_the_user():
        for name in names:
            show_assets.fetch(name, source, update=update or bool(source))


@app.command("verify")
def verify_assets(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]")] = None) -> None:
    """Compare the digests of fetched assets, all by default, with the recorded ones."""
    from curate.cli import show_assets

    if not show_assets.verify(names or ()):
        raise typer.Exit(2)
