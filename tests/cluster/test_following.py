"""How far a run is, and its logs: of runs on this machine and of jobs of an executor that nobody knows any more."""

from __future__ import annotations

import json
import shutil

import pytest

import curate
from curate.cli import show_status
from curate.engine import following, submitting, task_logs
from curate.engine.following import State
from curate.errors import RunError, SpecError
from curate.executor import PREPARE
from curate.runs import RunFolder, jobs
from curate.runs.jobs import SubmittedJob, SubmittedJobs


@pytest.fixture
def run(write_recipe, write_jsonl, tmp_path) -> str:
    write_jsonl("a.jsonl", [f"document {k}" for k in range(4)])
    return curate.run(write_recipe(["dedup.exact"]), output=str(tmp_path / "run"), workers=1)


def test_a_finished_run_is_done_and_has_logs(run, capsys):
    found = following.look(run)
    assert found.state is State.DONE and [phase.n_done for phase in found.phases] == [1, 1, 1, 1]
    assert json.loads(json.dumps(found.to_json()))["state"] == "done"
    show_status.print_progress(found)
    assert "02-dedup.exact-copies" in capsys.readouterr().out
    ((path, lines),) = task_logs.of_task(run, "02")
    assert path.endswith("task_00000.log") and lines
    following.wait(run, lambda now, before: None)


def test_what_is_not_there_is_said(run, tmp_path):
    with pytest.raises(SpecError, match=r"expected a run folder, found no run\.json"):
        following.look(str(tmp_path / "in"))
    with pytest.raises(SpecError, match=r"no phase 9\..*Phases: 01-dedup\.exact, 02-"):
        list(task_logs.of_task(run, "9"))
    with pytest.raises(SpecError, match="has 1 tasks, numbered from 0; there is no task 3"):
        list(task_logs.of_task(run, "01", 3))
    with pytest.raises(SpecError, match="no job was submitted"):
        submitting.cancel(run)


def test_a_run_that_stopped_half_way_has_not_failed(run, tmp_path):
    (tmp_path / "run" / "manifest.json").unlink()
    last = sorted((tmp_path / "run" / "phases").glob("0*"))[-1]
    shutil.rmtree(last / "done")
    found = following.look(run)
    assert found.state is State.NOT_STARTED and [phase.state for phase in found.phases][:2] == [State.DONE] * 2
    with pytest.raises(RunError, match=r"no job of the run waits or runs\.  Run again"):
        following.wait(run, lambda now, before: None)


def test_jobs_of_an_executor_that_is_gone_are_neither_lost_nor_run_twice(run, tmp_path):
    folder = RunFolder(run)
    known = SubmittedJobs(
        "gone.cluster", {}, ("gone",), (), "2026-01-01T00:00:00+00:00", [SubmittedJob(PREPARE, "1", 1)]
    )
    known.write(folder)
    assert jobs.read(folder) == known
    submitting.check_idle(folder)  # the run is finished
    (tmp_path / "run" / "manifest.json").unlink()
    with pytest.raises(RunError, match=r"whether they still run is not known.*remove .*jobs\.json"):
        submitting.check_idle(folder)
    assert following.look(run).problem
