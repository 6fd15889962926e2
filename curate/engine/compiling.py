"""Compiles kernels in several processes, and says how long it will take.

numba compiles in one thread, and holds Python's lock; so each part is compiled in a process, the largest first, and found in
the cache by all others. How long a part takes is estimated from the bytes of its kernels' source.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from curate.engine import pools
from curate.engine.warm_up import WarmUp
from curate.errors import RunError
from curate.kernels import cache, identity

SECONDS_PER_BYTE = 2e-4
"""What compiling takes on a core of 2023, source of imported kernels counted."""

SURE_AFTER = 50_000
"""Bytes after which what was measured counts as much as this figure: small parts deviate."""

SECONDS_BETWEEN = 0.5
"""How often progress is reported."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far compiling is.

    Args:
        n_done, n_all: parts.
        seconds_left: estimated.
    """

    n_done: int
    n_all: int
    seconds_left: float


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Calls that compile the same kernels, one after the other.

    Args:
        size: bytes of source, with those of kernels that another part compiles at the same time.
    """

    calls: tuple[WarmUp, ...]
    size: int

    def compile(self) -> None:
        """Compile in this process."""
        for call in self.calls:
            call.run()
            cache.mark_compiled(call.name, call.digest)


def compile(calls: Sequence[WarmUp], report: Callable[[Progress], None] = lambda progress: None) -> None:
    """Compile what `warm_up.waiting` returned, on all cores.

    Args:
        report: called at the start, twice a second and at the end.

    Raises:
        CurateError: a stage cannot load what it needs.
        RunError: a process was killed.
    """
    parts = _parts(calls)
    if not parts:
        return
    n_workers = min(os.cpu_count() or 1, len(parts))
    context = multiprocessing.get_context("spawn")  # the fork server begins later, to load what is compiled here
    pool = ProcessPoolExecutor(n_workers, mp_context=context, initializer=_begin)
    failed = True
    try:
        for progress in _compiled(parts, pool, n_workers):
            report(progress)
        failed = False
    except BrokenProcessPool as error:
        raise RunError(
            "a process that compiled kernels ended early: it was killed for using too much memory, or the script that "
            'calls curate lacks `if __name__ == "__main__":`.  What was compiled is kept.'
        ) from error
    finally:
        pools.end(pool, failed=failed)


def _parts(calls: Sequence[WarmUp]) -> list[Part]:
    """Return the parts, the largest first: the one that takes longest shall not begin last."""
    by_modules: dict[frozenset[str], list[WarmUp]] = {}
    for call in calls:
        by_modules.setdefault(call.modules, []).append(call)
    parts = [Part(tuple(some), identity.size(modules)) for modules, some in by_modules.items()]
    return sorted(parts, key=lambda part: part.size, reverse=True)


def _compiled(parts: Sequence[Part], pool: ProcessPoolExecutor, n_workers: int) -> Iterator[Progress]:
    """Compile all parts, and yield how far this is."""
    clock = _Clock(parts, n_workers)
    waiting = list(parts)
    running: dict[Future[None], Part] = {}
    while waiting or running:
        while waiting and len(running) < n_workers:
            part = waiting.pop(0)
            running[pool.submit(part.compile)] = part
            clock.begin(part)
        yield clock.progress()
        for future in wait(running, SECONDS_BETWEEN, FIRST_COMPLETED).done:
            future.result()
            clock.end(running.pop(future))
    yield clock.progress()


class _Clock:
    """Estimates the time left, from the time that finished parts took."""

    def __init__(self, parts: Sequence[Part], n_workers: int):
        self.waiting, self.n_all, self.n_workers = list(parts), len(parts), n_workers
        self.began: dict[Part, float] = {}
        self.n_done = self.bytes_done = 0
        self.seconds = 0.0

    def begin(self, part: Part) -> None:
        self.waiting.remove(part)
        self.began[part] = time.perf_counter()

    def end(self, part: Part) -> None:
        self.seconds += time.perf_counter() - self.began.pop(part)
        self.bytes_done += part.size
        self.n_done += 1

    def progress(self) -> Progress:
        rate = (self.seconds + SURE_AFTER * SECONDS_PER_BYTE) / (self.bytes_done + SURE_AFTER)
        now = time.perf_counter()
        lasted = [(part, now - began) for part, began in self.began.items()]
        running = [max(part.size * rate - seconds, seconds / 10) for part, seconds in lasted]
        total = sum(running) + sum(part.size for part in self.waiting) * rate
        return Progress(self.n_done, self.n_all, max(total / self.n_workers, *running, 0.0))


def _begin() -> None:
    """Leave an interrupt to the process that started this one, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pools.follow_parent()
