"""How far a plan has been done already, in its run folder and beside it, and what each phase costs. Nothing is written.

What is said holds for the files as they are listed: no content is digested. A run compares digests before it relies on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from curate.engine import worker
from curate.engine.tasks import task_inputs
from curate.engine.tasks.former_results import HERE
from curate.errors import CurateError
from curate.ledger import Ledger
from curate.plan import AnyPhase, MapPhase, Plan
from curate.runs import Record, RunFolder, layout, neighbours, reading
from curate.runs.layout import PhaseFolder
from curate.runs.records import read_record
from curate.stage import Shard


@dataclass(slots=True)
class PhaseStanding:
    """How far one phase of a plan has been done.

    Args:
        n_tasks: of the phase.
        done: how many tasks are done in the run folder (`HERE`), and how many of the others in which neighbour (`../web`).
        seconds: what all its tasks took together, one core each, as they were recorded: on a busy machine more than the
            processor worked for them. None if nothing is known.
        measured_in: where they were recorded; `is_same`: with the same parameters, code and phases before.
    """

    n_tasks: int
    done: dict[str, int] = field(default_factory=dict)
    seconds: float | None = None
    measured_in: str = HERE
    is_same: bool = False

    @property
    def is_done(self) -> bool:
        """Whether no task has to run."""
        return sum(self.done.values()) == self.n_tasks


def of_plan(planned: Plan, folder: RunFolder) -> tuple[list[PhaseStanding], list[str]]:
    """Return how far each phase of a plan has been done, and what the user should know of neighbours.

    Args:
        folder: in which the plan would run; there may be nothing yet.
    """
    found, said = neighbours.find(folder, [phase.folder for phase in planned.phases])
    names = sorted({name for of_phase in found.values() for name in of_phase})
    places = {HERE: folder, **{f"../{name}": folder.beside(name) for name in names}}
    standings = [PhaseStanding(phase.n_tasks) for phase in planned.phases]
    left = [set(range(phase.n_tasks)) for phase in planned.phases]
    for origin, place in places.items():
        for k, phase in enumerate(planned.phases):
            records = _records(place, phase, planned.shards)
            if n_new := len(left[k] & records.keys()):
                standings[k].done[origin] = n_new
                left[k] -= records.keys()
            if len(records) < phase.n_tasks:  # what comes after it has read something else
                break
            if standings[k].seconds is None:
                standings[k].seconds, standings[k].measured_in = _seconds(list(records.values())), origin
                standings[k].is_same = True
    if any(standing.seconds is None for standing in standings):
        others = [pair for pair in _same_recipe(folder, planned) if pair[0] not in places]
        places |= dict(sorted(others, key=lambda pair: -len(_measured(planned.phases, pair[1]))))
    for origin, place in places.items():
        _measure_others(standings, planned.phases, origin, place)
    return standings, said


def _same_recipe(folder: RunFolder, planned: Plan) -> Iterator[tuple[str, RunFolder]]:
    """Yield the run folders beside a folder in which a recipe of the same name ran, though their first phase was another."""
    try:
        beside = [(f"../{name}", folder.beside(name)) for name in folder.siblings()]
    except OSError:  # they cannot be listed, which has been said
        return
    for origin, place in beside:
        try:
            if reading.read_json(place, layout.RUN, {"name": str})["name"] == planned.spec.name:
                yield origin, place
        except (CurateError, OSError):  # no run folder, or a damaged one
            continue


def _records(folder: RunFolder, phase: AnyPhase, shards: Sequence[Shard]) -> dict[int, Record]:
    """Return the records of the tasks of a phase that need not run again; those before are done in the same folder."""
    place = PhaseFolder(folder, phase.folder)
    known = {task: read_record(place.task(task)) for task in place.tasks_done() if task < phase.n_tasks}
    return {
        task: record
        for task, record in known.items()
        if record is not None and _is_current(folder, phase, task, record, shards[task] if task < len(shards) else None)
    }


def _is_current(folder: RunFolder, phase: AnyPhase, task: int, record: Record, shard: Shard | None) -> bool:
    if any(folder.mark(output.path) != output.mark for output in record.outputs):
        return False
    if isinstance(phase, MapPhase) and phase.sources:
        return bool(shard and shard.splits) and task_inputs.are_known(shard.splits, record.inputs)
    try:
        return worker.TASKS[type(phase)].key(folder, phase, task, record.inputs) == record.key
    except (CurateError, OSError):  # something before it is damaged, or a reference is gone
        return False


def _measure_others(
    standings: Sequence[PhaseStanding], phases: Sequence[AnyPhase], origin: str, place: RunFolder
) -> None:
    """Take the time of phases that were never done from those of the same name in a folder's last run."""
    measured = _measured(phases, place)
    for standing, phase in zip(standings, phases, strict=True):
        if standing.seconds is None and phase.folder in measured:
            standing.seconds, standing.measured_in = measured[phase.folder], origin


def _measured(phases: Sequence[AnyPhase], place: RunFolder) -> dict[str, float]:
    """Return what the phases of the same name took in a folder's last run, as far as they were done there."""
    try:
        ran = reading.read_json(place, layout.PLAN, {"phases": [{"folder": str}]})["phases"]
    except CurateError:  # nothing has run there, or its plan is damaged
        return {}
    by_title = {layout.phase_title(each["folder"]): PhaseFolder(place, each["folder"]) for each in ran}
    found = {}
    for phase in phases:
        other = by_title.get(layout.phase_title(phase.folder))
        try:
            records = [read_record(other.task(task)) for task in other.tasks_done()] if other else []
        except OSError:  # it cannot be listed
            continue
        if records and all(records):
            found[phase.folder] = _seconds(records)
    return found


def _seconds(records: Sequence[Record]) -> float:
    return sum(entry.seconds for record in records for entry in Ledger.from_json(record.ledger).stages)
