"""`curate stats`: look at a run."""

from __future__ import annotations

from curate.cli.pipelines import AsJson, Modules, RunUrl, importable


def stats(run: RunUrl, module: Modules = None, as_json: AsJson = False) -> None:
    """Show the funnel of a finished run: what each stage kept, dropped and why."""
    from curate.cli import show_run
    from curate.cli.console import print_json

    if as_json:
        print_json(show_run.summary(run))
    else:
        show_run.print_run(run, modules=importable(module), is_brief=False)
