"""Named measurements of a text: `words.count`, `lines.duplicate_share` and others.

A filter names the signals that it has bounds for; the engine measures them, each family in one pass over the text.
Counts are int32, everything else is float32. A share is between 0 and 1, and 0 if there is nothing to divide by (an
empty text). A signal that has no meaning for a text is NaN, which breaks no rule.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from curate.batch import Batch
from curate.errors import SpecError

BYTES_PER_TOKEN = 4.4
"""WanJuan-CC (2402.19282) has 9.71 TB in 2.22T tokens and 4.45 TB in 1.0T: 4.37 and 4.45. It does not name the tokenizer."""


TOKENS = ("tokens", "tokens.estimate")
"""Columns that count the tokens of a text, the more exact one first."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A measurement: its name, the family it is measured with, its numpy type, its description, and the language that it is
    made for; empty if it has a meaning in all."""

    name: str
    family: str
    dtype: type
    about: str
    language: str = ""


_COMPOSITION = {
    "text.characters": "characters (code points) in the text",
    "text.nonletter_share": "characters that are neither letters nor the combining marks on them, white space included, of all",
    "text.letter_share": "letters and the combining marks on them, of all visible characters",
    "text.number_share": "digits and other numbers, of all visible characters",
    "text.symbol_share": "symbols (currency, mathematics, pictographs), of all visible characters",
    "text.control_share": "control, private and unassigned characters and U+FFFD, of all characters",
    "text.mojibake_share": "characters in pairs that UTF-8 read as Latin-1 leaves behind, of all characters",
    "text.commonest_share": "the most frequent character, of all visible characters",
    "text.separator_token_share": "separators of menus and tables (| • » › → tab), of all characters",
    "text.separator_share": "marks in runs of four or more equal ones (----, ****), of all visible characters",
    "punctuation.share": "punctuation (in Thai, Lao, Khmer and Myanmar the space is some), of all visible characters",
    "punctuation.repeated_share": "marks that follow an equal mark, of all marks",
}

_LEFTOVERS = {
    "text.curly_brackets": "opening curly brackets",
    "text.placeholders": "occurrences of `lorem ipsum`",
}

_SIZE = {
    "tokens.estimate": f"tokens of a language model, estimated as UTF-8 bytes / {BYTES_PER_TOKEN} (English; no tokenizer is run)",
}

_VOCABULARY = {
    "words.type_token_ratio": "different words in lower case, of all words; marks do not count",
    "words.function_share": "English function words (the, of, which, not ...), of all words; marks do not count",
}

_WORDS = {
    "words.count": "words; marks do not count",
    "words.mean_length": "mean length in characters of words in scripts with spaces; NaN where most words have none",
    "words.lettered_share": "words with a letter, of all words; marks do not count",
    "words.alpha_share": "words with a letter, of all words and marks",
    "words.stop_words": "how many of eight frequent English words occur: the be to of and that have with",
    "words.symbols_per_word": "hash signs and ellipses for each word; marks do not count",
    "words.hashes_per_word": "hash signs for each word or mark",
    "words.ellipses_per_word": "ellipses for each word or mark",
    "words.breaks_per_word": "line breaks for each word or mark",
    "sentences.count": "sentences; the end of a line ends one",
}

_REPETITION = {"words.unique_share": "different words and marks, of all words and marks"}
_REPETITION |= {
    f"repetition.top_{n}_gram_share": f"all copies of the most frequent run of {n} words, of all characters"
    for n in (2, 3, 4)
}
_REPETITION |= {
    f"repetition.duplicate_{n}_gram_share": f"runs of {n} words that stood before in the text, of all characters"
    for n in (5, 6, 7, 8, 9, 10)
}

_LINES = {
    "lines.count": "lines that are not blank",
    "lines.mean_length": "mean length of these lines in characters",
    "lines.bullet_share": "lines that begin with a bullet or hyphen, of all lines",
    "lines.ellipsis_share": "lines that end in an ellipsis, of all lines",
    "lines.ended_share": "lines that end in a full stop, question or exclamation mark, of all lines",
    "lines.short_share": "lines of at most 30 characters, of all lines",
    "lines.duplicate_share": "lines that stood before in the text, of all lines",
    "lines.duplicate_char_share": "characters of lines that stood before, of the characters of all lines",
    "paragraphs.count": "runs of lines without a blank line between them",
    "paragraphs.duplicate_share": "paragraphs that stood before in the text, of all paragraphs",
    "paragraphs.duplicate_char_share": "characters of paragraphs that stood before, of the characters of all",
}

_COUNTS = ("text.characters", "tokens.estimate", "text.curly_brackets", "text.placeholders", "words.stop_words")

_OF_ENGLISH = ("words.stop_words", "words.function_share")

_FAMILIES = {
    "size": _SIZE,
    "composition": _COMPOSITION,
    "leftovers": _LEFTOVERS,
    "words": _WORDS,
    "vocabulary": _VOCABULARY,
    "repetition": _REPETITION,
    "lines": _LINES,
}

KERNELS: Mapping[str, str] = MappingProxyType(
    {
        "composition": "curate.kernels.composition",
        "leftovers": "curate.kernels.template_markers",
        "words": "curate.kernels.words",
        "vocabulary": "curate.kernels.vocabulary",
        "repetition": "curate.kernels.repetition",
        "lines": "curate.kernels.lines",
    }
)
"""The kernel module of each family that has one."""

SIGNALS: Mapping[str, Signal] = MappingProxyType(
    {
        name: Signal(
            name,
            family,
            np.int32 if name in _COUNTS or name.endswith(".count") else np.float32,
            about,
            "en" if name in _OF_ENGLISH else "",
        )
        for family, members in _FAMILIES.items()
        for name, about in members.items()
    }
)
"""All signals by name, grouped by family."""


RENAMED: Mapping[str, str] = MappingProxyType(
    {"text.odd_share": "text.control_share", "text.field_share": "text.separator_token_share"}
)
"""Former names of signals, which recipes may still use."""


def current_name(name: str) -> str:
    """Return the present name of a signal; another name (of a column) stays as it is."""
    return RENAMED.get(name, name)


def measure(names: Iterable[str], batch: Batch) -> dict[str, np.ndarray]:
    """Measure the texts of a batch.

    Args:
        names: the signals to measure.
        batch: documents with a column `text`.
    Returns:
        one array for each name, in the order of the names: int32[n] or float32[n], one value for each document, in
        the order of the batch.
    Raises:
        SpecError: a signal does not exist.
    """
    names = tuple(dict.fromkeys(names))
    wanted = families(names)
    found: dict[str, np.ndarray] = {}
    if wanted:
        from curate.kernels.characters import classes

        buffers = (*batch.text_buffers(), classes())
        if "repetition" in wanted:
            found |= _measure_repetition(*buffers)
        if "words" in wanted:
            found |= _measure_words(*buffers)
        if "size" in wanted:
            found["tokens.estimate"] = np.rint(np.diff(buffers[0]) / BYTES_PER_TOKEN)
        if "vocabulary" in wanted:
            found |= _measure_vocabulary(*buffers)
        if "lines" in wanted:
            found |= _measure_lines(*buffers)
        if "composition" in wanted:
            found |= _measure_composition(*buffers)
        if "leftovers" in wanted:
            found |= _measure_leftovers(*buffers[:2])
    return {name: found[name].astype(SIGNALS[name].dtype, copy=False) for name in names}


def families(names: Iterable[str]) -> frozenset[str]:
    """Return the families in which signals are measured together; words are counted with their repetition."""
    found = {_signal(name).family for name in names}
    return frozenset(found - {"words"} if "repetition" in found else found)


def warm_up(chosen: Iterable[str] = tuple(_FAMILIES)) -> None:
    """Compile the kernels of some families, or load them, so that the first batch is as fast as the others."""
    batch = Batch.from_columns({"id": ["", ""], "text": ["A word.\n\nA word.", "\u00e9\u8a9e"]})
    for family in chosen:
        measure(_FAMILIES[family], batch)


def _signal(name: str) -> Signal:
    if name not in SIGNALS:
        close = difflib.get_close_matches(name, SIGNALS, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"There are {', '.join(SIGNALS)}."
        raise SpecError(f'no signal "{name}".  {hint}')
    return SIGNALS[name]


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Divide element by element; 0 where the divisor is 0."""
    return (part / np.maximum(whole, 1)).astype(np.float32)


