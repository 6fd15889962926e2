"""Functions that hang, crash or use too much memory, for the tests of the sandbox."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from pathlib import Path


def open_hostile():
    """Return a function that misbehaves as the request says."""
    return lambda request: [DEEDS.get(request[0], bytes)() or request[0]]


def open_broken():
    """Fail while opening."""
    raise ImportError("no such library")


def open_unlucky(marker):
    """Return a function whose process is killed from outside, once."""

    def answer(request):
        if request[0] == b"unlucky" and not Path(marker).exists():
            Path(marker).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return request

    return answer


def open_sizes():
    """Return a function that answers with the sizes of the fields."""
    return lambda request: [None if field is None else str(len(field)).encode() for field in request]


def _loop():
    while True:
        pass


def _raise():
    raise ValueError("a page")


def _recurse():
    return _recurse()


DEEDS = {
    b"loop": _loop,
    b"loop in C": lambda: sum(range(1 << 60)).to_bytes(),
    b"sleep": lambda: time.sleep(3600),
    b"leave": lambda: os._exit(7),
    b"segfault": lambda: ctypes.string_at(0),
    b"abort": os.abort,
    b"eat memory": lambda: bytearray(8 << 30),
    b"raise": _raise,
    b"recurse": _recurse,
    b"print": lambda: print("noise", flush=True) or sys.stdin.read().encode(),
}
