"""The tasks of a run: documents of one shard through stages (map), rows of one partition through a reduction (reduce).

map_task        one task of a map phase             inputs_of_task  what it reads, and the key that makes
reduce_task     one task of a reduce phase          stage_runners   one generator for each stage of a phase
recorder        ledger, rejects and time of a task
"""

from __future__ import annotations

from curate import extensions
from curate.errors import CurateError, InputError, RunError
from curate.plan import MapPhase, phases
from curate.runs import RunFolder, layout
from curate.runs.layout import PhaseFolder


def run(run_url: str, phase: str | None, task: int) -> None:
    """Do one task of a job, unless it is done. All that a worker needs to know is in the run folder.

    Args:
        phase: the phase's folder name, as `Job.phase`; None finishes the run.

    Raises:
        InputError: an input is wrong. RunError: anything else failed; the message names the phase, the task and its log.
    """
    from curate.engine import finish
    from curate.engine.tasks import map_task, reduce_task

    folder = RunFolder(run_url)
    if phase is None:
        finish.finish(folder)
        return
    found = read_phase(folder, phase)
    extensions.import_from(found.import_from)
    try:
        (map_task if isinstance(found, MapPhase) else reduce_task).run(folder, found, task)
    except (Exception, SystemExit) as error:
        what = str(error) if isinstance(error, CurateError) else f"{type(error).__name__}: {error}"
        where = f"phase {phase}, task {task}: {what}"
        if isinstance(error, InputError):
            raise InputError(where) from error
        log = folder.path(PhaseFolder(folder, phase).task(task).log)
        raise RunError(f"{where}\n  The traceback is in {log}.  Finished tasks are kept.") from error


def pending(folder: RunFolder, phase: phases.MapPhase | phases.ReducePhase) -> list[int]:
    """Return the tasks of a phase that have something to do."""
    from curate.engine.tasks import map_task, reduce_task

    is_done = (map_task if isinstance(phase, MapPhase) else reduce_task).is_done
    return [task for task in range(phase.n_tasks) if not is_done(folder, phase, task)]


def read_phase(folder: RunFolder, name: str) -> phases.MapPhase | phases.ReducePhase:
    """Return a phase of the run by the name of its folder."""
    described = next(data for data in folder.read_json(layout.PLAN)["phases"] if data["folder"] == name)
    return phases.from_json(described)
