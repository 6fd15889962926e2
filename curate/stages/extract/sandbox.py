"""Call a function on hostile input in a child process, so that no input can hang, crash or starve the caller.

    sandbox = Sandbox("package.module:open_function", {"option": 1}, max_seconds=30, max_memory_mib=2048)
    for answer in sandbox.map(requests):          # one answer a request, in order
        if isinstance(answer, Failure): ...

`open_function(**params)` runs in the child and returns the function that is called; requests and answers are
lists of byte strings or None. The child limits itself (`sandbox_worker`): processor time by a timer whose signal nobody
handles, memory by `RLIMIT_AS`. It dies with the parent, even when that is killed with -9. The parent only
watches for silence. A plain subprocess, not `multiprocessing`, so it also works inside daemonic pool workers.

A child that died or ran out of memory may have been unlucky (killed from outside, memory left behind by earlier
requests), so the request is tried once more, alone in a fresh child. Only then it fails. The outcome therefore
depends on the request alone. A timeout is final: it is counted in processor time.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from curate.errors import StageError
from curate.stages.extract import sandbox_worker
from curate.stages.extract.sandbox_worker import Message

IN_FLIGHT = 8
"""Requests handed over before their answers are back, so that the child never waits for the parent."""

IN_FLIGHT_BYTES = 8 << 20
"""And at most about this many bytes of them, one request at the least."""

SILENCE = 10
"""A child silent for this many times its limit of processor time is asleep or stuck in the kernel, and is killed."""

STARTING = 300
"""Seconds of silence after which a child that has not greeted is given up."""

_PIPE_BYTES = 1 << 20  # a whole page fits: one switch between the two processes a page instead of three
_TICK = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Failure:
    """A request without an answer.

    Args:
        kind: what happened.
        evidence: the class of the exception, or the signal or exit code that ended the child.
    """

    kind: Literal["timeout", "out_of_memory", "crashed"]
    evidence: str


class _ChildGone(Exception):
    """There is no child any more, or none that may be trusted."""

    def __init__(self, failure: Failure):
        self.failure = failure


class Sandbox:
    """A function in a child process with limits for each call.

    Args:
        target: `module:function` that opens the function to call.
        params: its keyword arguments, as JSON can carry them.
        max_seconds: processor time of one call.
        max_memory_mib: address space of the child, interpreter and libraries included.
    """

    def __init__(self, target: str, params: Mapping[str, Any], *, max_seconds: float, max_memory_mib: int):
        self.target = target
        self.params = dict(params)
        self.max_seconds = max_seconds
        self.max_memory_mib = max_memory_mib
        self._process: subprocess.Popen | None = None

    def map(self, requests: Iterable[Message]) -> Iterator[list[bytes | None] | Failure]:
        """Yield the answer to each request, or why there is none, in order."""
        source = iter(requests)
        unanswered: deque[bytes] = deque()  # frames, the oldest first
        is_second_try = False
        try:
            while self._hand_over(source, unanswered):
                try:
                    answer = self._receive(SILENCE * self.max_seconds)
                except _ChildGone as gone:
                    self.close()
                    if gone.failure.kind != "timeout" and not is_second_try:
                        is_second_try = True
                        continue
                    answer = gone.failure
                unanswered.popleft()
                is_second_try = False
                yield answer
        finally:
            if unanswered:  # the caller lost interest; their answers must not be taken for those of the next call
                self.close()

    def open(self) -> None:
        """Start the child, if there is none, and wait until it is ready.

        Raises:
            StageError: the child cannot open the function.
        """
        if self._process is not None:
            return
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-m", sandbox_worker.__name__, self._recipe()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
        )
        self._outgoing: deque[memoryview] = deque()
        self._incoming = bytearray()
        for pipe in (process.stdin, process.stdout):
            os.set_blocking(pipe.fileno(), False)
            _widen(pipe.fileno())
        try:
            greeting = self._receive(STARTING)
        except _ChildGone as gone:
            greeting = [sandbox_worker.CANNOT_START, gone.failure.evidence.encode()]
        if greeting[0] != sandbox_worker.READY:
            self.close()
            raise StageError(
                f"the child process for {self.target} does not start: {greeting[1].decode()}.  It may use "
                f"{self.max_memory_mib} MiB; raise max_memory_mib if that is too little for its libraries."
            )

    def close(self) -> None:
        """End the child."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    # ------------------------------------------------------------------ talking to the child

    def _hand_over(self, source: Iterator[Message], unanswered: deque[bytes]) -> bool:
        """Keep the child busy; return whether an answer is still to come."""
        while len(unanswered) < IN_FLIGHT and sum(map(len, unanswered)) < IN_FLIGHT_BYTES:
            request = next(source, None)
            if request is None:
                break
            unanswered.append(sandbox_worker.pack(request))
            if self._process is not None:
                self._outgoing.append(memoryview(unanswered[-1]))
        if unanswered and self._process is None:
            self.open()
            self._outgoing.extend(map(memoryview, unanswered))
        return bool(unanswered)

    def _receive(self, patience: float) -> list[bytes | None] | Failure:
        """Return the answer to the oldest request, writing what waits to be sent meanwhile."""
        silence = 0.0
        while (frame := self._next_frame()) is None:
            ready = self._poll()
            # Counted in rounds, not by the clock: time in which the whole machine slept is not the child's.
            silence = 0.0 if ready else silence + _TICK
            if silence > patience:
                raise _ChildGone(Failure("timeout", "silent"))
            if "replies" in ready and not self._read():
                raise _ChildGone(_end_of(self._process))
        fields = sandbox_worker.unpack(frame)
        if fields[0] == sandbox_worker.OUT_OF_MEMORY:
            raise _ChildGone(Failure("out_of_memory", "MemoryError"))
        if fields[0] == sandbox_worker.FAILED:
            return Failure("crashed", fields[1].decode())
        return fields[1:] if fields[0] == sandbox_worker.OK else fields

    def _poll(self) -> set[str]:
        poll = select.poll()
        poll.register(self._process.stdout, select.POLLIN)
        if self._outgoing:
            poll.register(self._process.stdin, select.POLLOUT)
        ready = set()
        for pipe, _ in poll.poll(_TICK * 1000):
            if pipe == self._process.stdout.fileno():
                ready.add("replies")
            else:
                ready.add("requests")
                self._write()
        return ready

    def _write(self) -> None:
        try:
            n = os.write(self._process.stdin.fileno(), self._outgoing[0])
        except BrokenPipeError:  # the child is gone; reading tells why
            self._outgoing.clear()
            return
        self._outgoing[0] = self._outgoing[0][n:]
        if not self._outgoing[0]:
            self._outgoing.popleft()

    def _read(self) -> bool:
        data = os.read(self._process.stdout.fileno(), _PIPE_BYTES)
        self._incoming += data
        return bool(data)

    def _next_frame(self) -> bytearray | None:
        head = sandbox_worker.LENGTH.size
        if len(self._incoming) < head:
            return None
        end = head + sandbox_worker.LENGTH.unpack_from(self._incoming)[0]
        if len(self._incoming) < end:
            return None
        frame = self._incoming[head:end]
        del self._incoming[:end]
        return frame

    def _recipe(self) -> str:
        return json.dumps(
            {
                "target": self.target,
                "params": self.params,
                "parent": os.getpid(),
                "max_seconds": self.max_seconds,
                "max_memory_mib": self.max_memory_mib,
            }
        )


def _end_of(process: subprocess.Popen) -> Failure:
    try:
        code = process.wait(timeout=_TICK * SILENCE)
    except subprocess.TimeoutExpired:
        return Failure("timeout", "closed its pipes and went on")
    if code == -signal.SIGPROF:
        return Failure("timeout", "SIGPROF")
    return Failure("crashed", signal.Signals(-code).name if code < 0 else f"exit code {code}")


def _environment() -> dict[str, str]:
    """The parent's environment, with what makes a child deterministic and single-threaded."""
    fixed = {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    return {**os.environ, **threads, **fixed}


def _widen(pipe: int) -> None:
    """Make a pipe hold a whole page where the system allows it; it works without, a little slower."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
