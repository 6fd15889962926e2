"""A run from start to end: plan, phases in order, then the manifest that says it is complete."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from curate import inputs, plan, spec
from curate.engine import finish
from curate.engine.barriers import references
from curate.errors import SpecError
from curate.ledger import Ledger
from curate.plan import Phase, Plan
from curate.runs import MANIFEST, PHASES, RUN, RunFolder, read_record
from curate.spec import PipelineSpec
from curate.stage import Kind, Shard

if TYPE_CHECKING:
    from curate.engine.executors.local import Workers


@dataclass(frozen=True, slots=True)
class Event:
    """What a run tells whoever watches: kernels are being compiled, a phase began, moves on, or ended.

    Args:
        kind: "compiling", "began", "moved" or "ended".
        n_done: tasks finished. n_docs: documents read by tasks still running, about.
    """

    kind: str
    phase: Phase
    n_done: int = 0
    n_docs: int = 0
    n_kept: int = 0
    seconds: float = 0.0
    ledger: Ledger | None = None


Watcher = Callable[[Event], None]


def prepare(recipe: str, *, settings: Sequence[str] = (), input_paths: Sequence[str] = (), limit: int = 0) -> Plan:
    """Read a recipe, find its inputs and reference data and plan its phases. Nothing is written and nothing runs."""
    planned = _planned(recipe, settings, input_paths, limit)
    references.find(planned)
    return planned


def _planned(recipe: str, settings: Sequence[str], input_paths: Sequence[str], limit: int) -> Plan:
    pipeline = spec.read(recipe, settings=settings, inputs=input_paths)
    return plan.make(pipeline, find_shards(pipeline), limit)


def run(
    recipe: str,
    *,
    output: str = "",
    settings: Sequence[str] = (),
    input_paths: Sequence[str] = (),
    workers: int = 0,
    limit: int = 0,
    watch: Watcher | None = None,
) -> str:
    """Run a recipe on this machine and return the URL of the finished run folder.

    Args:
        recipe: path of the YAML file.
        output: the run folder, any fsspec URL; `runs/<name>` if empty, `runs/<name>-limit<n>` for a trial.
        settings: `path=value` changes to the recipe.
        input_paths: what the source's `paths` are replaced by, if any.
        workers: processes; 0 takes the recipe's number, else one for each core.
        limit: read at most this many documents, spread over the shards; 0 reads all.
        watch: called with every `Event`, from this thread or a helper thread.

    Raises:
        SpecError, InputError: before anything runs.
        StageError, RunError: a task failed; finished tasks are kept, and running again goes on from there.
    """
    from curate.engine import warm_up
    from curate.engine.executors import local as executor

    executor.quiet()
    planned = _planned(recipe, settings, input_paths, limit)
    folder = RunFolder(output or f"runs/{planned.spec.name}{f'-limit{limit}' if limit else ''}")
    folder.claim()
    _refuse_own_output(folder, planned)
    watch = watch or (lambda event: None)
    workers = workers or planned.spec.workers or os.cpu_count() or 1
    with folder.lock(), executor.Workers(workers, warm_up.told(planned)) as pool:
        folder.remove(MANIFEST)
        folder.write_json(RUN, {"curate": finish.version(), "recipe": planned.spec.resolved})
        plan.write_shards(folder, planned.shards)
        references.write(folder, planned)
        _compile_kernels(planned, watch)
        for phase in planned.phases:
            _run_phase(folder, phase, pool, watch)
        finish.publish(folder, planned)
    return folder.url


def find_shards(pipeline: PipelineSpec) -> tuple[Shard, ...]:
    """Return the shards of a pipeline's inputs: cut from its paths, or as many as a foreign reader has files."""
    source = pipeline.source
    if source.stage.kind is Kind.FOREIGN:
        from curate.engine.datatrove.blocks import n_files

        n = n_files(source.stage, source.params)
        return tuple(Shard(i, n, ()) for i in range(n))
    params = source.all_params
    paths = params.get("paths") or []
    if not paths:
        raise SpecError(
            f"{source.label} has no `paths`; name files, globs or URLs there, or with --input.", source.where
        )
    shard_mib = params.get("shard_mib", 64)
    if shard_mib <= 0:
        raise SpecError(f"{source.label} > shard_mib must be more than 0, got {shard_mib}.", source.where)
    files = inputs.resolve([paths] if isinstance(paths, str) else paths, params.get("source") or "")
    return inputs.cut(files, int(shard_mib * (1 << 20)))


def _refuse_own_output(folder: RunFolder, planned: Plan) -> None:
    """A run that read its own result would replace its input."""
    inside = os.path.realpath(folder.root) + os.sep if folder.is_local else folder.url
    for shard in planned.shards:
        for split in shard.splits:
            if (os.path.realpath(split.url) if folder.is_local else split.url).startswith(inside):
                raise SpecError(
                    f"{split.url} lies in the run folder {folder.url}, which this run writes.  Choose another --output."
                )


def _compile_kernels(planned: Plan, watch: Watcher) -> None:
    """Compile what stages run on once, before each worker would for itself."""
    from curate.engine import warm_up

    works = warm_up.waiting(planned)
    if works:
        watch(Event("compiling", planned.phases[0]))
        warm_up.compile(works)


def _run_phase(folder: RunFolder, phase: Phase, workers: Workers, watch: Watcher) -> None:
    from curate.engine.executors import local as executor

    folder.write_json(executor.phase_path(phase.folder), phase.to_json())
    started = time.perf_counter()
    watch(Event("began", phase))
    tasks = executor.pending(folder, phase)
    if tasks:
        with _watched(folder, phase, watch):
            executor.LocalExecutor(folder, phase, tasks, workers).run()
    ledger = read_ledger(folder, phase)
    n_kept = phase.n_tasks - len(tasks)
    watch(Event("ended", phase, phase.n_tasks, n_kept=n_kept, seconds=time.perf_counter() - started, ledger=ledger))


def read_ledger(folder: RunFolder, phase: Phase) -> Ledger:
    """Return the recorder of all tasks of a finished phase."""
    total = Ledger()
    for task in range(phase.n_tasks):
        total.add(Ledger.from_json(read_record(folder, phase.folder, task).ledger))
    return total


class _watched:
    """Tells the watcher twice a second how far a phase is, from the files its tasks leave."""

    def __init__(self, folder: RunFolder, phase: Phase, watch: Watcher):
        self.folder, self.phase, self.watch = folder, phase, watch
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._poll, daemon=True)

    def __enter__(self) -> None:
        self.started = time.time()
        self.thread.start()

    def __exit__(self, *exc: object) -> None:
        self.stop.set()
        self.thread.join()

    def _poll(self) -> None:
        while not self.stop.wait(0.5):
            self.watch(Event("moved", self.phase, len(list(self._done())), sum(self._docs())))

    def _done(self) -> Iterator[str]:
        yield from self.folder.files(f"{PHASES}/{self.phase.folder}/done")

    def _docs(self) -> Iterator[int]:
        for name in self.folder.files(f"{PHASES}/{self.phase.folder}/progress"):
            try:
                yield int(self.folder.read_json(f"{PHASES}/{self.phase.folder}/progress/{name}"))
            except (OSError, ValueError):
                continue
