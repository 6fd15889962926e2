"""`curate status | logs | cancel`: parse, call, print. For runs whose executor runs tasks later."""

from __future__ import annotations

from typing import Annotated

import typer

from curate.cli.pipelines import AsJson, RunUrl


def status(
    run: RunUrl,
    watch: Annotated[
        bool, typer.Option("--watch", help="Look again every few seconds, until the run is finished.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Print how far a run is: its phases, tasks that are done, running and failed, and a forecast."""
    from curate.cli import show_status
    from curate.cli.console import print_json
    from curate.engine import following

    if watch:
        following.wait(run, show_status.print_changes)
        return
    found = following.look(run)
    if as_json:
        print_json(found.to_json())
    else:
        show_status.print_progress(found)
    if found.state is following.State.FAILED:
        raise typer.Exit(1)


def logs(
    run: RunUrl,
    phase: Annotated[
        str, typer.Option(metavar="PHASE", help="A phase as `curate status` names it, such as 04-dedup.exact; by default the first that failed, or that runs.")
    ] = "",
    task: Annotated[int, typer.Option(min=-1, metavar="N", help="A task of the phase; by default the first that failed.", show_default=False)] = -1,
) -> None:  # fmt: skip
    """Print the log of a task."""
    from curate.cli.console import OUT, quoted
    from curate.engine import task_logs

    for path, lines in task_logs.of_task(run, phase, task if task >= 0 else None):
        OUT.print(quoted(f"{path}:", "bold"))
        for line in lines:
            OUT.print(quoted(line))


def cancel(run: RunUrl) -> None:
    """End the jobs of a run, those that wait and those that run. Finished tasks are kept."""
    from curate.cli.console import ERR, many
    from curate.engine import submitting

    n = submitting.cancel(run)
    ERR.print(
        f"curate: {many(n, 'job')} of {run} cancelled; finished tasks are kept"
        if n
        else f"curate: no job of {run} waits or runs"
    )
