"""Slurm's commands as sites have them: wrappers that print more, a controller that does not answer, refusals. By stand-ins."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from curate.engine.slurm import commands
from curate.engine.slurm.launcher import SlurmLauncher
from curate.engine.slurm.settings import Settings
from curate.errors import RunError, SpecError
from curate.executor import Job, JobStatus
from curate.runs import RunFolder


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Return a function that puts a script in the place of one of Slurm's commands; all others are absent."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    for name in ("sbatch", "squeue", "scancel", "scontrol", "sinfo"):
        _script(folder / name, "exit 0")
    monkeypatch.setattr(commands, "PAUSES", (0.0, 0.0, 0.0))
    return lambda name, script: _script(folder / name, script)


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("1234", "1234"), ("1234;cluster\n", "1234"), ("Welcome 2 the site\n77 cores are free\n\n  1234  \n", "1234"),
        ("1234\nNo budget left: 3 hours", "1234"), ("Submitted batch job 12", ""), ("", ""), ("12a", ""),
    ],
)  # fmt: skip
def test_the_job_id_is_found_in_what_a_wrapper_prints(printed, found):
    assert commands.job_id(printed) == found


def test_a_job_that_was_accepted_without_an_answer_is_not_submitted_again(stand_in, tmp_path):
    stand_in("sbatch", f"echo again >> {tmp_path}/calls; echo 'Socket timed out' >&2; exit 1")
    stand_in("squeue", "echo 55")
    assert commands.submit("", "a-name", []) == "55"
    assert (tmp_path / "calls").read_text() == "again\n"


def test_a_busy_controller_is_asked_again(stand_in, tmp_path):
    stand_in("sbatch", f'echo x >> {tmp_path}/calls; [ $(wc -l < {tmp_path}/calls) -gt 2 ] && echo 7 && exit 0; echo "Socket timed out" >&2; exit 1')  # fmt: skip
    stand_in("scontrol", "exit 1")
    assert commands.submit("", "a-name", []) == "7"
    assert (tmp_path / "calls").read_text() == "x\n" * 3


def test_a_refusal_is_final_if_the_controller_answers(stand_in, tmp_path):
    stand_in("sbatch", f"echo x >> {tmp_path}/calls; echo 'sbatch: error: Invalid qos' >&2; exit 1")
    stand_in("sinfo", "printf 'main*\\ngpu\\n'")
    with pytest.raises(RunError, match=r"Slurm refused a job: sbatch: error: Invalid qos\.  Partitions here: gpu, main\.  Correct"):  # fmt: skip
        commands.submit("", "a-name", [])
    assert (tmp_path / "calls").read_text() == "x\n"


def test_without_slurm_the_message_names_the_way_out(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SpecError, match=r"the command `sbatch` was not found.*--executor local"):
        commands.submit("", "a-name", [])


def test_large_phases_are_several_arrays_and_the_next_waits_for_all(stand_in, tmp_path):
    log = tmp_path / "calls"
    stand_in("sbatch", f'echo "$@" >> {log}; cat >> {log}.scripts; echo $((100 + $(wc -l < {log})))')
    stand_in("scontrol", "echo 'MaxArraySize            = 4'")
    run = RunFolder(str(tmp_path / "run"))
    settings = Settings(
        mem="2G",
        qos="fast",
        tasks_per_job=3,
        at_once=2,
        env={"A": "b c"},
        setup=("module load x",),
        container="echo in;",
    )
    launcher = SlurmLauncher(settings)
    job_id = launcher.submit(Job(run.url, "01-a-0123456789", tuple(range(20)), 20), None)
    assert job_id == "101:102"
    launcher.submit(Job(run.url, "02-b-0123456789", (0,), 1), job_id)
    first, second, next_phase = log.read_text().splitlines()
    assert "RUN_OFFSET=0" in first and "RUN_OFFSET=1" in second and "--dependency" not in first
    assert "--dependency=afterok:101:102 --kill-on-invalid-dep=yes" in next_phase
    script = Path(f"{log}.scripts").read_text()
    assert "#SBATCH --array=0-3%2\n" in script and "#SBATCH --array=0-2%2\n" in script  # 7 jobs of 3 tasks
    assert "#SBATCH --qos=fast\n" in script and "#SBATCH --mem=2G\n" in script and "mem-per-cpu" not in script
    assert (
        "#SBATCH --partition" not in script
        and "#SBATCH --account" not in script
        and "#SBATCH --signal=B:USR1@120\n" in script
    )
    assert "export A='b c'" in script and "module load x" in script and "exec echo in; " in script


def test_states_are_counted(stand_in):
    stand_in("squeue", "printf 'PENDING\\nRUNNING\\nRUNNING\\nCOMPLETED\\nTIMEOUT\\nOUT_OF_MEMORY\\nREQUEUED\\n'")
    assert SlurmLauncher(Settings()).status("1:2") == JobStatus(n_waiting=2, n_running=2, n_done=1, n_failed=2)


def test_an_object_store_is_refused_where_slurm_would_write_its_logs(stand_in):
    with pytest.raises(SpecError, match="folder that all nodes share"):
        SlurmLauncher(Settings()).submit(Job("memory://run", "01-a-0123456789", (0,), 1), None)
