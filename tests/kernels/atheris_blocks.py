"""Coverage-guided fuzzing of the byte pass against its slow twin: `python -m tests.kernels.atheris_blocks [SECONDS]`.

atheris sees the branches of Python code, which are those of the slow twin; compiled code has none it can see. So it
looks for pages on which the twin takes a new path, and each must read the same in both. Needs `pip install atheris`.
"""

from __future__ import annotations

import sys
from dataclasses import asdict

import atheris

with atheris.instrument_imports(include=["tests.reference.blocks"]):
    from tests.reference import blocks as slow

from tests.kernels.pages import found_in, read


def compare(data: bytes) -> None:
    """Read one page both ways."""
    page = data.decode("utf-8", "ignore")
    assert found_in(read(page.encode())) == [asdict(block) for block in slow.read_blocks(page)], page


if __name__ == "__main__":
    seconds = sys.argv[1] if len(sys.argv) > 1 else "60"
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", "-max_len=400"], compare)
    atheris.Fuzz()
