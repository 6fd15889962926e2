"""A run from start to end: plan, phases in order, then the manifest that says it is complete."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from curate import formats
from curate.engine import beginning, compiling, planning, submitting, warm_up, worker
from curate.engine.datatrove import terminal_log
from curate.errors import RunError, SpecError
from curate.executor import Job, Launcher
from curate.inputs import listing
from curate.ledger import Ledger
from curate.plan import AnyPhase, Plan
from curate.runs import RunFolder, reading, redaction
from curate.runs.claim import claim
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record, read_record
from curate.spec import PipelineSpec


@dataclass(frozen=True, slots=True)
class Event:
    """What a run reports to a watcher: kernels are being compiled; a phase began, moved, ended or was submitted.

    Args:
        kind: "compiling", "began", "moved", "ended", "submitted" or "said".
        n_done: tasks finished, or parts of the kernels compiled.
        n_all: parts of the kernels.
        n_docs: documents read by tasks still running, about.
        n_kept: tasks that had nothing to do. taken_over: how many of them because a neighbouring run folder had their results.
        seconds: that the phase took; of "compiling", the time left, estimated.
        job_id: of a phase that was submitted to an executor which runs it later.
        message: what the user should know, of "said".
    """

    kind: str
    phase: AnyPhase
    n_done: int = 0
    n_all: int = 0
    n_docs: int = 0
    n_kept: int = 0
    taken_over: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    ledger: Ledger | None = None
    job_id: str = ""
    message: str = ""


Watcher = Callable[[Event], None]


def run(
    recipe: str,
    *,
    output: str = "",
    settings: Sequence[str] = (),
    input_paths: Sequence[str] = (),
    skip: Sequence[str] = (),
    executor: str = "",
    workers: int = 0,
    limit: int = 0,
    replace: bool = False,
    fresh: bool = False,
    watch: Watcher | None = None,
) -> str:
    """Run a recipe and return the URL of the run folder, finished unless the executor runs tasks later.

    Args:
        recipe: path of the YAML file.
        output: the run folder, any fsspec URL; `runs/<name>` if empty, `runs/<name>-limit<n>` for a trial.
        settings: `path=value` changes to the recipe.
        input_paths: what the source's `paths` are replaced by, if any; `label=path` where there are several inputs.
        skip: labels of stages to leave out.
        executor: where tasks run; empty takes the recipe's, else `local`.
        workers: what the executor's parameter `workers` is set to; 0 leaves it.
        limit: read at most this many documents, spread over the input; 0 reads all.
        replace: allow it if the folder has a run of another recipe; its result is replaced.
        fresh: take no results over from neighbouring run folders, to prove that a run gives the same bytes, or to measure it.
        watch: called with every `Event`, from this thread or a helper thread.

    Raises:
        SpecError, InputError: before anything runs.
        StageError, RunError: a task failed; finished tasks are kept, and running again goes on from there.
    """
    planned = planning.planned(recipe, settings, input_paths, skip, executor, limit)
    output = output or f"runs/{planned.spec.name}{f'-limit{limit}' if limit else ''}"
    return carry_out(planned, output, workers=workers, replace=replace, fresh=fresh, watch=watch)


def carry_out(
    planned: Plan, output: str, *, workers: int = 0, replace: bool = False, fresh: bool = False, watch: Watcher | None = None
) -> str:  # fmt: skip
    """Run what is planned; arguments, result and errors as `run`."""
    terminal_log.silence()
    launcher = _launcher(planned.spec, workers)
    folder = RunFolder(output)
    claim(folder, planned.spec.name, replace=replace)
    planning.refuse_own_output(folder, planned)
    watch = watch or (lambda event: None)
    secrets = redaction.secrets_of(planned.spec.resolved)
    for message in _folders(planned.spec):
        watch(Event("said", planned.phases[0], message=message))
    with redaction.hidden_in_errors(secrets), reading.written(folder), folder.lock(), launcher:
        claim(folder, planned.spec.name, replace=replace)  # as another run may have left it
        submitting.check_idle(folder)
        launcher.prepare(warm_up.stages_of(planned.phases))
        for message in beginning.begin(folder, planned, is_detached=launcher.is_detached, is_alone=fresh):
            watch(Event("said", planned.phases[0], message=message))
        if not launcher.compiles_kernels:
            _compile_kernels(planned, watch)
        if launcher.is_detached:
            submitting.submit(
                folder, planned, launcher, lambda phase, job: watch(Event("submitted", phase, job_id=job))
            )
        else:
            _run_phases(folder, planned, launcher, watch)
    return folder.url


def _launcher(pipeline: PipelineSpec, workers: int) -> Launcher:
    chosen = pipeline.executor
    if workers:
        if "workers" not in chosen.executor.params:
            known = ", ".join(chosen.executor.params) or "none"
            raise SpecError(
                f"--workers: the executor {chosen.executor.name} has no parameter `workers`; it has: {known}."
            )
        try:
            converted = chosen.executor.params["workers"].convert(workers)
        except ValueError as error:
            raise SpecError(f"--workers: {error}") from error
        chosen = replace(chosen, params={**chosen.params, "workers": converted})
    return chosen.launcher()


def _folders(pipeline: PipelineSpec) -> Iterator[str]:
    """Yield what was taken of each folder that is an input."""
    for given in pipeline.inputs:
        if given.files:
            kinds = formats.with_modules(pipeline.modules)
            yield from listing.of_folders(given.files.paths, given.source.name, kinds)


def _compile_kernels(planned: Plan, watch: Watcher) -> None:
    """Compile what stages run on once, before each worker would for itself."""
    calls = warm_up.waiting(planned.phases)
    if not calls:
        return

    def report(progress: compiling.Progress) -> None:
        watch(
            Event("compiling", planned.phases[0], progress.n_done, n_all=progress.n_all, seconds=progress.seconds_left)
        )

    compiling.compile(calls, report)


def _job(folder: RunFolder, phase: AnyPhase, numbers: Sequence[int]) -> Job:
    return Job(folder.url, phase.folder, tuple(numbers), phase.n_tasks, phase.resources, phase.import_from)


def _run_phases(folder: RunFolder, planned: Plan, launcher: Launcher, watch: Watcher) -> None:
    """Run all phases to their end, and finish the run."""
    before = None
    for phase in planned.phases:
        before = _run_phase(folder, phase, launcher, watch, before)
    launcher.submit(Job(folder.url, None, (0,), 1, import_from=planned.phases[-1].import_from), before)


def _run_phase(folder: RunFolder, phase: AnyPhase, launcher: Launcher, watch: Watcher, before: str | None) -> str:
    """Run a phase to its end."""
    started = time.perf_counter()
    watch(Event("began", phase))
    left = worker.pending(folder, phase)
    with _watched(folder, phase, watch):
        job = _job(folder, phase, left.tasks)
        job_id = launcher.submit(job, before)
    _check_status(launcher, job, job_id)
    ledger = read_ledger(folder, phase)
    watch(
        Event(
            "ended", phase, phase.n_tasks, n_kept=phase.n_tasks - len(left.tasks), taken_over=left.taken_over,
            seconds=time.perf_counter() - started, ledger=ledger,
        )
    )  # fmt: skip
    return job_id


def _check_status(launcher: Launcher, job: Job, job_id: str) -> None:
    """Make sure that the tasks of a job ran.

    Raises:
        RunError: the launcher says that tasks failed, or returned before they ran, although it is not detached.
    """
    n_failed = launcher.status(job_id).n_failed
    if n_failed:
        raise RunError(
            f"{n_failed} of {len(job.tasks)} tasks of {job.phase} failed.  Their logs: {launcher.log(job, job.tasks[0])}"
        )
    place = PhaseFolder(RunFolder(job.run_url), job.phase)
    missing = [task for task in job.tasks if read_record(place.task(task)) is None]
    if missing:
        raise RunError(
            f"the executor returned, and {len(missing)} of {len(job.tasks)} tasks of {job.phase} have not run.  "
            "A launcher that returns before its tasks ran must have `is_detached = True`."
        )


def read_ledger(folder: RunFolder, phase: AnyPhase) -> Ledger:
    """Return the ledger of all tasks of a finished phase."""
    total = Ledger()
    place = PhaseFolder(folder, phase.folder)
    for task in range(phase.n_tasks):
        total.add(Ledger.from_json(need_record(place.task(task)).ledger))
    return total


class _watched:
    """Reports twice a second how far a phase is, from the files its tasks leave."""

    def __init__(self, folder: RunFolder, phase: AnyPhase, watch: Watcher):
        self.place, self.phase, self.watch = PhaseFolder(folder, phase.folder), phase, watch
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self.thread.join()

    def _poll(self) -> None:
        while not self.stop.wait(0.5):
            self.watch(Event("moved", self.phase, self.place.n_done(), n_docs=self.place.docs_read()))
