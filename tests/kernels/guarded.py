"""Run all text kernels on bytes between two inaccessible memory pages: reading one byte too far ends the process.

python -m tests.kernels.guarded SEED
"""

from __future__ import annotations

import ctypes
import mmap
import random
import sys

import numpy as np

from curate.kernels import (
    blocklist,
    c4_lines,
    composition,
    hard_wraps,
    lines,
    minhash,
    pii_candidates,
    repetition,
    shingles,
    template_markers,
    urls,
    vocabulary,
    word_trie,
    words,
)
from curate.kernels.characters import classes, lower
from tests.kernels.texts import PIECES

PAGE = mmap.PAGESIZE
TRIE = word_trie.build(["word", "中文", "the be", "..."], np.ones(4, np.uint64))
EMPTY = urls.table(np.zeros(0, np.uint64))
PROT_NONE = 0


def main(seed: int) -> None:
    """Measure valid and invalid texts that begin and end at the bounds of the memory."""
    room = mmap.mmap(-1, 3 * PAGE)
    memory = np.frombuffer(room, np.uint8)
    libc = ctypes.CDLL(None, use_errno=True)
    for page in (0, 2):
        assert libc.mprotect(ctypes.c_void_p(memory.ctypes.data + page * PAGE), PAGE, PROT_NONE) == 0
    chance = random.Random(seed)
    for _ in range(400):
        raw = "".join(chance.choices(PIECES, k=chance.randrange(12))).encode()
        raw = raw[chance.randrange(4) : len(raw) - chance.randrange(4)] if chance.random() < 0.5 else raw
        raw = chance.randbytes(chance.randrange(20)) if chance.random() < 0.2 else raw[:PAGE]
        for first in (PAGE, 2 * PAGE - len(raw)):
            data = memory[first : first + len(raw)]
            data[:] = np.frombuffer(raw, np.uint8)
            measure(data, chance)


def measure(data: np.ndarray, chance: random.Random) -> None:
    """Run every kernel on one buffer, as one text and as two."""
    middle = chance.randrange(len(data) + 1)
    for offsets in (np.array([0, len(data)]), np.array([0, middle, len(data)])):
        words.count_words(offsets, data, classes())
        repetition.count_repetition(offsets, data, classes())
        lines.count_lines(offsets, data, classes())
        composition.count_composition(offsets, data, classes())
        hard_wraps.join_wraps(offsets, data, classes())
        template_markers.count_template_markers(offsets, data)
        vocabulary.count_vocabulary(offsets, data, classes(), lower(), vocabulary.function_words())
        pii_candidates.find_candidates(offsets, data, pii_candidates.CLASSES)
        c4_lines.drop_lines(offsets, data, classes(), chance.randrange(16), 3, 5)
        word_trie.count_entries(offsets, data, classes(), TRIE, np.ones(len(offsets) - 1, np.uint64))
        urls.host_suffixes(offsets, data)
        urls.url_prefixes(offsets, data)
        blocklist.read_lines(data, EMPTY, EMPTY, chance.random() < 0.5)
        a, b = minhash.permutations(chance.randrange(1, 20), 1)
        for tokenizer in (shingles.WORDS, shingles.CHARACTERS, shingles.CODE):
            shingles.token_spans(offsets, data, classes(), lower(), tokenizer)
            minhash.signatures_of_texts(offsets, data, classes(), lower(), tokenizer, 3, a, b)


if __name__ == "__main__":
    main(int(sys.argv[1]))
    print("done")
