"""Call a function on untrusted input in a child process, so that no input can hang, crash or exhaust the caller.

    sandbox = Sandbox("package.module:open_function", {"option": 1}, max_seconds=30, max_memory_mib=2048)
    for answer in sandbox.map(requests):          # one answer per request, in order
        if isinstance(answer, Failure): ...

`open_function(**params)` runs in the child and returns the function to call; requests and answers are lists of byte
strings or None. The child sets its own limits (`sandbox_worker`): processor time with a timer whose signal has no
handler, memory with `RLIMIT_AS`. It ends with the parent, even if the parent is killed with SIGKILL. The parent only
checks that the child answers. The child is a plain subprocess, not `multiprocessing`, so a sandbox also works inside
daemonic pool workers.

If a child dies or runs out of memory, the request may not be the cause (another process killed it, earlier requests
left memory behind). So the request is repeated once, alone in a new child, and fails only if it fails there as well.
The outcome therefore depends on the request alone. A timeout is not repeated, because it counts processor time.
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
"""Maximum number of unanswered requests. They are sent ahead, so that the child never waits for the parent."""

IN_FLIGHT_BYTES = 8 << 20
"""Approximate limit of the bytes of unanswered requests; at least one request is always sent."""

SILENCE_FACTOR = 10
"""A child that does not answer for this many times `max_seconds` sleeps or hangs in the kernel, and is killed."""

START_SECONDS = 300
"""A child that does not report within this many seconds that it is ready is killed."""

_PIPE_BYTES = 1 << 20  # holds a whole page: one context switch per page instead of three
_TICK = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Failure:
    """The result of a request that has no answer.

    Args:
        kind: `timeout`, `out_of_memory` or `crashed`.
        evidence: the class of the exception, or the signal or exit code that ended the child.
    """

    kind: Literal["timeout", "out_of_memory", "crashed"]
    evidence: str


class _ChildLost(Exception):
    """The child ended, or must be ended because its state is not reliable."""

    def __init__(self, failure: Failure):
        self.failure = failure


class Sandbox:
    """A function in a child process, with limits for each call.

    Args:
        target: `module:function`; it returns the function to call.
        params: keyword arguments of `target`; they must be serialisable as JSON.
        max_seconds: limit of the processor time of one call, in seconds.
        max_memory_mib: limit of the address space of the child in MiB, including interpreter and libraries.
    """

    def __init__(self, target: str, params: Mapping[str, Any], *, max_seconds: float, max_memory_mib: int):
        self.target = target
        self.params = dict(params)
        self.max_seconds = max_seconds
        self.max_memory_mib = max_memory_mib
        self._process: subprocess.Popen | None = None

    def map(self, requests: Iterable[Message]) -> Iterator[list[bytes | None] | Failure]:
        """Yield the answer or the failure of each request, in order.

        Raises:
            StageError: the child cannot open the function.
        """
        source = iter(requests)
        unanswered: deque[bytes] = deque()  # frames, oldest first
        is_retry = False
        try:
            while self._send_ahead(source, unanswered):
                try:
                    answer = self._receive(SILENCE_FACTOR * self.max_seconds)
                except _ChildLost as lost:
                    self.close()
                    if lost.failure.kind != "timeout" and not is_retry:
                        is_retry = True
                        continue
                    answer = lost.failure
                unanswered.popleft()
                is_retry = False
                yield answer
        finally:
            if unanswered:  # the caller stopped early; the next call must not receive these answers
                self.close()

    def open(self) -> None:
        """Start the child if there is none, and wait until it is ready.

        Raises:
            StageError: the child cannot open the function.
        """
        if self._process is not None:
            return
        self._process = process = subprocess.Popen(
            [sys.executable, "-P", "-m", sandbox_worker.__name__, self._config()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=_environment(),
        )
        self._outgoing: deque[memoryview] = deque()
        self._incoming = bytearray()
        for pipe in (process.stdin, process.stdout):
            os.set_blocking(pipe.fileno(), False)
            _enlarge(pipe.fileno())
        try:
            first_message = self._receive(START_SECONDS)
        except _ChildLost as lost:
            first_message = [sandbox_worker.CANNOT_START, lost.failure.evidence.encode()]
        if first_message[0] != sandbox_worker.READY:
            self.close()
            raise StageError(
                f"the child process for {self.target} does not start: {first_message[1].decode()}.  Its memory limit "
                f"is {self.max_memory_mib} MiB; raise max_memory_mib if its libraries need more."
            )

    def close(self) -> None:
        """End the child process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()

    # ------------------------------------------------------------------ communication with the child

    def _send_ahead(self, source: Iterator[Message], unanswered: deque[bytes]) -> bool:
        """Send requests up to the limits; return whether there are unanswered requests."""
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

    def _receive(self, max_silence: float) -> list[bytes | None] | Failure:
        """Return the answer to the oldest request; meanwhile, write waiting requests to the child."""
        silence = 0.0
        while (frame := self._next_frame()) is None:
            ready = self._poll()
            # Count rounds instead of reading the clock: if the whole machine was suspended, that time must not count.
            silence = 0.0 if ready else silence + _TICK
            if silence > max_silence:
                raise _ChildLost(Failure("timeout", "silent"))
            if "replies" in ready and not self._read():
                raise _ChildLost(_exit_failure(self._process))
        fields = sandbox_worker.unpack(frame)
        if fields[0] == sandbox_worker.OUT_OF_MEMORY:
            raise _ChildLost(Failure("out_of_memory", "MemoryError"))
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
        except BrokenPipeError:  # the child ended; `_receive` finds out why
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

    def _config(self) -> str:
        return json.dumps(
            {
                "target": self.target,
                "params": self.params,
                "parent": os.getpid(),
                "max_seconds": self.max_seconds,
                "max_memory_mib": self.max_memory_mib,
            }
        )


def _exit_failure(process: subprocess.Popen) -> Failure:
    try:
        code = process.wait(timeout=_TICK * SILENCE_FACTOR)
    except subprocess.TimeoutExpired:
        return Failure("timeout", "closed its pipes but did not end")
    if code == -signal.SIGPROF:
        return Failure("timeout", "SIGPROF")
    return Failure("crashed", signal.Signals(-code).name if code < 0 else f"exit code {code}")


def _environment() -> dict[str, str]:
    """Return the environment of the parent, changed so that the child is deterministic and single-threaded."""
    fixed = {"PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
    return {**os.environ, **threads, **fixed}


def _enlarge(pipe: int) -> None:
    """Enlarge a pipe to hold a whole page if the system allows it; otherwise everything works, but a little slower."""
    import fcntl

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
