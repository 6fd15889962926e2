"""What became of the documents of a run, as arrays: some twenty bytes a document, so that ten million fit into memory twice."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from curate import languages
from curate.statistics.difference import pairing
from curate.statistics.record import JudgementRecord

KEPT = 0
"""The number of the fate of kept documents."""

_NONE = np.zeros(0, np.int32)


class Numbers:
    """Numbers for values, the same in both runs."""

    def __init__(self, values: Sequence[Hashable] = ()):
        self._numbers: dict[Hashable, int] = {value: number for number, value in enumerate(values)}

    def of(self, value: Hashable) -> int:
        """Return the number of a value; a new one if it was not asked for before."""
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[Any]:
        """The values, by number."""
        return list(self._numbers)

    def of_strings(self, array: pa.Array) -> np.ndarray:
        """Return int32[n], the number of each string or null."""
        encoded = array.dictionary_encode(null_encoding="encode")
        known = np.array([self.of(value) for value in encoded.dictionary.to_pylist()], np.int32)
        return known[encoded.indices.to_numpy()] if len(array) else np.zeros(0, np.int32)


@dataclass(frozen=True, slots=True)
class Names:
    """What the numbers of `Fates` stand for.

    Args:
        fates: (stage, reason); (None, None) for kept documents, which is the number `KEPT`.
    """

    fates: Numbers
    sources: Numbers
    languages: Numbers

    @classmethod
    def empty(cls) -> Names:
        """Return names of which only the fate of kept documents is known."""
        return cls(Numbers([(None, None)]), Numbers(), Numbers([None]))


@dataclass(frozen=True, slots=True)
class Fates:
    """The documents of a run, in the order of its record.

    Args:
        keys: uint64[n, 2], the hash of the id. fate, source, language: int32[n], numbers of `Names`.
        sizes: column -> float32[n], NaN where it was not measured.
    """

    keys: np.ndarray
    fate: np.ndarray
    source: np.ndarray
    language: np.ndarray
    sizes: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.fate)

    def __getitem__(self, rows: np.ndarray) -> Fates:
        """Return some documents: a mask or an index array."""
        sizes = {name: values[rows] for name, values in self.sizes.items()}
        return Fates(self.keys[rows], self.fate[rows], self.source[rows], self.language[rows], sizes)


class Files(Protocol):
    """Which documents of a run come from files that both runs have read, as they were."""

    def are_common(self, ids: pa.Array, shard: int) -> np.ndarray:
        """Return bool[n] for documents of a shard."""


def read(
    record: JudgementRecord, names: Names, sizes: Sequence[str], files: Files | None = None
) -> tuple[Fates, np.ndarray]:
    """Read the record of a run.

    Args:
        names: get the values that are not among them yet.
        sizes: columns of numbers to read, too.
        files: which documents come from files that both runs have read; None: all do.

    Returns:
        the fates, and bool[n], which of the documents come from such files.

    Raises:
        InputError: a file is missing or damaged.
    """
    has_language = languages.COLUMN in record.about
    columns = ["id", "stage", "reason", "source", *([languages.COLUMN] if has_language else []), *sizes]
    keys, fates, sources, spoken = [np.zeros((0, 2), np.uint64)], [_NONE], [_NONE], [_NONE]
    numbers: dict[str, list[np.ndarray]] = {name: [_NONE.astype(np.float32)] for name in sizes}
    common = [np.zeros(0, bool)]
    for shard, batch in record.by_shard(columns):
        common.append(files.are_common(batch["id"], shard) if files else np.ones(batch.num_rows, bool))
        keys.append(pairing.hashes(batch["id"]))
        fates.append(fate_numbers(batch["stage"], batch["reason"], names.fates))
        sources.append(names.sources.of_strings(batch["source"]))
        language = names.languages.of_strings(batch[languages.COLUMN]) if has_language else np.zeros(batch.num_rows)
        spoken.append(language.astype(np.int32, copy=False))
        for name in sizes:
            numbers[name].append(batch[name].to_numpy(zero_copy_only=False).astype(np.float32, copy=False))
    arrays = (np.concatenate(pieces) for pieces in (keys, fates, sources, spoken))
    found = Fates(*arrays, {name: np.concatenate(pieces) for name, pieces in numbers.items()})
    return found, np.concatenate(common)


def fate_numbers(stage: pa.Array, reason: pa.Array, numbers: Numbers) -> np.ndarray:
    """Return int32[n], the number of each fate: of the stage and the reason together."""
    stages, reasons = (each.dictionary_encode(null_encoding="encode") for each in (stage, reason))
    n = max(1, len(reasons.dictionary))
    both = stages.indices.to_numpy().astype(np.int64) * n + reasons.indices.to_numpy()
    found, inverse = np.unique(both, return_inverse=True)
    pairs = [(stages.dictionary[k // n].as_py(), reasons.dictionary[k % n].as_py()) for k in found.tolist()]
    return np.array([numbers.of(pair) for pair in pairs], np.int32)[inverse] if pairs else _NONE
