"""A sink that kills its whole run with SIGKILL while it writes certain files."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from curate import Batch
from curate.stage import ShardWriter


def lines(batches: Iterator[Batch], out: ShardWriter, *, kills: str) -> None:
    """Write one text a line.

    Args:
        kills: a folder with a file for each number of a file in which to kill; it is removed before.
    """
    with out.open("txt") as file:
        for batch in batches:
            file.write("".join(text + "\n" for text in batch.texts()).encode())
        file.flush()
        order = Path(kills) / str(out.number)
        if order.exists():
            order.unlink()
            os.killpg(0, signal.SIGKILL)
