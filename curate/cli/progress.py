"""What the terminal shows during work: progress bars of runs, labelling and fetches, all of one look."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from curate.cli.console import ERR, LIVE, many, styled
from curate.runs.layout import phase_title

if TYPE_CHECKING:
    from rich.progress import Progress

COMPILING = "compiling kernels: a minute or two, once for this version of curate"


def _bars(*, transient: bool = False) -> Progress:
    """Return progress bars on stderr: a name, the bar, a note, seconds. Without a terminal they show nothing."""
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=12),
        TextColumn("{task.fields[note]}", markup=False),
        TextColumn("{task.elapsed:.0f} s"),
    )
    return Progress(*columns, console=LIVE, transient=transient, disable=not LIVE.is_terminal)


# ---------------------------------------------------------------------- a run


@contextlib.contextmanager
def watching_run() -> Iterator[Callable[[Any], None]]:
    """Yield a function that shows events of a run: as one progress bar per phase on a terminal, elsewhere as one line per phase."""
    if not LIVE.is_terminal:
        yield _print_event
        return
    with _bars() as progress:
        bars: dict[str, Any] = {}

        def watch(event: Any) -> None:
            folder, n_tasks = event.phase.folder, event.phase.n_tasks
            if event.kind == "compiling":
                progress.console.print(COMPILING)
            elif event.kind == "said":
                progress.console.print(styled(f"curate: {event.message}", ""))
            elif event.kind == "submitted":
                progress.console.print(styled(_submitted_line(event), ""))
            elif event.kind == "began":
                bars[folder] = progress.add_task(
                    styled(phase_title(folder), "").plain, total=n_tasks, note=f"0/{n_tasks} tasks"
                )
            else:
                if event.kind == "moved":
                    note = f"tasks, {event.n_docs:,} documents" if event.n_docs else "tasks"
                else:
                    note = _phase_note(event).partition(" ")[2]
                progress.update(bars[folder], completed=event.n_done, note=f"{event.n_done}/{n_tasks} {note}")

        yield watch


def _print_event(event: Any) -> None:
    """Print a line about an event; a reader who closed the pipe does not stop the run."""
    lines = {
        "compiling": lambda event: COMPILING,
        "ended": _phase_line,
        "submitted": _submitted_line,
        "said": lambda event: f"curate: {event.message}",
    }
    if event.kind in lines:
        with contextlib.suppress(BrokenPipeError):
            ERR.print(lines[event.kind](event))


def _submitted_line(event: Any) -> str:
    return f"{phase_title(event.phase.folder):<40} {many(event.phase.n_tasks, 'task')}, submitted as {event.job_id}"


def _phase_line(event: Any) -> str:
    return f"{phase_title(event.phase.folder):<40} {_phase_note(event)}, {event.seconds:.1f} s"


def _phase_note(event: Any) -> str:
    from curate.plan import MapPhase

    if event.n_kept == event.n_done:
        return f"{many(event.n_done, 'task')}, nothing to do"
    kept = f" ({event.n_kept} done before)" if event.n_kept else ""
    if not isinstance(event.phase, MapPhase) or event.phase.only_emits:
        return f"{many(event.n_done, 'task')}{kept}"
    stages = event.ledger.stages
    came = event.ledger.n_born or (stages[0].n_in if stages else 0)
    return f"{many(event.n_done, 'task')}{kept}, {came:,} documents, {event.ledger.n_dropped:,} dropped"


# ---------------------------------------------------------------------- anything else


@contextlib.contextmanager
def counting(what: str, total: int | None, spell: Callable[[float], str] = "{:,.0f}".format) -> Iterator[Callable]:
    """Yield a function `moved(n_done, total)` that moves one progress bar on a terminal, and does nothing elsewhere.

    Args:
        what: the name at the beginning of the line.
        total: the number that means finished; None if `moved` gives it, or if it is not known.
        spell: returns a number as text.
    """
    with _bars(transient=True) as progress:
        bar = progress.add_task(styled(what, "").plain, total=total, note="")

        def moved(n_done: float, known: float | None = total) -> None:
            of_all = f" of {spell(known)}" if known else ""
            progress.update(bar, completed=n_done, total=known, note=f"{spell(n_done)}{of_all}")

        yield moved


@contextlib.contextmanager
def stopped_by_the_user() -> Iterator[None]:
    """End the command with exit code 130 and a message when the user interrupts it."""
    import typer

    try:
        yield
    except KeyboardInterrupt:
        ERR.print("curate: stopped; finished tasks are kept, and running again goes on from there.")
        raise typer.Exit(130) from None
