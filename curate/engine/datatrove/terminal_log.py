"""datatrove's log: off the terminal, and opened quickly."""

from __future__ import annotations

import contextlib
import functools
import sysconfig
from collections.abc import Iterator

_path = functools.cache(sysconfig.get_path)


@contextlib.contextmanager
def opened_quickly() -> Iterator[None]:
    """Let datatrove open the log of a task in a millisecond: loguru asks `sysconfig` for 36 paths each time, which takes 15."""
    usual, sysconfig.get_path = sysconfig.get_path, _path
    try:
        yield
    finally:
        sysconfig.get_path = usual


def silence() -> None:
    """Take datatrove's log off the terminal in this process, but for what is critical."""
    import sys

    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="CRITICAL")
