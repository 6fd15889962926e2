"""Labelled texts: read from files of rows, checked, and split so that copies stay in one part."""

from __future__ import annotations

import hashlib
import posixpath
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from curate import formats
from curate.assets import File
from curate.errors import InputError, SpecError
from curate.formats import JSONL, Format

PARTS = ("train", "validation", "test")
SHARES = (0.8, 0.1, 0.1)


@dataclass(frozen=True)
class Examples:
    """Labelled texts.

    Args:
        texts: n texts, none of them blank.
        is_positive: bool[n].
        positive: the name of the positive label.
        groups: n keys; texts with the same key stay in one part of a split. None: equal texts do.
        slices: further columns by name, n values each, for metrics per value (`source`, `language`).
        origins: the files that the texts were read from, each with its SHA-256.
        left_out: how many rows were not used, by reason.
    """

    texts: Sequence[str]
    is_positive: np.ndarray
    positive: str
    groups: Sequence[str] | None = None
    slices: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)

    def take(self, rows: np.ndarray) -> Examples:
        """Return the examples of some rows: `rows` is int64[k] or bool[n]."""
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        return Examples(
            [self.texts[i] for i in rows],
            self.is_positive[rows],
            self.positive,
            None if self.groups is None else [self.groups[i] for i in rows],
            {name: [values[i] for i in rows] for name, values in self.slices.items()},
            self.origins,
            self.left_out,
        )

    def need_both_labels(self, what: str) -> Examples:
        """Return itself, after checking that both labels occur.

        Args:
            what: the name of these examples in the error message.
        Raises:
            InputError: all texts have the same label, so that nothing can be learned or measured.
        """
        n, positive = len(self), int(self.is_positive.sum())
        if positive in (0, n):
            raise InputError(
                f'{what}: {positive} of {n} texts are "{self.positive}", and both labels are needed.  '
                "Check --positive, or add data."
            )
        return self


def read_examples(
    paths: Sequence[str],
    *,
    text: str = "text",
    label: str = "label",
    positive: str | None = None,
    group: str | None = None,
    slices: Sequence[str] = (),
    modules: Sequence[str] = (),
) -> Examples:
    """Read labelled texts.

    Args:
        paths: files, or globs that match files: `.parquet`, `.jsonl`, `.jsonl.gz`, `.jsonl.zst`, or of a format that a
            module brings. Files of other names are read as JSON lines.
        text: the column of texts. A field `label` of a column `metadata` is written `metadata.label`, here and below.
        label: the column of labels: strings, numbers or booleans.
        positive: the positive label; all others are negative. None for labels 0 and 1, or false and true.
        group: a column whose equal values stay in one part of a split; None keeps equal texts together.
        slices: further columns to keep; columns that do not occur in the data are left out.
        modules: modules of the user's that bring file formats.

    Raises:
        InputError: there is no such file or column, a file is damaged, or no row has both a text and a label.
        SpecError: `positive` does not occur in the data, or is missing; a module cannot be imported.
    """
    rows, origins = _read(paths, (text, label, group), modules)
    left_out: Counter[str] = Counter()
    used, labels = [], []
    for row in rows:
        value, found = _at(row, text), _label(_at(row, label))
        if not isinstance(value, str) or not value.strip():
            left_out["text empty or missing"] += 1
        elif found is None:
            left_out["label missing"] += 1
        else:
            used.append(row)
            labels.append(found)
    name, is_positive = _chosen(labels, positive, label)
    columns = [c for c in slices if any(_at(row, c) is not None for row in used)]
    return Examples(
        [_at(row, text) for row in used],
        is_positive,
        name,
        [str(_at(row, group)) for row in used] if group else None,
        {c: [None if (v := _at(row, c)) is None else str(v) for row in used] for c in columns},
        origins,
        dict(left_out),
    )


