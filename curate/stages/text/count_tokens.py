"""`text.count_tokens`: count the tokens of each text with a tokenizer of Hugging Face."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from curate.assets import File
from curate.batch import Batch
from curate.errors import InputError


class count_tokens:
    """Count the tokens of each text with the tokenizer of a language model.

    Only the tokens of the text count; what the tokenizer puts before and after a document does not. Without this stage,
    the signal `tokens.estimate` and the tables of a run estimate tokens from bytes.

    Why:
        Budgets of training are in tokens, and the number of bytes in a token depends on the tokenizer and the language:
        in Chinese text one made for English takes several tokens for each character.
    Args:
        tokenizer: a `tokenizer.json`, as models on the Hugging Face hub have it. Its content is part of the fingerprint of
            the recipe.
    Needs: text
    Makes: tokens: int
    Raises:
        InputError: the package `tokenizers` is missing, or the file is not such a tokenizer.
    Cost: 2.3 to 2.8 MB/s of English Wikipedia on one core with a byte-level BPE of 32,000 tokens.
    Kept:
        "any text"
    Source: The package `tokenizers` of Hugging Face, `Tokenizer.encode_batch_fast` without special tokens.
    """

    def __init__(self, *, tokenizer: File):
        found = File(tokenizer).find()
        if len(found) > 1:
            raise InputError(f"tokenizer: {tokenizer} means {len(found)} files, expected one tokenizer.json.")
        self.path = found[0]

    def check_setup(self) -> None:
        """Look whether the package is installed, and the file is a tokenizer."""
        _opened(self.path)

    def setup(self) -> None:
        """Open the tokenizer."""
        self.tokenizer = _opened(self.path)

    def __call__(self, batch: Batch) -> Batch:
        encoded = self.tokenizer.encode_batch_fast(batch.texts(), add_special_tokens=False)
        return batch.with_columns({"tokens": pa.array([len(each) for each in encoded], pa.int32())})


def _opened(path: str) -> Any:
    """Return the tokenizer in a file, which counts all tokens of a text, however long.

    Raises:
        InputError: it is not one, or the package is missing.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise InputError("text.count_tokens needs the package `tokenizers`: pip install 'curate[tokens]'.") from error
    import fsspec

    try:
        with fsspec.open(path, "rb") as file:
            tokenizer = Tokenizer.from_buffer(file.read())
    except Exception as error:  # the package raises bare exceptions
        message = str(error).split("\n")[0]
        raise InputError(f"{path}: expected a tokenizer.json of Hugging Face: {message}.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
