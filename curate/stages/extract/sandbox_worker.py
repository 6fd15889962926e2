"""The child side of `sandbox`: open one function, then answer one request after another until the parent is gone.

A message is a list of byte strings or None. On the pipe it is one frame: its length, then its fields. Every
answer starts with a status field. The answer is written before the next request begins, so when the child dies
the request that killed it is the first one without an answer.

Run as `python -m curate.stages.extract.sandbox_worker '{"target": "module:function", ...}'`. Imports as little as it can:
starting is what a killed child costs.
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


def main(recipe: str) -> None:
    """Serve requests from standard input until it ends."""
    about = json.loads(recipe)
    requests, replies = _take_pipes()
    _die_with(about["parent"])
    _limit_memory(about["max_memory_mib"])
    try:
        module, _, name = about["target"].partition(":")
        function = getattr(importlib.import_module(module), name)(**about["params"])
    except BaseException as error:
        _write(replies, pack([CANNOT_START, f"{type(error).__name__}: {error}".encode()]))
        return
    _write(replies, pack([READY]))
    while True:
        answer = _answer(function, requests, about["max_seconds"])
        if answer is None:
            return
        _write(replies, pack(answer))
        if answer[0] == OUT_OF_MEMORY:  # what is left of such a process is not to be trusted
            return


def _answer(function: Callable[[Message], Message], requests: int, max_seconds: float) -> Message | None:
    try:
        body = _read_frame(requests)
        if body is None:
            return None
        request = unpack(body)
        # Processor time, not wall clock: a page must not be lost because the machine was busy. No handler: the
        # signal ends the process even inside C code that never returns, and even when the parent is gone.
        signal.setitimer(signal.ITIMER_PROF, max_seconds)
        return [OK, *function(request)]
    except MemoryError:
        return [OUT_OF_MEMORY]
    except Exception as error:
        return [FAILED, type(error).__name__.encode()]
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _take_pipes() -> tuple[int, int]:
    """Keep the pipes to ourselves: what a library prints goes to standard error, what it reads is empty."""
    requests, replies = os.dup(REQUESTS), os.dup(REPLIES)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    return requests, replies


def _die_with(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to decide
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGPROF, signal.SIGTERM})
    if sys.platform == "linux":
        import ctypes

        pr_set_pdeathsig = 1  # linux/prctl.h
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we asked
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
