"""`curate stats`: look at a run."""

from __future__ import annotations

from curate.cli import what_if as asking
from curate.cli.pipelines import AsJson, Modules, RunUrl, importable


def stats(
    run: RunUrl,
    module: Modules = None,
    as_json: AsJson = False,
    what_if: asking.Changes = None,
    sweep: asking.Sweep = "",
    target_kept: asking.TargetKept = None,
    *,
    exact: asking.Exact = False,
    output: asking.Output = "",
    write: asking.Write = "",
    replace: asking.Replace = False,
) -> None:
    """Show the funnel of a finished run: what each stage kept, dropped and why."""
    asked = asking.Asked(tuple(what_if or ()), sweep, target_kept, exact, output, write, replace)
    if asked.is_any:
        asking.answer(run, asked, importable(module), as_json=as_json)
        return
    from curate.cli import show_run
    from curate.cli.console import print_json

    if as_json:
        print_json(show_run.summary(run))
    else:
        show_run.print_run(run, modules=importable(module), is_brief=False)
