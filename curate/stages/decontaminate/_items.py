"""Read evaluation sets from parquet, JSON Lines and plain text files: one item per question, with its answers."""

from __future__ import annotations

import difflib
import itertools
import posixpath
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curate import formats
from curate.assets import File
from curate.errors import InputError
from curate.formats import FORMATS, TEXT, Format

IDS = ("id", "_id", "task_id", "question_id", "qid")
INSIDE = "metadata"
"""Fields are looked up in the row, then in this field of it, where curate and datatrove write extra columns."""


N_CHECKED = 1000
"""How many rows of a set are looked at before a run."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question or one text of an evaluation set.

    Args:
        label: `file#id`, or `file#row` if the row has no id.
        set: index of the file.
        text: the question, or the text.
        answers: the accepted spellings of the answer.
    """

    label: str
    set: int
    text: str
    answers: tuple[str, ...]


def find(files: Sequence[File]) -> dict[str, str]:
    """Map the name in item labels to each file: the last part of its path, or the whole path if two files share it."""
    urls = list(dict.fromkeys(url for file in files for url in file.find()))
    shared = Counter(posixpath.basename(url) for url in urls)
    return {name if shared[name := posixpath.basename(url)] == 1 else url: url for url in urls}


def read(files: dict[str, str], questions: Sequence[str], answers: Sequence[str]) -> Iterator[Item]:
    """Yield the items of evaluation sets, file after file.

    Args:
        files: as returned by `find`.
        questions, answers: field names, in order of preference; `a.b` is the field `b` inside `a`.

    Raises:
        InputError: a file cannot be read, has an unknown format, or contains no item; the message names the file, the
            line and the fields.
    """
    for number, (name, url) in enumerate(files.items()):
        n_items, n_rows, names = 0, 0, dict[str, None]()
        for row, value in _format(url).rows_of(url):
            n_rows += 1
            if isinstance(value, str):
                value = {questions[0]: value}
            names.update(dict.fromkeys(value))
            texts = _first(value, questions)
            label = f"{name}#{_id(value, row)}"
            answer_texts = tuple(_first(value, answers))
            for k, text in enumerate(texts):
                yield Item(label if len(texts) == 1 else f"{label}/{k}", number, text, answer_texts)
            n_items += len(texts)
        if not n_rows:
            raise InputError(
                f"{url}: contains no rows; expected at least one item.  Remove it from the recipe, or fetch it again."
            )
        if not n_items:
            raise _no_field(url, names, questions)


def check(files: dict[str, str], questions: Sequence[str]) -> None:
    """Look into the first `N_CHECKED` rows of evaluation sets.

    Args:
        files: as returned by `find`.
        questions: as of `read`.

    Raises:
        InputError: a file cannot be read, has an unknown format, or none of its first rows has one of the fields.
    """
    for url in files.values():
        names = dict[str, None]()
        for _, value in itertools.islice(_format(url).rows_of(url), N_CHECKED):
            if isinstance(value, str) or _first(value, questions):
                break
            names.update(dict.fromkeys(value))
        else:
            if names and not _may_be_fields(names, questions):
                raise _no_field(url, names, questions)


def _may_be_fields(names: Collection[str], questions: Sequence[str]) -> bool:
    """Return whether rows with these keys may have one of the fields further on, though none has text so far."""
    return INSIDE in names or any(name.partition(".")[0] in names for name in questions)


def _no_field(url: str, names: Collection[str], questions: Sequence[str]) -> InputError:
    near = [each for name in questions for each in difflib.get_close_matches(name, names, n=1)]
    return InputError(
        f"{url}: no row has text in any of {', '.join(questions)}; its fields are {', '.join(names) or 'none'}."
        f"  Name the field with the question in `question_fields`{f', such as {near[0]}' if near else ''}."
    )


def read_texts(files: dict[str, str], fields: Sequence[str]) -> Iterator[str]:
    """Yield texts that are not items: a plain text file is one text; in other formats each row is one."""
    for url in files.values():
        kind = _format(url)
        if kind is TEXT:
            yield "\n".join(line for _, line in kind.rows_of(url))
        else:
            for _, value in kind.rows_of(url):
                yield from [value] if isinstance(value, str) else _first(value, fields)


def _format(url: str) -> Format:
    kind = formats.of_file(posixpath.basename(url))
    if kind is None or not kind.has_rows:
        endings = ", ".join(suffix for kind in FORMATS if kind.has_rows for suffix in kind.suffixes)
        raise InputError(
            f"{url}: unknown format; expected {endings}, all but parquet optionally compressed (.gz, .zst).  "
            "Plain text has one item per line."
        )
    return kind


# ---------------------------------------------------------------------- fields of rows


def _id(row: dict[str, Any], number: int) -> str:
    for name in IDS:
        if isinstance(row.get(name), (str, int)):
            return str(row[name])
    return str(number)


def _first(row: dict[str, Any], names: Sequence[str]) -> list[str]:
    """Return the texts of the first of these fields that is not empty."""
    for name in names:
        for path in (name, f"{INSIDE}.{name}"):
            if texts := [text for text in _at(row, path.split(".")) if text.strip()]:
                return texts
    return []


def _at(value: Any, path: Sequence[str]) -> list[str]:
    """Return the texts and numbers at a path. A list, along the path or at its end, gives one per entry."""
    if isinstance(value, list):
        return [text for each in value for text in _at(each, path)]
    if path:
        return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []
    if isinstance(value, str):
        return [value]
    return [str(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []
