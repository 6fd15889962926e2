"""The parameters of the executor `slurm`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Settings:
    """What the executor `slurm` is set to; its function documents each."""

    partition: str = ""
    time: str = "24:00:00"
    cpus: int = 1
    mem: str = "4G"
    gpus: int = 0
    qos: str = ""
    account: str = ""
    container: str = ""
    at_once: int | None = None
    max_array: int | None = None
    tasks_per_job: int = 1
    env: Mapping[str, str] = field(default_factory=dict)
    setup: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