def _measure_words(offsets, data, classes) -> dict[str, np.ndarray]:
    from curate.kernels import words

    return _words_of(words.count_words(offsets, data, classes))


def _words_of(counts: np.ndarray) -> dict[str, np.ndarray]:
    from curate.kernels import words as w

    column = counts.T
    tokens, spaced = column[w.TOKENS], column[w.SPACED]
    mean_length = _share(column[w.SPACED_CHARACTERS], spaced)
    mean_length[2 * spaced < column[w.WORDS]] = np.nan
    return {
        "words.count": column[w.WORDS],
        "words.mean_length": mean_length,
        "words.lettered_share": _share(column[w.LETTERED], column[w.WORDS]),
        "words.alpha_share": _share(column[w.LETTERED], tokens),
        "words.stop_words": column[w.STOPS],
        "words.symbols_per_word": _share(column[w.HASH_SIGNS] + column[w.ELLIPSES], column[w.WORDS]),
        "words.hashes_per_word": _share(column[w.HASH_SIGNS], tokens),
        "words.ellipses_per_word": _share(column[w.ELLIPSES], tokens),
        "words.breaks_per_word": _share(column[w.BREAKS], tokens),
        "sentences.count": column[w.SENTENCES],
    }


def _measure_vocabulary(offsets, data, classes) -> dict[str, np.ndarray]:
    from curate.kernels import vocabulary as v
    from curate.kernels.characters import lower

    column = v.count_vocabulary(offsets, data, classes, lower(), v.function_words()).T
    return {
        "words.type_token_ratio": _share(column[v.N_DIFFERENT], column[v.N_WORDS]),
        "words.function_share": _share(column[v.N_FUNCTION], column[v.N_WORDS]),
    }


