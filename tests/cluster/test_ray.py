"""Runs on a real Ray cluster of several nodes on this machine: the same bytes, a lost node, a failed task."""

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
from tests.cluster.test_slurm import RECIPE, STAGES, digests
from tests.conftest import ROOT

pytest.importorskip("ray", reason="needs Ray: pip install 'curate[ray]'")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Iterator:
    from ray.cluster_utils import Cluster

    os.environ.update(RAY_USAGE_STATS_ENABLED="0", PYTHONPATH=str(ROOT))  # the nodes inherit it
    made = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "include_dashboard": False, "object_store_memory": 100 << 20},
    )
    try:
        for _ in range(2):
            made.add_node(num_cpus=1, object_store_memory=100 << 20)
        yield made
    finally:
        made.shutdown()


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    for k in range(6):
        lines = [json.dumps({"text": f"text {k * 3 + j} of some length"}) + "\n" for j in range(20)]
        (tmp_path / "in" / f"{k}.jsonl").write_text("".join(lines))
    (tmp_path / "mine.py").write_text(STAGES)
    (tmp_path / "r.yaml").write_text(RECIPE.partition("executor:")[0].format(more=""))
    return tmp_path


def curate(cluster, cwd: Path, *arguments: str) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": cluster.address if cluster else ""}
    command = [sys.executable, "-m", "curate", *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_the_readme_is_followed_and_gives_the_same_bytes_as_on_one_machine(cluster, tmp_path):
    for name in ("pipelines", "examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "RAY_ADDRESS": cluster.address, "PATH": path, "NO_COLOR": "1"}
    test_readme.check(test_readme.commands("console ray"), tmp_path, environment)
    here = curate(None, tmp_path, "run", "pipelines/wanjuan_cc.yaml", "-o", "here", "--fresh")
    assert here.communicate(timeout=300) and here.returncode == 0
    assert digests(tmp_path / "runs" / "ray") == digests(tmp_path / "here")


def test_a_lost_node_changes_nothing_in_the_result(cluster, folder):
    running = curate(
        cluster, folder, "run", "r.yaml", "-o", "run", "--executor", "ray", "--set", "mine.picky.seconds=0.1"
    )
    end = time.monotonic() + 120
    while not list(folder.glob("run/phases/01-*/done/*")) and running.poll() is None:
        assert time.monotonic() < end, "no task finished"
        time.sleep(0.2)
    cluster.remove_node(
        next(node for node in cluster.list_all_nodes() if node is not cluster.head_node), allow_graceful=False
    )
    cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
    _, said = running.communicate(timeout=300)
    assert running.returncode == 0, said
    here = curate(None, folder, "run", "r.yaml", "-o", "here", "--fresh", "--set", "mine.picky.seconds=0.1")
    assert here.communicate(timeout=300) and here.returncode == 0
    assert digests(folder / "run") == digests(folder / "here")


def test_a_failed_task_is_reported_with_the_end_of_its_log(cluster, folder):
    failed = curate(
        cluster, folder, "run", "r.yaml", "-o", "run", "--executor", "ray", "--set", "mine.picky.bad=text 7 of"
    )
    _, said = failed.communicate(timeout=300)
    assert failed.returncode == 1 and "Traceback" not in said, said
    assert "cannot do text 7 of" in said and "Finished tasks are kept." in said


def test_a_cluster_that_cannot_run_a_task_is_refused(cluster, folder):
    (folder / "r.yaml").write_text((folder / "r.yaml").read_text() + "executor: {ray: {cpus: 64}}\n")
    refused = curate(cluster, folder, "run", "r.yaml", "-o", "run")
    _, said = refused.communicate(timeout=300)
    assert refused.returncode == 2 and "a task needs 64 CPU.  Add workers" in said