def read_texts(
    paths: Sequence[str], *, text: str = "text", human: str | None = None, modules: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Read texts that are to be labelled.

    Args:
        paths, modules: as of `read_examples`.
        text: the column of texts; rows without one are left out.
        human: a column of human labels; None for none.
    Returns:
        rows with `text`, and with `id` and `human` if the data has them.
    Raises:
        InputError: there is no such file or column, or a file is damaged.
    """
    rows, _ = _read(paths, (text, human), modules)
    columns = {"id": "id", "human": human} if human else {"id": "id"}
    return [
        {"text": value, **{name: found for name, column in columns.items() if (found := _at(row, column)) is not None}}
        for row in rows
        if isinstance(value := _at(row, text), str) and value.strip()
    ]


def split(examples: Examples, seed: int = 0, shares: Sequence[float] = SHARES) -> dict[str, Examples]:
    """Split into train, validation and test by the hash of each group.

    Without `groups`, the group of a text is the text itself in lower case without white space: exact copies, and copies
    that differ in case or layout, stay in one part. Near-duplicates do so only if a column says what belongs together.

    Args:
        seed: another seed gives another split.
        shares: of train, validation and test, each above 0; they are divided by their sum.
    Raises:
        InputError: a part does not have both labels.
    """
    keys = examples.groups if examples.groups is not None else ["".join(t.lower().split()) for t in examples.texts]
    place = np.array([_unit(f"{seed} {key}") for key in keys])
    edges = np.cumsum(shares) / np.sum(shares)
    part = np.searchsorted(edges, place, side="right").clip(0, len(PARTS) - 1)
    return {name: examples.take(part == k).need_both_labels(name) for k, name in enumerate(PARTS)}


def _read(
    paths: Sequence[str], columns: Sequence[str | None], modules: Sequence[str]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the rows of all files, and the digest of each file; every column must have a value in some row."""
    rows: list[dict[str, Any]] = []
    origins = {}
    kinds = formats.with_modules(modules)
    for path in paths:
        for name in File(path).find():
            rows += _rows(name, formats.of_file(posixpath.basename(name), kinds) or JSONL)
            origins[name] = _digest(name)
    for column in filter(None, columns):
        if not any(_at(row, column) is not None for row in rows):
            there = ", ".join(sorted({name for row in rows[:100] for name in row})) or "no rows"
            found = "is null in every row" if column in there.split(", ") else "is missing"
            raise InputError(f"{', '.join(paths)}: the column `{column}` {found}.  The columns are {there}.")
    return rows, origins


def _unit(key: str) -> float:
    """Return the hash of a key as a number from 0 to 1, the same on every machine."""
    return int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:6], "big") / 2**48


def _chosen(labels: Sequence[str], positive: str | None, column: str) -> tuple[str, np.ndarray]:
    counts = Counter(labels)
    if not counts:
        raise InputError(f"no row has both a text and a label (column `{column}`).  Check --text and --label.")
    if positive is None and set(counts) <= {"0", "1"}:
        return "positive", np.array([each == "1" for each in labels], bool)
    names = ", ".join(f"{name} ({n})" for name, n in counts.most_common(10))
    if positive is None:
        raise SpecError(f"--positive is missing: the labels in `{column}` are {names}.  Name the positive one.")
    if positive not in counts:
        raise SpecError(f'--positive "{positive}": there is no such label; those in `{column}` are {names}.')
    return positive, np.array([each == positive for each in labels], bool)


def _label(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return None if value != value else f"{value:g}"
    return None if value is None or value == "" else str(value)


def _at(row: Mapping[str, Any], column: str) -> Any:
    if column in row:
        return row[column]
    first, dot, rest = column.partition(".")
    inner = row.get(first) if dot else None
    return _at(inner, rest) if isinstance(inner, Mapping) else None


def _rows(name: str, kind: Format) -> list[dict[str, Any]]:
    rows = [row for _, row in kind.rows_of(name)]
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InputError(
                f'{name}: row {number} is not a JSON object.  Each must be one, such as {{"text": ..., "label": ...}}.'
            )
    return rows


def _digest(name: str) -> str:
    import fsspec

    with fsspec.open(name, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
