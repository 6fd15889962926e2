from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

from curate.errors import StageError
from curate.stages.extract.sandbox import Failure, Sandbox

HOSTILE = "tests.stages.extract.hostile"


@pytest.fixture
def sandbox():
    made = Sandbox(f"{HOSTILE}:open_hostile", {}, max_seconds=0.5, max_memory_mib=512)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("deed", "failure"),
    [
        (b"loop", Failure("timeout", "SIGPROF")),
        (b"loop in C", Failure("timeout", "SIGPROF")),
        (b"sleep", Failure("timeout", "silent")),
        (b"leave", Failure("crashed", "exit code 7")),
        (b"segfault", Failure("crashed", "SIGSEGV")),
        (b"abort", Failure("crashed", "SIGABRT")),
        (b"eat memory", Failure("out_of_memory", "MemoryError")),
        (b"raise", Failure("crashed", "ValueError")),
        (b"recurse", Failure("crashed", "RecursionError")),
    ],
)
def test_a_hostile_request_fails_alone(sandbox, deed, failure):
    requests = [[b"one"], [b"two"], [deed], [b"three"], [b"four"]]
    assert list(sandbox.map(requests)) == [[b"one"], [b"two"], failure, [b"three"], [b"four"]]


def test_several_hostile_requests_in_a_row_each_get_their_own_failure(sandbox):
    kinds = [
        getattr(answer, "kind", answer)
        for answer in sandbox.map([[b"loop"], [b"leave"], [b"ok"], [b"loop"], [b"eat memory"]])
    ]
    assert kinds == ["timeout", "crashed", [b"ok"], "timeout", "out_of_memory"]


def test_what_a_library_prints_or_reads_does_not_reach_the_pipes(sandbox):
    assert list(sandbox.map([[b"print"], [b"after"]])) == [[b"print"], [b"after"]]


def test_answers_come_in_order_whatever_their_size():
    sizes = [0, 1, 100_000, 3, 5_000_000, 70_000, 2, 20_000_000, 1]
    sandbox = Sandbox(f"{HOSTILE}:open_sizes", {}, max_seconds=30, max_memory_mib=512)
    answers = list(sandbox.map([b"x" * size, None, b""] for size in sizes))
    sandbox.close()
    assert answers == [[str(size).encode(), None, b"0"] for size in sizes]


def test_no_requests_need_no_child(sandbox):
    assert list(sandbox.map([])) == []
    assert sandbox._process is None


def test_an_abandoned_call_leaves_no_answers_for_the_next(sandbox):
    answers = sandbox.map([[b"a"], [b"b"], [b"c"]])
    assert next(answers) == [b"a"]
    answers.close()
    assert list(sandbox.map([[b"d"]])) == [[b"d"]]


def test_a_request_whose_child_was_killed_from_outside_is_tried_again(tmp_path):
    sandbox = Sandbox(f"{HOSTILE}:open_unlucky", {"marker": str(tmp_path / "died")}, max_seconds=5, max_memory_mib=512)
    assert list(sandbox.map([[b"a"], [b"unlucky"], [b"b"]])) == [[b"a"], [b"unlucky"], [b"b"]]
    sandbox.close()
    assert (tmp_path / "died").exists()


def test_a_child_killed_between_two_calls_is_replaced(sandbox):
    assert list(sandbox.map([[b"a"]])) == [[b"a"]]
    os.kill(sandbox._process.pid, signal.SIGKILL)
    assert list(sandbox.map([[b"b"], [b"c"]])) == [[b"b"], [b"c"]]


def test_a_function_that_cannot_be_opened_is_a_stage_error():
    with pytest.raises(StageError, match="does not start: ImportError: no such library"):
        Sandbox(f"{HOSTILE}:open_broken", {}, max_seconds=1, max_memory_mib=512).open()


def test_too_little_memory_to_start_in_is_a_stage_error():
    options = {"engine": "trafilatura", "favor": "balance", "comments": False, "tables": True}
    with pytest.raises(StageError, match="raise max_memory_mib"):
        Sandbox("curate.stages.extract.engines:open_extractor", options, max_seconds=1, max_memory_mib=40).open()


def test_it_works_inside_a_daemonic_pool_worker():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_one_loop_in_a_sandbox) == ["timeout", [b"ok"]]


def _one_loop_in_a_sandbox():
    sandbox = Sandbox(f"{HOSTILE}:open_hostile", {}, max_seconds=0.2, max_memory_mib=512)
    answers = [getattr(answer, "kind", answer) for answer in sandbox.map([[b"loop"], [b"ok"]])]
    sandbox.close()
    return answers


PARENT = """
from curate.stages.extract.sandbox import Sandbox
sandbox = Sandbox("tests.stages.extract.hostile:open_hostile", {}, max_seconds=600, max_memory_mib=512)
sandbox.open()
print(sandbox._process.pid, flush=True)
list(sandbox.map([[b"%s"]]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
@pytest.mark.parametrize("deed", ["loop", "sleep"])
def test_the_child_dies_with_a_parent_killed_by_9(deed):
    parent = subprocess.Popen([sys.executable, "-c", PARENT % deed], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    assert _is_running(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(200):
        if not _is_running(child):
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    pytest.fail("the child outlived its parent by ten seconds")


def _is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
