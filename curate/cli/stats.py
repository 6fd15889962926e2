"""`curate stats`: look at a run, or at a data set that curate never saw."""

from __future__ import annotations

from typing import Annotated

import typer

from curate.cli import what_if as asking
from curate.cli.pipelines import AsJson, Modules, importable
from curate.cli.what_if import not_empty

Place = Annotated[
    str,
    typer.Argument(
        metavar="RUN|DATASET",
        help="A run folder, finished or not; or a file, folder, glob or URL of parquet or JSON Lines.",
    ),
]
SignalName = Annotated[
    str,
    typer.Option(
        "--signal",
        callback=not_empty,
        metavar="NAME",
        help="One column in detail: by fate, and what each rule on it costs.",
    ),
]
By = Annotated[
    str,
    typer.Option(
        "--by",
        callback=not_empty,
        metavar="COLUMN",
        help="Documents by the values of a column: source, language, domain, year or another.",
    ),
]
Examples = Annotated[
    str,
    typer.Option(
        "--examples",
        callback=not_empty,
        metavar="REASON",
        help="Texts that were dropped for a reason, beside kept ones next to it, with what matched; a reason, 'STAGE REASON' or a stage.",
    ),
]
Near = Annotated[
    str,
    typer.Option(
        "--near",
        callback=not_empty,
        metavar="STAGE.PARAM",
        help="The ten documents on either side that are nearest to a bound.",
    ),
]
AllColumns = Annotated[bool, typer.Option("--all", help="Show the distributions of all columns.")]
Text = Annotated[
    str,
    typer.Option(
        "--text",
        callback=not_empty,
        metavar="COLUMN",
        help="The column of a data set that holds the texts, if not text.",
    ),
]
SampleSize = Annotated[
    str,
    typer.Option(
        "--sample",
        callback=not_empty,
        metavar="N|all",
        help="How many documents of a data set are measured. By default about 10,000.",
    ),
]


def stats(
    place: Place,
    signal: SignalName = "",
    by: By = "",
    examples: Examples = "",
    near: Near = "",
    *,
    all_columns: AllColumns = False,
    text: Text = "",
    sample: SampleSize = "",
    module: Modules = None,
    as_json: AsJson = False,
    what_if: asking.Changes = None,
    sweep: asking.Sweep = "",
    target_kept: asking.TargetKept = None,
    exact: asking.Exact = False,
    output: asking.Output = "",
    write: asking.Write = "",
    replace: asking.Replace = False,
) -> None:
    """Show what a run dropped and why, and how what was measured is distributed; or measure a data set and show the same.

    Without --signal, --by, --examples or --near: the funnel, the reasons, and a line for each column that rules compare.
    """
    from curate.cli import show_stats
    from curate.cli.opened import asked_of, open_any, open_run

    changes = asking.Asked(tuple(what_if or ()), sweep, target_kept, exact, output, write, replace)
    views = {"--signal": signal, "--by": by, "--examples": examples, "--near": near}
    views = {option: value for option, value in views.items() if value}
    of_data_sets = [option for option, value in (("--text", text), ("--sample", sample)) if value]
    modules = importable(module)
    if changes.is_any:
        if other := [*views, *of_data_sets, *(["--all"] if all_columns else [])]:
            raise typer.BadParameter("cannot be combined with a what-if; ask for one at a time", param_hint=other[0])
        asking.answer(place, changes, modules, as_json=as_json)
        return
    show = show_stats.chosen(views)
    if of_data_sets and open_run(place, modules):
        raise typer.BadParameter(f"is for data sets; {place} is a run, of which every document is on record", param_hint=of_data_sets[0])  # fmt: skip
    show(open_any(place, asked_of(text, sample), modules), modules, is_all=all_columns, as_json=as_json)
