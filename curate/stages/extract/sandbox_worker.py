"""The child process of `sandbox`: open one function, then answer requests until the parent ends.

A message is a list of byte strings or None. On the pipe it is one frame: its length, then its fields. Every answer
starts with a status field. An answer is written before the next request is read, so if the child dies, the first
request without an answer is the one that killed it.

Run as `python -m curate.stages.extract.sandbox_worker '{"target": "module:function", ...}'`. This module imports as
little as possible, because every killed child must be started again.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import struct
import sys
from collections.abc import Callable, Sequence

Message = Sequence[bytes | None]

READY, CANNOT_START = b"ready", b"cannot start"
OK, FAILED, OUT_OF_MEMORY = b"ok", b"failed", b"out of memory"

LENGTH = struct.Struct("<q")
REQUESTS, REPLIES = 0, 1


def pack(fields: Message) -> bytes:
    """Return the frame of a message."""
    body = [LENGTH.pack(len(fields))]
    for value in fields:
        body.append(LENGTH.pack(-1 if value is None else len(value)))
        body.append(value or b"")
    return b"".join([LENGTH.pack(sum(map(len, body))), *body])


def unpack(body: bytes | bytearray) -> list[bytes | None]:
    """Return the fields of a frame's body (the frame without its length)."""
    (n,) = LENGTH.unpack_from(body)
    at = LENGTH.size
    fields: list[bytes | None] = []
    for _ in range(n):
        (length,) = LENGTH.unpack_from(body, at)
        at += LENGTH.size
        fields.append(None if length < 0 else bytes(memoryview(body)[at : at + length]))
        at += max(length, 0)
    return fields


def main(config_json: str) -> None:
    """Serve requests from standard input until it ends."""
    config = json.loads(config_json)
    requests, replies = _keep_pipes()
    _end_with_parent(config["parent"])
    _limit_memory(config["max_memory_mib"])
    try:
        module, _, name = config["target"].partition(":")
        function = getattr(importlib.import_module(module), name)(**config["params"])
    except BaseException as error:
        _write(replies, pack([CANNOT_START, f"{type(error).__name__}: {error}".encode()]))
        return
    _write(replies, pack([READY]))
    while True:
        answer = _answer(function, requests, config["max_seconds"])
        if answer is None:
            return
        _write(replies, pack(answer))
        if answer[0] == OUT_OF_MEMORY:  # the state of the process is no longer reliable
            return


def _answer(function: Callable[[Message], Message], requests: int, max_seconds: float) -> Message | None:
    try:
        body = _read_frame(requests)
        if body is None:
            return None
        request = unpack(body)
        # Processor time, not wall-clock time: a busy machine must not cause a timeout. The signal has no handler, so
        # it ends the process even inside C code that never returns, and even if the parent has ended.
        signal.setitimer(signal.ITIMER_PROF, max_seconds)
        return [OK, *function(request)]
    except MemoryError:
        return [OUT_OF_MEMORY]
    except Exception as error:
        return [FAILED, type(error).__name__.encode()]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _keep_pipes() -> tuple[int, int]:
    """Reserve the pipes for messages: libraries print to standard error and read from an empty input."""
    requests, replies = os.dup(REQUESTS), os.dup(REPLIES)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _end_with_parent(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF, signal.SIGTERM})
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before this call
            os._exit(0)


def _limit_memory(max_memory_mib: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (max_memory_mib << 20, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _read_frame(pipe: int) -> bytearray | None:
    head = _read(pipe, LENGTH.size)
    return None if head is None else _read(pipe, LENGTH.unpack(head)[0])


def _read(pipe: int, length: int) -> bytearray | None:
    body = bytearray(length)
    view, at = memoryview(body), 0
    while at < length:
        n = os.readv(pipe, [view[at:]])
        if not n:
            return None
        at += n
    return body


def _write(pipe: int, frame: bytes) -> None:
    view = memoryview(frame)
    while view:
        view = view[os.write(pipe, view) :]


if __name__ == "__main__":
    main(sys.argv[1])
