"""Fuzz the byte pass against its slow twin, guided by coverage: `python -m tests.kernels.atheris_blocks [SECONDS]`.

atheris sees the branches of Python code only, not of compiled code. So it searches for pages on which the slow twin takes
a new branch, and compares both results on each. Needs `pip install atheris`.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

import atheris

with atheris.instrument_imports(include=["tests.reference.blocks"]):
    from tests.reference import blocks as slow

from tests.kernels.pages import found_in, read


def compare(data: bytes) -> None:
    """Read one page with both implementations and compare."""
    page = data.decode("utf-8", "ignore")
    assert found_in(read(page.encode())) == [asdict(block) for block in slow.read_blocks(page)], page


if __name__ == "__main__":
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=400"], compare)
    atheris.Fuzz()
