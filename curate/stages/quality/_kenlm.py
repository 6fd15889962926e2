"""Perplexity under an n-gram model that KenLM reads."""

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
    """Return a text as CCNet shows it to its models: less varied than the web writes, saying the same.

    Lower case, without accents, every digit 0, typographic marks as ASCII, control characters out. Lines stay.
    """
    text = text.lower()
    return (text if text.isascii() else unicodedata.normalize("NFD", text)).translate(_simpler())


@cache
def _simpler() -> dict[int, str | None]:
    """Return what each character becomes that does not stay."""
    found: dict[int, str | None] = {
        code: chr(code - 0xFEE0).lower() for code in range(0xFF01, 0xFF5F)
    }  # full-width forms
    found |= {ord(char): plain for plain, chars in _TYPOGRAPHIC.items() for char in chars}
    for code in range(sys.maxunicode + 1):
        category = unicodedata.category(chr(code))
        if category == "Mn" or (category == "Cc" and chr(code) not in "\t\n") or chr(code) in _CONTROL:
            found[code] = None
        elif category == "Nd":
            found[code] = "0"
    return found


class Lines:
    """Scores texts line by line.

    Args:
        model: path of an ARPA or binary file.
        tokenizer: path of a SentencePiece model, or None for words and marks.
        is_ccnet: normalise texts with `ccnet_text`.
    Raises:
        InputError: a package is missing, or a file is not what it should be.
    """

    def __init__(self, model: str, tokenizer: str | None, is_ccnet: bool):
        self.model = _opened(model)
        self.cut = _pieces(tokenizer) if tokenizer else _WORD_OR_MARK.findall
        self.is_ccnet = is_ccnet

    def perplexities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float64[n], NaN for texts without a token."""
        return np.array([self._perplexity(text) for text in texts], np.float64)

    def _perplexity(self, text: str) -> float:
        logarithm, n = 0.0, 0
        text = "\n".join(text.splitlines())
        for line in (ccnet_text(text) if self.is_ccnet else text).split("\n"):
            if tokens := self.cut(line):
                logarithm += self.model.score(" ".join(tokens))
                n += len(tokens) + 1  # the end of the line is one
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
        raise InputError(f"{path} is no whole KenLM model, ARPA or binary: {error}") from error


def _pieces(path: str) -> Callable[[str], list[str]]:
    try:
        import sentencepiece
    except ImportError as error:
        raise InputError(
            "quality.perplexity needs the package sentencepiece for `tokenizer`: pip install 'curate[kenlm]'."
        ) from error
    try:
        pieces = sentencepiece.SentencePieceProcessor(model_file=path)
    except (OSError, RuntimeError) as error:
        raise InputError(f"{path} is no whole SentencePiece model: {error}") from error
    return lambda line: pieces.encode(line, out_type=str)
