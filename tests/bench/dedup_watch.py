"""Runs a command and watches what its processes take, phase by phase, from `/proc` (Linux only).

Processor time does not grow when others use the machine, or not by much; wall time does.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECONDS = 0.05
"""Between two looks at the resident memory of every process."""

LOOKS_A_SUM = 10
"""Every so many looks, what is resident is added up, shared pages divided among those that share them (PSS)."""


@dataclass(slots=True)
class Cost:
    """What a command or a phase of it took: time, and the most memory seen, in bytes.

    Args:
        seconds: of the clock on the wall; cpu: of processors, all processes together.
        largest: of one process, everything resident, mapped files too. Over a whole command that is the kernel's own
            high-water mark; in a phase it is sampled.
        own: of one process, without mapped files, which the kernel takes back when it needs the room.
        total: of all processes together.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    largest: int = 0
    own: int = 0
    total: int = 0


@dataclass(slots=True)
class Watched:
    """How a command went; `phases` in order, if it is a run of curate."""

    whole: Cost = field(default_factory=Cost)
    phases: dict[str, Cost] = field(default_factory=dict)


def watch(command: list[str], run_folder: Path | None = None) -> Watched:
    """Run a command to its end.

    Args:
        run_folder: where a run of curate leaves its phases; the last one begun is the one that runs.

    Raises:
        SystemExit: the command failed.
    """
    watched, ticks, looks = Watched(), {}, 0
    started = before = time.perf_counter()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        while process.poll() is None:
            costs = [watched.whole, watched.phases.setdefault(_phase(run_folder), Cost())]
            _look(process.pid, costs, ticks, with_sum=looks % LOOKS_A_SUM == 0)
            looks += 1
            time.sleep(SECONDS)
            now = time.perf_counter()
            costs[1].seconds += now - before
            before = now
        watched.whole.seconds = time.perf_counter() - started
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{errors.read().decode()[-3000:]}")
    return watched


def _look(root: int, costs: list[Cost], ticks: dict[int, int], *, with_sum: bool) -> None:
    """Add to the costs of the whole and of the phase; `ticks` are the processor times seen before, by process."""
    total = used = 0
    for pid in _tree(root):
        status = _numbers(f"/proc/{pid}/status")
        if with_sum:
            total += _numbers(f"/proc/{pid}/smaps_rollup").get("Pss", 0)
        for cost, resident in zip(costs, ("VmHWM", "VmRSS"), strict=True):
            cost.largest = max(cost.largest, status.get(resident, 0))
            cost.own = max(cost.own, status.get("RssAnon", 0))
        now = sum(map(int, _stat(pid)[11:13]))
        used += max(0, now - ticks.get(pid, 0))
        ticks[pid] = max(now, ticks.get(pid, 0))
    for cost in costs:
        cost.cpu += used / os.sysconf("SC_CLK_TCK")
        cost.total = max(cost.total, total)


def _tree(root: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            _, parent, *_ = _stat(int(name)) or ("", "0")
            children.setdefault(int(parent), []).append(int(name))
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting += children.get(pid, [])


def _stat(pid: int) -> list[str]:
    """Return the fields of `/proc/PID/stat` after the name; none if the process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _numbers(path: str) -> dict[str, int]:
    """Return the sizes in a file of `/proc`, in bytes; none if the process has ended."""
    try:
        lines = [line.split() for line in Path(path).read_text().splitlines()]
    except OSError:
        return {}
    return {words[0].rstrip(":"): int(words[1]) << 10 for words in lines if words[-1] == "kB"}


def _phase(run_folder: Path | None) -> str:
    """Return `01-name` of the phase of a run that began last."""
    names = os.listdir(run_folder / "phases") if run_folder and (run_folder / "phases").is_dir() else []
    return max(names, default="start").rpartition("-")[0] or "start"
