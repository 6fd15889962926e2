"""Compute perplexity under a KenLM n-gram model."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from curate.errors import InputError

_TYPOGRAPHIC = {
    "'": "‘’‚‛′´`＇", '"': "“”„‟«»″＂「」『』《》", "-": "‐‑‒–—―−", "...": "…", ",": "、", ".": "。・", "|": "│┃",
    "<": "〈", ">": "〉", "[": "【", "]": "】", "*": "•·∙●", "~": "〜", " ": "\u00a0\u3000\u2009\u202f",
}  # fmt: skip
_CONTROL = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_WORD_OR_MARK = re.compile(r"\w+|[^\w\s]")


def ccnet_text(text: str) -> str:
    """Normalise a text as CCNet does before scoring, to reduce irrelevant variation.

    Lower case, no accents, every digit 0, typographic marks as ASCII, no control characters. Line breaks are kept.
    """
    text = text.lower()
    return (text if text.isascii() else unicodedata.normalize("NFD", text)).translate(_simpler())


@cache
def _simpler() -> dict[int, str | None]:
    """Return the replacement of each character that changes; None removes it."""
    table: dict[int, str | None] = {
        code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)
    }  # full-width forms
    table |= {ord(char): plain for plain, chars in _TYPOGRAPHIC.items() for char in chars}
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category == "Mn" or (category == "Cc" and chr(code) not in "\t\n") or chr(code) in _CONTROL:
            table[code] = None
        elif category == "Nd":
            table[code] = "0"
    return table


class Lines:
    """Scores texts line by line.

    Args:
        model: path of an ARPA or binary file.
        tokenizer: path of a SentencePiece model, or None to split into words and punctuation marks.
        is_ccnet: whether texts are normalised with `ccnet_text`.
    Raises:
        InputError: a package is missing, or a file is not a valid model.
    """

    def __init__(self, model: str, tokenizer: str | None, is_ccnet: bool):
        self.model = _opened(model)
        self.cut = pieces(tokenizer) if tokenizer else _WORD_OR_MARK.findall
        self.is_ccnet = is_ccnet

    def perplexities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float64[n], one per text; NaN for texts without a token."""
        return np.array([self._perplexity(text) for text in texts], np.float64)

    def _perplexity(self, text: str) -> float:
        logarithm, n = 0.0, 0
        text = "\n".join(text.splitlines())
        for line in (ccnet_text(text) if self.is_ccnet else text).split("\n"):
            if tokens := self.cut(line):
                logarithm += self.model.score(" ".join(tokens))
                n += len(tokens) + 1  # the end of the line counts as a token
        return 10.0 ** min(-logarithm / n, 38.0) if n else np.nan


def _opened(path: str):
    try:
        import kenlm
    except ImportError as error:
        raise InputError(
            "quality.perplexity needs the package kenlm for this model: pip install 'curate[kenlm]'."
        ) from error
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    try:
        return kenlm.Model(path, config)
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"{path}: not a complete KenLM model (ARPA or binary): {error}") from error


def pieces(path: str) -> Callable[[str], list[str]]:
    """Return what cuts a line into the pieces of a SentencePiece model.

    Raises:
        InputError: the package is missing, or the file is no such model.
    """
    try:
        import sentencepiece
    except ImportError as error:
        raise InputError(
            "quality.perplexity needs the package sentencepiece for `tokenizer`: pip install 'curate[kenlm]'."
        ) from error
    try:
        model = sentencepiece.SentencePieceProcessor(model_file=path)
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path}: not a complete SentencePiece model: {error}") from error
    return lambda line: model.encode(line, out_type=str)
