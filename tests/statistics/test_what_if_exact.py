"""Changed recipes that are run beside a run: what is removed, and what is refused."""

import json
import os
import subprocess
import sys

import pytest

from curate.engine import rerun
from curate.errors import SpecError
from curate.runs.folder import locked_by
from tests.statistics.test_what_if import DOCUMENTS, RULES, Made


def test_exact_removes_what_killed_processes_left_and_nothing_else(tmp_path):
    made = Made(tmp_path / "run", RULES)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = {}
    for name, process, lock in (
        ("ours", ended.pid, locked_by(ended.pid)), ("alive", os.getppid(), locked_by(os.getppid())),
        ("of another machine", 2**22 + 1, f"process {2**22 + 1} on elsewhere"), ("of a user", 2**22 + 2, ""),
    ):  # fmt: skip
        left[name] = tmp_path / "run" / f"run.what-if-{process}"
        left[name].mkdir()
        (left[name] / ".lock").write_text(f"{lock}\n")
    with rerun.changed(made.url, ["filters.gopher.quality.min_words=3"], flag="--what-if", workers=1):
        pass
    assert {name for name, path in left.items() if path.exists()} == {"alive", "of another machine", "of a user"}


def test_exact_refuses_a_folder_that_is_not_ours_and_inputs_that_changed(tmp_path):
    made = Made(tmp_path / "run", RULES)
    with (
        pytest.raises(SpecError, match="no stage"),
        rerun.changed(made.url, ["filters.gopher.qualty.min_words=3"], flag="--what-if"),
    ):
        pass
    (tmp_path / "run" / "in.jsonl").write_text("".join(json.dumps(each) + "\n" for each in DOCUMENTS[:7]))
    with (
        pytest.raises(SpecError, match=r"input of .* has changed since"),
        rerun.changed(made.url, ["filters.gopher.quality.min_words=3"], flag="--what-if"),
    ):
        pass
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["aside", "in.jsonl", "r.yaml", "run"]
