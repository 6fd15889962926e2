"""`curate run | plan | stages`: parse, call, print."""

from __future__ import annotations

from typing import Annotated

import typer

Recipe = Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe (YAML file).")]
RunUrl = Annotated[str, typer.Argument(metavar="RUN", help="The run folder: a path or a URL.")]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Override a value of the recipe, such as filters.gopher.quality.min_words=30, quality.threshold#2.max=0.5 or "
        "sources.jsonl.fields.text=content. Repeatable.",
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        "-i",
        metavar="[LABEL=]PATH",
        help="Read this file, glob, URL or folder instead of the recipe's inputs; of a folder, the files "
        "that the source reads. LABEL says which input, if there are several. Repeatable.",
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="STAGE", help="Leave out a stage, by its label in `curate plan`. Repeatable."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


Executor = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        help="Where tasks run, instead of the recipe's executor: local, or module.function of your own.",
        show_default=False,
    ),
]
Modules = Annotated[
    list[str] | None,
    typer.Option(
        "--module",
        metavar="NAME",
        help="A module of your own that brings file formats or report sections; from the current folder. Repeatable.",
    ),
]


def run(
    recipe: Recipe,
    input: Inputs = None,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="The run folder. By default runs/<name>, or runs/<name>-limit<n> for a trial run.",
        ),
    ] = "",
    set: Settings = None,
    skip: Skip = None,
    executor: Executor = "",
    workers: Annotated[
        int, typer.Option(min=0, help="Worker processes; 0 takes the recipe's number, or one per core.")
    ] = 0,
    limit: Annotated[
        int,
        typer.Option(
            min=0,
            max=1 << 40,
            help="Trial run in a separate folder: read this many documents, spread over the input; 0 reads all. Several inputs give equal numbers. Fewer are read where an input has less than its part, or a `sample`.",
        ),
    ] = 0,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace the result if the folder has a run of another recipe.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Take no results over from the run folders beside this one.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="With an executor that runs tasks later: wait until the run is finished.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a recipe. Tasks that are finished, here or in a run folder beside it, are not repeated if nothing has changed."""
    from curate.cli import progress
    from curate.cli.console import ERR, print_json

    with progress.watching_run(recipe) as watch, progress.stopped_by_the_user():
        from curate.engine.run import run as run_recipe

        url = run_recipe(
            recipe,
            output=output,
            settings=set or (),
            input_paths=input or (),
            skip=skip or (),
            executor=executor,
            workers=workers,
            limit=limit,
            replace=replace,
            fresh=fresh,
            watch=watch,
        )
    from curate.cli import show_run
    from curate.report import finished_run

    if not finished_run.is_finished(url) and wait:
        from curate.cli import show_status
        from curate.engine import following

        with progress.stopped_by_the_user():
            following.wait(url, show_status.print_changes)
    if not finished_run.is_finished(url):  # the executor runs its tasks later
        ERR.print(f"submitted; how far it is: curate status {url}")
        return
    if as_json:
        print_json(show_run.summary(url))
    else:
        show_run.print_run(url, modules=finished_run.modules_of(url))
    finished = finished_run.read(url)
    if not finished.ledger.n_out and not finished.manifest["allow_empty"]:
        ERR.print(f"curate: {finished.ledger.why_empty()}  If that is right, set allow_empty: true.")
        raise typer.Exit(1)


def plan(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe (YAML file).")] = "",
    input: Inputs = None,
    set: Settings = None,
    skip: Skip = None,
    executor: Executor = "",
    probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Run the recipe on a few MiB of its input, drawn from all of it, and forecast documents, disk space, memory and time; files and row groups that can only be read whole are read whole.",
        ),
    ] = False,
    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Say what is done already in this run folder and those beside it, and what each phase costs.",
        ),
    ] = "",
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of recipes, for editors that check YAML.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what a recipe would do, without running it: stages, phases, tasks, columns, errors."""
    from curate.cli.console import ERR, print_json

    if schema:
        from curate import spec

        print_json(spec.json_schema())
        return
    if not recipe:
        raise typer.BadParameter("name a recipe, or use --schema", param_hint="RECIPE")
    from curate.cli import show_plan
    from curate.engine.planning import prepare

    planned = prepare(
        recipe, settings=set or (), input_paths=input or (), skip=skip or (), executor=executor, output=output
    )
    for warning in planned.warnings:
        ERR.print(f"curate: {warning}")
    expected = None
    if probe:
        from curate.engine import forecast

        expected = forecast.probe(planned, tell=ERR.print)
    standings = None
    if output:
        from curate.engine import standing
        from curate.runs import RunFolder

        standings, said = standing.of_plan(planned, RunFolder(output))
        for message in said:
            ERR.print(f"curate: {message}")
    if as_json:
        print_json(show_plan.plan_summary(planned, expected, standings))
    else:
        show_plan.print_plan(planned, expected, standings)


def stages(
    name: Annotated[
        str,
        typer.Argument(
            metavar="[NAME|WORD]", help="Show this stage, or list those that are about a word.", show_default=False
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the stages that recipes can use, search them, or show one in detail."""
    from curate import extensions, registry
    from curate.cli import show_stages
    from curate.cli.console import print_json
    from curate.errors import SpecError

    catalogue = registry.catalogue()
    families = {each.partition(".")[0] for each in catalogue}
    is_name = name in catalogue or ("." in name and name.partition(".")[0] not in families)
    found = {} if is_name else show_stages.about(catalogue, name)
    if is_name or ("." in name and not found):  # one of ours or of the user's, or a datatrove block; or a mistake
        extensions.import_from(["."])
        stage = registry.find(name, modules=(name.partition(".")[0],))
        print_json(show_stages.stage_summary(stage)) if as_json else show_stages.print_stage(stage)
    elif not found:
        near = registry.nearest(name, [*catalogue, *families])
        raise SpecError(
            f'no stage has "{name}" in its name, summary, purpose or reasons.{near}  `curate stages` lists them.'
        )
    elif as_json:
        print_json([show_stages.stage_summary(catalogue[each]) for each in found])
    elif name:
        show_stages.print_found([catalogue[each] for each in found], found)
    else:
        show_stages.print_catalogue(catalogue)


def importable(modules: list[str] | None) -> list[str]:
    """Make modules in the current folder importable, and return their names."""
    from curate import extensions

    extensions.import_from(["."])
    return modules or []
