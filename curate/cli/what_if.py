"""`curate stats RUN --what-if | --sweep | --target-kept`: parse, call, print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from curate.statistics.what_if.changes import Compiled

GROUP = "What if"


def not_empty(context: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Refuse an option that was given without a value, such as `--by ''`: it would be taken as not given."""
    if value == "" and context.get_parameter_source(param.name).name == "COMMANDLINE":
        raise typer.BadParameter("expected a value, got an empty one")
    return value


Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--what-if",
        metavar="PATH=VALUE",
        help="Show what another value in the recipe would have given, such as filters.gopher.quality.min_words=30; paths as "
        "for `curate run --set`. From the record of the run, so only for filters that compare measurements; else --exact. "
        "Repeatable: the changes hold together.",
        rich_help_panel=GROUP,
    ),
]
Sweep = Annotated[
    str,
    typer.Option(
        callback=not_empty,
        metavar="PATH=FROM:TO:STEP",
        help="Show it for many values, such as filters.gopher.quality.min_words=10:100:10, or =10,20,50. Changes given with "
        "--what-if hold for all of them.",
        show_default=False,
        rich_help_panel=GROUP,
    ),
]
TargetKept = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="With --sweep PATH (and no values): find the value that keeps this share of all documents read, 0-1.",
        show_default=False,
        rich_help_panel=GROUP,
    ),
]
Exact = Annotated[
    bool,
    typer.Option(
        "--exact",
        help="With --what-if: run the changed recipe in a folder beside the run, compare document by document, and remove "
        "the folder; with --output it stays. Takes any change of the stages.",
        rich_help_panel=GROUP,
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        callback=not_empty,
        metavar="DIR",
        help="With --exact: the new run folder; nothing may be in it.",
        show_default=False,
        rich_help_panel=GROUP,
    ),
]
Write = Annotated[
    str,
    typer.Option(
        callback=not_empty,
        metavar="FILE",
        help="Write what the run had with the changes of --what-if, or with the value that --target-kept found, as a recipe: its "
        "file, with its comments, and with what the run had by options.",
        show_default=False,
        rich_help_panel=GROUP,
    ),
]
Replace = Annotated[
    bool, typer.Option("--replace", help="With --write: overwrite FILE if it exists.", rich_help_panel=GROUP)
]


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a run; the fields are the options."""

    changes: Sequence[str] = ()
    sweep: str = ""
    target_kept: float | None = None
    exact: bool = False
    output: str = ""
    write: str = ""
    replace: bool = False

    @property
    def is_any(self) -> bool:
        """Whether anything was asked."""
        return self != Asked()


def answer(run: str, asked: Asked, modules: Sequence[str], *, as_json: bool) -> None:
    """Answer, and print it.

    Args:
        modules: of the user's that may be imported.
    """
    _check(asked)
    if asked.exact:
        _run_it(run, asked, modules, as_json)
    elif asked.target_kept is not None:
        _find(run, asked, modules, as_json)
    elif asked.sweep:
        _sweep(run, asked, modules, as_json)
    elif asked.changes:
        _tell(run, asked, modules, as_json)


def _check(asked: Asked) -> None:
    if asked.target_kept is not None and (not asked.sweep or "=" in asked.sweep):
        raise typer.BadParameter(
            "name the parameter: --target-kept 0.4 --sweep STAGE.PARAM", param_hint="--target-kept"
        )
    if asked.target_kept is None and not asked.sweep and not asked.changes:
        raise typer.BadParameter("say what is to change: --what-if PATH=VALUE", param_hint="--what-if")
    if asked.exact and (asked.sweep or not asked.changes):
        raise typer.BadParameter("runs one changed recipe; give its changes with --what-if, and no --sweep", param_hint="--exact")  # fmt: skip
    if asked.output and not asked.exact:
        raise typer.BadParameter("is the run folder of --exact; --write FILE writes a recipe", param_hint="--output")
    if asked.write and asked.sweep and asked.target_kept is None:
        raise typer.BadParameter("a sweep has many recipes; give one with --what-if, or --target-kept", param_hint="--write")  # fmt: skip
    if asked.replace and not asked.write:
        raise typer.BadParameter("is for --write", param_hint="--replace")


def _compiled(run: str, modules: Sequence[str]) -> Compiled:
    from curate.engine import rerun
    from curate.report import finished_run
    from curate.runs import RunFolder
    from curate.statistics import corpus
    from curate.statistics.what_if import changes

    found = finished_run.read(run)
    documents = corpus.of_finished(RunFolder(run), found.manifest, found.ledger)
    return changes.compile(documents, found.manifest["recipe"], rerun.recipe_path(run), modules)


def _tell(run: str, asked: Asked, modules: Sequence[str], as_json: bool) -> None:
    from curate.cli import show_what_if
    from curate.cli.console import print_json
    from curate.statistics.what_if import outcome

    compiled = _compiled(run, modules)
    (counter,) = outcome.outcomes(compiled.corpus, [compiled.changed(asked.changes)])
    found = outcome.described(compiled.corpus, counter)
    found["examples"] = outcome.examples(compiled.corpus, counter, show_what_if.EXAMPLES, modules)
    if as_json:
        print_json(found, is_document=True)
    else:
        show_what_if.print_outcome(found)
    _write(run, asked, asked.changes, "--what-if")


def _sweep(run: str, asked: Asked, modules: Sequence[str], as_json: bool) -> None:
    from curate.cli import show_what_if
    from curate.cli.console import print_json
    from curate.statistics.what_if import values

    param, listed = values.parse(asked.sweep)
    compiled = _compiled(run, modules)
    found = values.sweep(compiled, param, listed, asked.changes)
    if as_json:
        print_json({"parameter": param, "settings": list(asked.changes), "values": found})
    else:
        show_what_if.print_sweep(param, found, compiled.value_of(param))


def _find(run: str, asked: Asked, modules: Sequence[str], as_json: bool) -> None:
    from curate.cli import show_what_if
    from curate.cli.console import print_json
    from curate.statistics.what_if import values

    found = values.for_share(_compiled(run, modules), asked.sweep, asked.target_kept, asked.changes)
    if as_json:
        print_json(found)
    else:
        show_what_if.print_found(found)
    _write(run, asked, [*asked.changes, f"{asked.sweep}={found['value']}"], "--sweep")


def _run_it(run: str, asked: Asked, modules: Sequence[str], as_json: bool) -> None:
    from curate.cli import progress, show_what_if
    from curate.cli.console import print_json

    with progress.watching_run(run) as watch, progress.stopped_by_the_user():
        from curate.engine import rerun
        from curate.report import finished_run
        from curate.runs import RunFolder
        from curate.statistics import corpus
        from curate.statistics.what_if import changes, differing

        changes.check_once(finished_run.read(run).manifest["recipe"], asked.changes)
        with rerun.changed(run, asked.changes, flag="--what-if", output=asked.output, watch=watch) as made:
            runs = [(url, finished_run.read(url)) for url in (run, made)]
            pair = [corpus.of_finished(RunFolder(url), each.manifest, each.ledger) for url, each in runs]
            found = {"settings": list(asked.changes), **differing.compare(*pair)}
    if as_json:
        print_json(found, is_document=True)
    else:
        show_what_if.print_exact(found, asked.output)
    _write(run, asked, asked.changes, "--what-if")


def _write(run: str, asked: Asked, settings: Sequence[str], flag: str) -> None:
    """Write the changed recipe, if that was asked."""
    if not asked.write:
        return
    from curate.cli.console import ERR
    from curate.engine import rerun
    from curate.spec import rewritten

    path = rerun.recipe_path(run)
    before = rerun.beyond_file(run, path)
    text = rewritten.changed(rewritten.text_of(path), path, before, "the run had")
    text = rewritten.changed(text, path, settings, flag)
    moved = rewritten.write(asked.write, path, text, replace=asked.replace)
    ERR.print(f"wrote {asked.write}: {path} with {', '.join(settings)}")
    if before:
        ERR.print(f"and with what the run had, and the file has not: {', '.join(before)}")
    for written, now in moved.items():
        ERR.print(f"{written} is now {now}, the same file as seen from the folder of {asked.write}")
