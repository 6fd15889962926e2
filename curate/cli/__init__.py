"""The command line: parse, call, print. Data goes to stdout, talk to stderr."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

import typer

from curate.classifiers.commands import app as classifier

app = typer.Typer(
    name="curate",
    help="Turn raw web crawl into training data for language models, and prove what was done.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(classifier)

Recipe = Annotated[str, typer.Argument(metavar="PIPELINE", help="The recipe, a YAML file.")]
RunUrl = Annotated[str, typer.Argument(metavar="RUN", help="The run folder.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a value of the recipe: filters.gopher.quality.min_words=30. Repeatable.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", metavar="GLOB|URL", help="Read these instead of the recipe's inputs. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Executor(StrEnum):
    """Where tasks run."""

    local = "local"


@app.command()
def run(
    pipeline: Recipe,
    input: Inputs = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="The run folder; runs/<name> (a trial: runs/<name>-limit<n>) if not given.",
        ),
    ] = "",
    set: Settings = None,
    executor: Annotated[Executor, typer.Option(help="Where tasks run.")] = Executor.local,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 takes the recipe's number, else one a core.")] = 0,
    limit: Annotated[
        int,
        typer.Option(
            min=0,
            max=1 << 40,
            help="Trial run, in a folder of its own: read at most this many documents, spread over the shards.",
        ),
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Run a recipe. Work that is done already, for the same recipe, code and input, is not done again."""
    from curate.engine.run import run as run_recipe
    from curate.report import terminal

    with terminal.watching() as watch, _stopped_by_the_user():
        url = run_recipe(
            pipeline,
            output=output,
            settings=set or (),
            input_paths=input or (),
            workers=workers,
            limit=limit,
            watch=watch,
        )
    if as_json:
        _print_json(terminal.summary(url))
    else:
        terminal.print_run(url)


@app.command()
def plan(
    pipeline: Annotated[str, typer.Argument(metavar="PIPELINE", help="The recipe, a YAML file.")] = "",
    input: Inputs = None,
    set: Settings = None,
    probe: Annotated[
        bool,
        typer.Option("--probe", help="Try the recipe on a few MiB of its input, and forecast disk, memory and time."),
    ] = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of recipes, for editors.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a recipe would do, before anything is spent: stages, phases, tasks, columns, errors."""
    from curate.report import terminal

    if schema:
        from curate import spec

        _print_json(spec.json_schema())
        return
    if not pipeline:
        raise typer.BadParameter("name a recipe, or ask for --schema", param_hint="PIPELINE")
    from curate.engine.run import prepare

    planned = prepare(pipeline, settings=set or (), input_paths=input or ())
    expected = None
    if probe:
        from curate.engine import forecast

        expected = forecast.probe(planned)
    if as_json:
        _print_json(terminal.plan_summary(planned, expected))
    else:
        terminal.print_plan(planned, expected)


@app.command()
def stats(run: RunUrl, as_json: AsJson = False) -> None:
    """Show the funnel of a finished run: what each stage kept, dropped and why."""
    from curate.report import terminal

    if as_json:
        _print_json(terminal.summary(run))
    else:
        terminal.print_run(run)
        terminal.print_counts(run)


@app.command()
def explain(
    run: RunUrl,
    id: Annotated[str, typer.Argument(metavar="ID", help="The document's id, or its URL.")],
    as_json: AsJson = False,
) -> None:
    """Show what became of one document, with the numbers that decided."""
    from curate.report import fate, terminal

    found = fate.find(run, id)
    if as_json:
        _print_json(found)
    else:
        terminal.print_fate(found)


@app.command()
def stages(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="A stage, for its help.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """List the stages that recipes can use, or show one."""
    from curate import extensions, registry
    from curate.report import terminal

    if name:
        extensions.import_from(["."])
        stage = registry.find(name, modules=(name.partition(".")[0],))
        _print_json(terminal.stage_summary(stage)) if as_json else terminal.print_stage(stage)
    else:
        catalogue = registry.catalogue()
        _print_json(
            [terminal.stage_summary(stage) for stage in catalogue.values()]
        ) if as_json else terminal.print_catalogue(catalogue)


assets_app = typer.Typer(
    help="Named lists from elsewhere: fetched once, then there without a network.", no_args_is_help=True
)
app.add_typer(assets_app, name="assets")

Names = Annotated[list[str], typer.Argument(metavar="NAME ...", help="Assets, as `curate assets list` names them.")]


@assets_app.command("list")
def list_assets(as_json: AsJson = False) -> None:
    """List what recipes can name as `asset:NAME`, with licence, size and whether it is here."""
    from curate.report import assets

    _print_json(assets.summary()) if as_json else assets.print_all()


@assets_app.command("fetch")
def fetch_assets(
    names: Names,
    source: Annotated[
        str, typer.Option("--from", metavar="URL|FILE", help="Fetch one asset from there: a mirror, or a file.")
    ] = "",
    update: Annotated[bool, typer.Option("--update", help="Fetch again what is here already.")] = False,
) -> None:
    """Fetch assets into the cache, and check them against the catalogue."""
    from curate.report import assets

    if source and len(names) > 1:
        raise typer.BadParameter("names one place for one asset", param_hint="--from")
    with _stopped_by_the_user():
        for name in names:
            assets.fetch(name, source, update=update or bool(source))


@assets_app.command("verify")
def verify_assets(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]")] = None) -> None:
    """Read fetched assets (all, if none is named) again, and compare their digests with those on record."""
    from curate.report import assets

    if not assets.verify(names or ()):
        raise typer.Exit(2)


@contextlib.contextmanager
def _stopped_by_the_user() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print("curate: stopped; finished tasks are kept, and running again goes on from there.", file=sys.stderr)
        raise typer.Exit(130) from None


def _print_json(data: object) -> None:
    import orjson

    print(orjson.dumps(data, default=str, option=orjson.OPT_INDENT_2).decode())


def main() -> None:
    """Run the command line; errors a user can mend end in a message, not in a traceback."""
    from curate.errors import CurateError

    try:
        app()
    except CurateError as error:
        print(f"curate: {error}" if "\n" not in str(error) else str(error), file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)

