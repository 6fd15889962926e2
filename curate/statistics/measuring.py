"""Measure the documents of a data set: all signals and the language, into a record like that of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate import languages, registry, signals
from curate.batch import CORE, Batch
from curate.plan.record import DOCUMENT, LANGUAGE, STRINGS, TYPES, VERDICT, RecordColumn, schema
from curate.signals import SIGNALS
from curate.stage import Shard
from curate.statistics.sampling import Place

LARGEST = 16 << 20
"""Bytes of a text that are measured at most; a longer one has no values."""

TOO_LARGE = "too_large_to_measure"
"""What is counted for such a text."""


OWN = "dataset."
"""What the name of a column of the data set begins with if curate has a column of its name."""


@dataclass(frozen=True, slots=True)
class Reader:
    """How the documents of a data set are read.

    Args:
        source: the name of the source. params: its parameters, as plain data.
        extra: columns of the data set itself that are recorded, with their types as `TYPES` spells them.
    """

    source: str
    params: Mapping[str, Any]
    extra: Mapping[str, str]

    @property
    def columns(self) -> tuple[RecordColumn, ...]:
        """The columns of the record."""
        score = RecordColumn("language_score", "float", "how sure the language is")
        date = RecordColumn("date", "string", "its date, as the data set has it")
        own = (RecordColumn(name, kind, "a column of the data set") for name, kind in self.extra.items())
        measured = (
            RecordColumn(each.name, str(pa.from_numpy_dtype(each.dtype)), each.about) for each in SIGNALS.values()
        )
        return (*DOCUMENT, LANGUAGE, *VERDICT, score, date, *own, *measured)


@dataclass(slots=True)
class Measured:
    """What was found in some places.

    Args:
        per_place: documents measured in each place.
        reasons: documents that could not be read, by reason; `TOO_LARGE` for those that were read and not measured.
    """

    per_place: list[int]
    reasons: Counter[str]


def warm_up() -> None:
    """Compile the kernels of all signals, or load them."""
    signals.warm_up()


class Measurer:
    """Reads documents and measures them.

    Args:
        reader: how they are read.
    """

    def __init__(self, reader: Reader):
        self.reader = reader
        source = registry.find(reader.source)
        self._read = source.construct(
            {name: source.params[name].convert(value) for name, value in reader.params.items()}
        )
        detector = registry.find("language.detect")
        self._detect = detector.open({name: param.default for name, param in detector.params.items()})
        self.schema = schema(reader.columns)
        self.reasons: Counter[str] = Counter()

    def measured(self, place: Place) -> Iterator[pa.RecordBatch]:
        """Yield the rows of the record for the documents of a place."""
        for batch in self.documents(place):
            if len(batch):
                yield self.rows(batch)

    def documents(self, place: Place) -> Iterator[Batch]:
        """Yield the documents of a place that are taken and can be read; the others are counted."""
        start, last = 0, place.rows[-1] if place.rows else None
        for split in place.splits:
            for batch in self._read(Shard(0, 1, (split,))):
                mask = np.ones(len(batch), bool)
                if place.rows is not None:
                    wanted = np.asarray(place.rows) - start
                    mask[:] = False
                    mask[wanted[(wanted >= 0) & (wanted < len(batch))]] = True
                start += len(batch)
                yield self._readable(batch, mask)
                if last is not None and start > last:
                    return

    def _readable(self, batch: Batch, mask: np.ndarray) -> Batch:
        if batch.verdicts is not None:
            dropped = batch.verdicts.code[mask & ~batch.verdicts.is_kept]
            self.reasons.update(batch.verdicts.reasons[code] for code in dropped.tolist())
            mask = mask & batch.verdicts.is_kept
        return Batch(batch.rows).take(mask)

    def rows(self, batch: Batch) -> pa.RecordBatch:
        """Return the rows of the record for documents."""
        lengths = pc.fill_null(pc.binary_length(batch["text"]), 0).to_numpy(zero_copy_only=False)
        fits = lengths <= LARGEST
        self.reasons[TOO_LARGE] += int((~fits).sum())
        texts = batch if fits.all() else batch.with_text(pc.if_else(pa.array(fits), batch["text"], pa.scalar("", pa.large_string())))  # fmt: skip
        detected = self._detect(texts)
        values = signals.measure(SIGNALS, texts)
        columns: dict[str, pa.Array] = {
            name: pa.array(found, mask=~fits | np.isnan(found)) for name, found in values.items()
        }
        columns[languages.COLUMN] = pc.if_else(pa.array(fits), detected[languages.COLUMN], None)
        columns["language_score"] = pc.if_else(pa.array(fits), detected["language_score"], None)
        columns["broken"] = pa.ListArray.from_arrays(np.zeros(len(batch) + 1, np.int32), pa.array([], pa.string()))
        for name in (*(column.name for column in DOCUMENT), "date", *self.reader.extra):
            columns[name] = batch[name].cast(self.schema.field(name).type, safe=False)
        arrays = [columns.get(field.name, pa.nulls(len(batch), field.type)) for field in self.schema]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def measure(reader: Reader, places: Sequence[Place], path: str) -> Measured:
    """Measure the documents of places, and write the rows of the record to a parquet file.

    Raises:
        InputError: a file of the data set cannot be read.
    """
    from pyarrow import parquet

    measurer, per_place = Measurer(reader), []
    with parquet.ParquetWriter(path, measurer.schema, compression="lz4") as writer:
        for place in places:
            n = 0
            for rows in measurer.measured(place):
                writer.write_batch(rows)
                n += rows.num_rows
            per_place.append(n)
    return Measured(per_place, measurer.reasons)


def measure_drawn(reader: Reader, places: Sequence[Place], n: int, seed: int, path: str) -> Measured:
    """Measure n documents that are drawn at random from all of the places, in one pass over them.

    Raises:
        InputError: a file of the data set cannot be read.
    """
    from pyarrow import parquet

    measurer, random, held = Measurer(reader), np.random.default_rng(seed), _Lowest(n)
    for place in places:
        for batch in measurer.documents(place):
            held.offer(batch, random.random(len(batch)))
    chosen = held.found()
    with parquet.ParquetWriter(path, measurer.schema, compression="lz4") as writer:
        for batch in chosen:
            writer.write_batch(measurer.rows(batch))
    return Measured([1] * sum(map(len, chosen)), measurer.reasons)


class _Lowest:
    """The n documents with the lowest numbers.

    Args:
        n: how many are held.
    """

    def __init__(self, n: int):
        self._n, self._limit = n, np.inf
        self._held: list[tuple[Batch, np.ndarray]] = []
        self.n_offered = 0

    def offer(self, batch: Batch, numbers: np.ndarray) -> None:
        mask = numbers < self._limit
        self.n_offered += len(batch)
        if mask.any():
            self._held.append((Batch(batch.take(mask).rows), numbers[mask]))
        if sum(len(each) for _, each in self._held) > 2 * self._n:
            self._prune()

    def _prune(self) -> None:
        everything = np.concatenate([each for _, each in self._held])
        if len(everything) > self._n:
            self._limit = float(np.partition(everything, self._n)[self._n])
        masks = [each < self._limit for _, each in self._held]
        self._held = [(_copied(batch.take(mask)), each[mask]) for (batch, each), mask in zip(self._held, masks, strict=True) if mask.any()]  # fmt: skip

    def found(self) -> list[Batch]:
        if self._held:
            self._prune()
        return [batch for batch, _ in self._held]


def _copied(batch: Batch) -> Batch:
    """Return a batch that holds no more memory than its rows take."""
    rows = batch.rows
    return Batch(
        pa.RecordBatch.from_arrays([pa.concat_arrays([column]) for column in rows.columns], schema=rows.schema)
    )


def recorded(fields: Sequence[pa.Field]) -> dict[str, tuple[str, str]]:
    """Return those columns of a data set that the record can hold: numbers, truth values and strings.

    Returns:
        name in the record -> name in the data set, and type. They differ where the record has another column of the name.
    """
    taken = {column.name for column in (*DOCUMENT, LANGUAGE, *VERDICT)} | {"language_score", *SIGNALS, *CORE}
    found = {}
    for field in fields:
        kind = (
            pa.string() if pa.types.is_large_string(field.type) or pa.types.is_string_view(field.type) else field.type
        )
        if str(kind) in TYPES and kind != STRINGS:
            name = field.name
            while name in taken:
                name = f"{OWN}{name}"
            taken.add(name)
            found[name] = (field.name, str(kind))
    return found
