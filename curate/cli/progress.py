"""What the terminal shows during work: progress bars of runs, labelling and fetches, all of one look."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from curate.cli.console import ERR, LIVE, ReaderIsGone, many, styled
from curate.report.escaping import one_line
from curate.runs.layout import phase_title

if TYPE_CHECKING:
    from rich.progress import Progress

COMPILING = "compiling kernels, once for this version of curate"


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
def watching_run(recipe: str) -> Iterator[Callable[[Any], None]]:
    """Yield a function that shows events of a run: on a terminal as one progress bar per phase, elsewhere as lines.

    Something is shown at once, since importing what runs a recipe, and planning it, takes a while.
    """
    planning = f"planning {recipe}"
    if not LIVE.is_terminal:
        _print_line(f"curate: {planning}")
        yield _line_printer()
        return
    with _bars() as progress:
        bars = {planning: progress.add_task(styled(planning, "").plain, total=None, note="")}

        def watch(event: Any) -> None:
            if planning in bars:
                progress.remove_task(bars.pop(planning))
            if event.kind in _LINES:
                progress.console.print(styled(_LINES[event.kind](event), ""))
                return
            what, n_all, note, is_over = _bar(event)
            if what not in bars:
                bars[what] = progress.add_task(styled(what, "").plain, total=n_all, note=note)
            progress.update(bars[what], completed=event.n_done, note=note)
            if is_over:
                progress.stop_task(bars[what])

        yield watch


def _bar(event: Any) -> tuple[str, int, str, bool]:
    """Return what the bar of an event shows: its name, its length, a note, and whether the clock stops."""
    if event.kind == "compiling":
        return COMPILING, event.n_all, _compiling_note(event), event.n_done == event.n_all
    n_all = event.phase.n_tasks
    if event.kind == "ended":
        note = _phase_note(event).partition(" ")[2]
    else:
        note = f"tasks, {event.n_docs:,} documents" if event.n_docs else "tasks"
    return phase_title(event.phase.folder), n_all, f"{event.n_done}/{n_all} {note}", event.kind == "ended"


def _line_printer() -> Callable[[Any], None]:
    """Return a function that prints a line about an event, if it is one that needs a line."""
    seen = set()

    def show(event: Any) -> None:
        if event.kind in _LINES:
            line = _LINES[event.kind](event)
        elif event.kind == "compiling" and event.n_done not in seen:
            line = f"{COMPILING}: {_compiling_note(event)}"
            seen.add(event.n_done)
        elif event.kind == "ended":
            line = f"{phase_title(event.phase.folder):<40} {_phase_note(event)}, {event.seconds:.1f} s"
        else:
            return
        _print_line(line)

    return show


def _print_line(line: str) -> None:
    """Print a line; a reader who closed the pipe does not stop the run."""
    with contextlib.suppress(ReaderIsGone):
        ERR.print(line)


def _compiling_note(event: Any) -> str:
    left = f", about {event.seconds:.0f} s left" if event.n_done < event.n_all else ""
    return f"{event.n_done} of {event.n_all} parts{left}"


def _submitted_line(event: Any) -> str:
    from curate.cli.show_status import short_job

    return f"{phase_title(event.phase.folder):<40} {many(event.phase.n_tasks, 'task')}, submitted as {short_job(event.job_id)}"


_LINES = {"submitted": _submitted_line, "said": lambda event: f"curate: {event.message}"}
"""Events that are lines on a terminal, too."""


def _phase_note(event: Any) -> str:
    from curate.plan import MapPhase

    taken = ", ".join(f"{n} taken over from {one_line(origin)}" for origin, n in sorted(event.taken_over.items()))
    if event.n_done in event.taken_over.values():
        return f"{many(event.n_done, 'task')} taken over from {one_line(''.join(event.taken_over))}"
    if event.n_kept == event.n_done:
        return f"{many(event.n_done, 'task')}, {taken or 'nothing to do'}"
    n_before = event.n_kept - sum(event.taken_over.values())
    notes = ", ".join([*([f"{n_before} done before"] if n_before else []), *([taken] if taken else [])])
    kept = f" ({notes})" if notes else ""
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
