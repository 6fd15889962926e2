"""Runs on a real Slurm cluster of two virtual nodes: the same bytes, failed tasks, large arrays, stopped jobs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import test_readme
from tests.cluster import slurm_here
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not slurm_here.is_installed(), reason="needs Slurm: apt-get install slurm-wlm"),
]

STAGES = '''
import time
from curate import Doc


def picky(doc: Doc, *, bad: str = "", seconds: float = 0.0) -> Doc:
    """Fail on a text, and take time.

    Makes: n_marks: int
    """
    if bad and bad in doc.text:
        raise ValueError("cannot do " + bad)
    time.sleep(seconds)
    doc.columns["n_marks"] = 1
    return doc
'''
RECIPE = """
name: r
modules: [mine]
inputs: {{sources.jsonl: {{paths: "in/*.jsonl", shard_mib: 0.001}}}}
stages: [mine.picky, dedup.exact]
executor: {{slurm: {{mem: 1G, time: "5"{more}}}}}
"""
N_FILES = 9


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[dict[str, str]]:
    with slurm_here.running(tmp_path_factory.mktemp("slurm"), max_array=4) as environment:
        yield {**environment, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    for k in range(N_FILES):
        lines = [json.dumps({"text": f"text {k * 3 + j} of some length"}) + "\n" for j in range(20)]
        (tmp_path / "in" / f"{k}.jsonl").write_text("".join(lines))
    (tmp_path / "mine.py").write_text(STAGES)
    (tmp_path / "r.yaml").write_text(RECIPE.format(more=""))
    return tmp_path


def curate(environment: dict[str, str], *arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "curate", *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, timeout=400)


def slurm(environment: dict[str, str], *command: str) -> str:
    return subprocess.run(command, env=environment, capture_output=True, text=True).stdout


def status(environment: dict[str, str], run: str, cwd: Path) -> dict:
    return json.loads(curate(environment, "status", run, "--json", cwd=cwd).stdout)


def digests(run: Path) -> dict:
    manifest = json.loads((run / "manifest.json").read_text())
    return {name: manifest[name] for name in ("output_digest", "rejects_digest", "judgements_digest", "documents")}


def test_the_whole_recipe_gives_the_same_bytes_as_on_one_machine(cluster, tmp_path):
    ran = curate(
        cluster, "run", "pipelines/wanjuan_cc.yaml", "-o", str(tmp_path / "slurm"), "--executor", "slurm", "--wait"
    )
    assert ran.returncode == 0, ran.stderr
    here = curate(cluster, "run", "pipelines/wanjuan_cc.yaml", "-o", str(tmp_path / "local"), "--fresh")
    assert here.returncode == 0, here.stderr
    assert digests(tmp_path / "slurm") == digests(tmp_path / "local")
    ledgers = [json.loads((tmp_path / name / "ledger.json").read_text())["stages"] for name in ("slurm", "local")]
    on_slurm, on_one = ([{**stage, "seconds": 0} for stage in ledger] for ledger in ledgers)
    assert on_slurm == on_one


def test_the_readme_is_followed_word_for_word(cluster, tmp_path):
    for name in ("pipelines", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    test_readme.check(test_readme.commands("console slurm"), tmp_path, {**cluster, "PATH": path, "NO_COLOR": "1"})


def test_a_failed_task_ends_the_run_and_the_next_one_goes_on(cluster, folder):
    failed = curate(cluster, "run", "r.yaml", "-o", "run", "--wait", "--set", "mine.picky.bad=text 7 of", cwd=folder)
    assert failed.returncode == 1 and "`curate logs run` prints why" in failed.stderr, failed.stderr
    found = status(cluster, "run", folder)
    assert found["state"] == "failed or cancelled"
    first, reduces, *_, finish = (phase for phase in found["phases"] if phase["phase"] != "prepare")
    assert first["missing"] == [0, 1, 2] and first["done"] == N_FILES - 3
    assert reduces["state"] == finish["state"] == "not started"
    assert ":" in first["job"]  # more tasks than an array may have
    logs = curate(cluster, "logs", "run", cwd=folder)
    assert "cannot do text 7 of" in logs.stdout and "task_00000.log:" in logs.stdout
    assert slurm(cluster, "squeue", "--noheader") == ""  # nothing waits for ever
    again = curate(cluster, "run", "r.yaml", "-o", "run", "--wait", cwd=folder)
    assert again.returncode == 0, again.stderr
    here = curate(cluster, "run", "r.yaml", "-o", "here", "--executor", "local", "--fresh", cwd=folder)
    assert here.returncode == 0 and digests(folder / "run") == digests(folder / "here")
    shown = curate(cluster, "status", "run", cwd=folder)
    assert shown.returncode == 0 and "run: done" in shown.stdout


def test_two_launches_do_not_write_into_one_folder_and_jobs_can_be_cancelled(cluster, folder):
    slow = ("--set", "mine.picky.seconds=0.5")
    assert curate(cluster, "run", "r.yaml", "-o", "run", *slow, cwd=folder).returncode == 0
    second = curate(cluster, "run", "r.yaml", "-o", "run", *slow, cwd=folder)
    assert second.returncode == 1 and "`curate cancel run` ends them" in second.stderr
    cancelled = curate(cluster, "cancel", "run", cwd=folder)
    assert cancelled.returncode == 0 and "cancelled; finished tasks are kept" in cancelled.stderr
    _until(lambda: slurm(cluster, "squeue", "--noheader") == "")
    assert "no job of run waits or runs" in curate(cluster, "cancel", "run", cwd=folder).stderr


def test_a_job_that_is_told_of_its_end_stops_at_a_batch_and_is_queued_again(cluster, folder):
    slow = ("--set", "mine.picky.seconds=0.4")
    assert curate(cluster, "run", "r.yaml", "-o", "run", *slow, cwd=folder).returncode == 0
    jobs = json.loads((folder / "run" / "jobs.json").read_text())["jobs"]
    array = next(job["job_id"].split(":")[0] for job in jobs if job["phase"].startswith("01-"))
    _until(lambda: "RUNNING" in slurm(cluster, "squeue", "--noheader", "--format=%T", f"--jobs={array}_0"))
    _until(
        lambda: (
            (folder / "run" / "phases").exists() and any((folder / "run" / "phases").glob("01-*/logs/task_00000.log"))
        )
    )
    for _ in range(2):  # a second signal changes nothing
        slurm(cluster, "scancel", "--signal=USR1", "--batch", f"{array}_0")
    _until(lambda: "Restarts=1" in slurm(cluster, "scontrol", "show", "job", f"{array}_0"))
    slurm(cluster, "scontrol", "update", f"jobid={array}_0", "starttime=now")
    ran = curate(cluster, "status", "run", "--watch", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    (log,) = (folder / "run" / "phases").glob(f"01-*/slurm/{array}_0.out")
    assert "stopped at a batch before the end of the job; it is queued again" in log.read_text()
    here = curate(cluster, "run", "r.yaml", "-o", "here", "--executor", "local", "--fresh", cwd=folder)
    assert here.returncode == 0 and digests(folder / "run") == digests(folder / "here")


def test_a_refused_job_says_what_there_is(cluster, folder):
    (folder / "r.yaml").write_text(RECIPE.format(more=", partition: nope"))
    refused = curate(cluster, "run", "r.yaml", "-o", "run", cwd=folder)
    assert refused.returncode == 1 and "Traceback" not in refused.stderr
    assert "invalid partition specified: nope" in refused.stderr and "Partitions here: main." in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="hides a folder by a mount, which only root may")
def test_a_node_that_does_not_see_the_run_folder_is_found_before_the_first_array(cluster, folder):
    hidden = f"unshare --mount sh -c 'mount -t tmpfs none {folder}/run && exec \\\"$@\\\"' --"
    (folder / "r.yaml").write_text(RECIPE.format(more=f', container: "{hidden}"'))
    ran = curate(cluster, "run", "r.yaml", "-o", "run", "--wait", cwd=folder)
    assert ran.returncode == 1 and "prepare" in ran.stderr, ran.stderr
    logs = curate(cluster, "logs", "run", cwd=folder).stdout
    assert "does not see" in logs and "storage that all nodes share" in logs
    assert not list((folder / "run" / "phases").glob("01-*/done/*"))


def _until(is_so, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.3)
