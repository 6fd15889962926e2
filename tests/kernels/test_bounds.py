"""Kernels stay inside their buffers for any bytes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kernels_read_no_byte_before_or_after_the_text(seed):
    run = subprocess.run([sys.executable, "-m", "tests.kernels.guarded", str(seed)], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr


@pytest.mark.parametrize("n", [300, pytest.param(100_000, marks=pytest.mark.slow)])
def test_the_byte_pass_stays_inside_its_tables_on_broken_pages(n):
    command = [sys.executable, "-m", "tests.kernels.fuzz_blocks", str(n)]
    checked = {**os.environ, "NUMBA_BOUNDSCHECK": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=checked)
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr
