"""Run the byte pass and the features with numba's bounds checks, on mutated, truncated and hostile pages.

    NUMBA_BOUNDSCHECK=1 python -m tests.kernels.fuzz_blocks 100000 [SEED]

An index out of bounds, which compiled code does not notice, raises here. Compiled code with checks has its own cache
folder. The seeds are real pages, if available, and pieces of markup that exercise a rule.
"""

from __future__ import annotations

import gzip
import os
import random
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(tempfile.gettempdir()) / "curate-boundscheck"))

import numba
import numpy as np

if not numba.config.BOUNDSCHECK:
    raise SystemExit("Set NUMBA_BOUNDSCHECK=1: without it this checks nothing.")

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.context_features import context_features
from curate.kernels.blocks.layout import make_tables, with_page
from curate.kernels.blocks.model import features
from curate.kernels.blocks.read import read_blocks
from curate.kernels.blocks.select_blocks import select_blocks
from curate.kernels.characters import classes
from tests.bench.real_data import real_data
from tests.kernels.pages import ATTRIBUTES, BLOCKS, OTHERS, TEXTS

TABLES = make_tables(classes())
NO_ODDS = np.zeros(1 << 14, np.int8), np.zeros(1 << 15, np.int8)
PIECES = [
    *(f"<{name}{attributes}>".encode() for name in (*BLOCKS, *OTHERS) for attributes in ATTRIBUTES),
    *(f"</{name}>".encode() for name in (*BLOCKS, *OTHERS)), *(text.encode() for text in TEXTS),
    b"\xff", b"\xc3", b"\xe6\xbc", b"\xf0\x9f\x98", b"\x00", b"<" * 40, b'<a href="', b"<p class='", b"&" * 20,
]  # fmt: skip
MOST_BYTES = 20_000


def main(n: int, seed: int) -> None:
    """Run `n` inputs."""
    chance, seeds = random.Random(seed), _seeds()
    for _ in range(n):
        check(_input(chance, seeds))


def check(page: bytes) -> None:
    """Read a page and compute all features of its blocks."""
    t = with_page(TABLES, page)
    n = read_blocks(t)
    if n < 0:
        return
    assert n == t.state[at_.BLOCKS] and t.state[at_.OUT] <= len(page)
    first, measures = features(t, *NO_ODDS)
    p = np.linspace(0, 1, n, dtype=np.float32)
    assert np.isfinite(first).all() and np.isfinite(context_features(t, measures, p)).all()
    if n:
        select_blocks(p, measures.width, 0.5, 0.25, 0.6)


def _seeds() -> list[bytes]:
    folder = real_data()
    files = sorted((folder / "html" / "trafilatura-eval" / "pages").glob("*"))[::25] if folder else []
    pages = [gzip.decompress(path.read_bytes()) for path in files]
    return [b"<p>" + b" ".join(PIECES[k::7]) for k in range(7)] + pages


def _input(chance: random.Random, seeds: list[bytes]) -> bytes:
    if chance.random() < 0.3:
        return b"".join(chance.choices(PIECES, k=chance.randrange(60)))
    page = chance.choice(seeds)
    start = chance.randrange(max(len(page) - MOST_BYTES, 1))
    page = bytearray(page[start : start + chance.randrange(MOST_BYTES)])
    for _ in range(chance.randrange(12)):
        at = chance.randrange(len(page) + 1)
        deed = chance.randrange(5)
        if deed == 0:
            page[at : at + chance.randrange(200)] = b""
        elif deed == 1:
            page[at:at] = chance.choice(PIECES)
        elif deed == 2:
            page[at:at] = chance.randbytes(chance.randrange(8))
        elif deed == 3 and page:
            page[at % len(page)] ^= 1 << chance.randrange(8)
        else:
            page[at:at] = chance.choice(PIECES) * chance.randrange(300)
    return bytes(page)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    print("done")