def _measure_repetition(offsets, data, classes) -> dict[str, np.ndarray]:
    from curate.kernels import repetition as r
    from curate.kernels import words as w

    counts, repeated = r.count_repetition(offsets, data, classes)
    characters = counts[:, w.CHARACTERS]
    found = {"words.unique_share": _share(repeated[:, 0], counts[:, w.TOKENS])}
    for n in r.TOP:
        found[f"repetition.top_{n}_gram_share"] = _share(repeated[:, n], characters)
    for n in r.DUPLICATE:
        found[f"repetition.duplicate_{n}_gram_share"] = _share(repeated[:, n], characters)
    return found | _words_of(counts)


def _measure_lines(offsets, data, classes) -> dict[str, np.ndarray]:
    from curate.kernels import lines as k

    column = k.count_lines(offsets, data, classes).T
    n_lines, characters = column[k.LINES], column[k.CHARACTERS]
    return {
        "lines.count": n_lines,
        "lines.mean_length": _share(characters, n_lines),
        "lines.bullet_share": _share(column[k.BULLETED], n_lines),
        "lines.ellipsis_share": _share(column[k.TRAILING], n_lines),
        "lines.ended_share": _share(column[k.ENDED], n_lines),
        "lines.short_share": _share(column[k.SHORTS], n_lines),
        "lines.duplicate_share": _share(column[k.DUPLICATES], n_lines),
        "lines.duplicate_char_share": _share(column[k.DUPLICATE_CHARACTERS], characters),
        "paragraphs.count": column[k.PARAGRAPHS],
        "paragraphs.duplicate_share": _share(column[k.DUPLICATE_PARAGRAPHS], column[k.PARAGRAPHS]),
        "paragraphs.duplicate_char_share": _share(
            column[k.DUPLICATE_PARAGRAPH_CHARACTERS], column[k.PARAGRAPH_CHARACTERS]
        ),
    }


def _measure_composition(offsets, data, classes) -> dict[str, np.ndarray]:
    from curate.kernels import composition as c

    column = c.count_composition(offsets, data, classes).T
    characters, visible = column[c.CHARACTERS], column[c.VISIBLE]
    marks = column[c.PUNCTUATION] + column[c.SYMBOLS]
    return {
        "text.characters": characters,
        "text.nonletter_share": _share(characters - column[c.LETTERS], characters),
        "text.letter_share": _share(column[c.LETTERS], visible),
        "text.number_share": _share(column[c.NUMBERS], visible),
        "text.symbol_share": _share(column[c.SYMBOLS], visible),
        "text.control_share": _share(column[c.CONTROL], characters),
        "text.mojibake_share": _share(column[c.MOJIBAKE], characters),
        "text.commonest_share": _share(column[c.COMMONEST], visible),
        "text.separator_token_share": _share(column[c.SEPARATOR_TOKENS], characters),
        "text.separator_share": _share(column[c.SEPARATORS], visible),
        "punctuation.share": _share(column[c.PUNCTUATION], visible),
        "punctuation.repeated_share": _share(column[c.REPEATED], marks),
    }


def _measure_leftovers(offsets, data) -> dict[str, np.ndarray]:
    from curate.kernels import template_markers as p

    column = p.count_template_markers(offsets, data).T
    return {"text.curly_brackets": column[p.CURLY], "text.placeholders": column[p.PLACEHOLDERS]}
