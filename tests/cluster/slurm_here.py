"""A Slurm cluster of two virtual nodes on this machine, for tests: `with running(folder) as environment`.

It needs Debian's package slurm-wlm. There is no authentication, so it listens on the loopback interface only.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

CONF = """\
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/none
CredType=cred/none
MpiDefault=none
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=2
MaxArraySize={max_array}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=16000 State=UNKNOWN
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=16000 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def is_installed() -> bool:
    """Return whether the package is there."""
    return all(map(_program, ("slurmctld", "slurmd", "sbatch")))


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


@contextlib.contextmanager
def running(folder: Path, max_array: int = 1001) -> Iterator[dict[str, str]]:
    """Start the cluster and yield the environment in which Slurm's commands find it.

    Args:
        folder: for its state and logs.
        max_array: one more than the highest number of a job in an array.
    """
    for name in ("state", "spool.n1", "spool.n2"):
        (folder / name).mkdir(parents=True)
    conf = folder / "slurm.conf"
    conf.write_text(CONF.format(folder=folder, user=getpass.getuser(), ports=_free_ports(3), max_array=max_array))
    environment = {**os.environ, "SLURM_CONF": str(conf)}
    try:
        subprocess.run([_program("slurmctld"), "-c"], env=environment, check=True, capture_output=True)
        for node in ("n1", "n2"):
            start_node(node, environment)
        _wait_until_idle(environment)
        yield environment
    finally:
        subprocess.run(["scancel", "--state=RUNNING"], env=environment, capture_output=True)
        for name in ("slurmd.n1", "slurmd.n2", "slurmctld"):
            _kill(folder / f"{name}.pid")


def start_node(node: str, environment: dict[str, str]) -> None:
    """Start the daemon of a node."""
    subprocess.run([_program("slurmd"), "-N", node], env=environment, check=True, capture_output=True)


def _free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait_until_idle(environment: dict[str, str]) -> None:
    for _ in range(150):
        done = subprocess.run(["sinfo", "-h", "-o", "%t"], env=environment, capture_output=True, text=True)
        if {*done.stdout.split()} == {"idle"}:
            return
        time.sleep(0.2)
    raise RuntimeError(f"the cluster did not start: {done.stdout} {done.stderr}")


def _kill(pid_file: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
