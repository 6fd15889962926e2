"""Pools of processes that end with the process that started them."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, parent_process


def follow_parent() -> None:
    """Let this process die with the one that started it: what a dead run writes could meet what the next one does."""

    def wait() -> None:
        connection.wait([parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def end(pool: ProcessPoolExecutor, *, failed: bool) -> None:
    """End a pool; if it failed, at once, since nobody waits for what still runs."""
    if failed:
        for process in list((pool._processes or {}).values()):
            process.kill()
    pool.shutdown(wait=not failed, cancel_futures=True)
