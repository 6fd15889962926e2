"""Different words and function words in plain Python: the definitions of `curate.kernels.vocabulary`."""

from __future__ import annotations

from curate.kernels.tokens import WORDS
from curate.kernels.vocabulary import FUNCTION_WORDS
from tests.reference.shingles import tokens


def count_vocabulary(text: str) -> list[int]:
    """Return a row of `curate.kernels.vocabulary.count_vocabulary`."""
    words = [token.key for token in tokens(text, WORDS)]
    return [len(words), len(set(words)), sum(word in FUNCTION_WORDS for word in words)]
