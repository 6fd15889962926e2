"""Statistics of a data set that no run made: its documents are measured, a random sample of them first."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import fsspec
import numpy as np
import pyarrow as pa

from curate import inputs, registry
from curate.batch import CORE, column_types
from curate.errors import InputError, SpecError
from curate.inputs import InputFile, found, listing
from curate.inputs.found import Found
from curate.ledger import Ledger, StageLedger
from curate.plan.record import RecordColumn, schema
from curate.runs import RunFolder
from curate.statistics import measuring, sampling
from curate.statistics.corpus import Corpus
from curate.statistics.error import Sampled
from curate.statistics.measuring import LARGEST, TOO_LARGE, Measured, Reader
from curate.statistics.record import Record, read_parquet
from curate.statistics.sampling import Sample

SAMPLE = 10_000
"""Documents that are measured if nobody says how many."""

SHOWN_FILES = 3
"""Files that are named of those that are measured."""

LONG_NAME = 300
"""Characters of which a name, an id or an address has hardly ever more."""

SEED = 0
"""Of the random numbers that choose the documents: the same data set gives the same sample."""

STAGE = "measuring"
"""What the ledger calls the only stage of a data set."""


class NotFound(InputError):
    """There is no file at the path, or none that holds documents."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How a data set is to be read.

    Args:
        text: the column that holds the texts; empty: `text`, or the one with the longest strings.
        sample: about how many documents are measured; None for all.
    """

    text: str = ""
    sample: int | None = SAMPLE


USUAL = Asked()
"""How a data set is read if nobody says how."""


def measure(url: str, asked: Asked = USUAL, seed: int = SEED) -> Corpus:
    """Measure the documents of a data set.

    Args:
        url: a file, folder, glob or URL; parquet, JSON Lines or WET.

    Returns:
        the documents as kept ones, without rules; `sampled` if not all were measured.

    Raises:
        NotFound: there is no file of a data set.
        SpecError: no column holds texts, or not the one that was named.
        InputError: a file is damaged, or the files of a folder differ.
    """
    looked = _looked(url)
    files = inputs.resolve(looked.paths, "", looked.source.name)
    reader, notes = _reader(url, looked, files, asked)
    if looked.left_out or looked.no_files or len(files) > 1:
        notes.append(_which(files, looked))
    sample = _drawn(files, asked, seed)
    measuring.warm_up()
    folder = tempfile.TemporaryDirectory(prefix="curate-stats-")
    results = _measure(reader, sample, seed, folder.name)
    record = MeasuredRecord(url, reader.columns, folder, len(results))
    n, reasons = sum(sum(each.per_place) for each in results), Counter()
    for each in results:
        reasons.update(each.reasons)
    too_large = reasons.pop(TOO_LARGE, 0)
    if too_large:
        notes.append(f"{_many(too_large, 'text')} of more than {LARGEST >> 20} MiB {'has' if too_large == 1 else 'have'} no values: such texts are not measured.")  # fmt: skip
    unread = {reason: n for reason, n in reasons.items() if n}
    n_read = n + sum(unread.values())
    ledger = Ledger([StageLedger(STAGE, n_born=n_read, n_out=n, dropped=unread, failed=dict(unread))])
    if not n:
        raise SpecError(f"{url}: no document could be read{_why(unread)}.  Check the files, or name other ones.")
    sampled = _sampled(sample, [size for each in results for size in each.per_place], n)
    return Corpus(url, (), ledger, record, tuple(notes), sampled=sampled)


def _which(files: Sequence[InputFile], looked: Found) -> str:
    """Return a sentence on the files that are measured, and those in the folder that are not."""
    shown = ", ".join(file.name for file in files[:SHOWN_FILES]) + ", ..." * (len(files) > SHOWN_FILES)
    said = f"{_many(len(files), 'file')} for {looked.source.name} measured: {shown}"
    if looked.left_out:
        said += f"; {_many(len(looked.left_out), 'other file')} left out, such as {looked.left_out[0]} (name a file to measure it)"
    return f"{said}{'; ' * bool(looked.no_files)}{looked.no_files}."


def _why(unread: Mapping[str, int]) -> str:
    return f" ({', '.join(f'{reason} {n:,}' for reason, n in unread.items())})" if unread else ""


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


# ---------------------------------------------------------------------- which files, which columns


def _looked(url: str) -> Found:
    try:
        (looked,) = found.look([url])
    except found.NoTexts as error:
        raise SpecError(f"{url}: {error}, or name the column of the texts: --text COLUMN.") from None
    except InputError as error:
        with listing.asking(url):
            is_there = listing.stat(*fsspec.core.url_to_fs(url)) is not None
        if is_there:
            raise
        raise NotFound(str(error)) from error
    if looked.has_pages:
        raise SpecError(
            f"{url}: holds web pages, and statistics are of texts.  Extract the texts first: `curate init {url}` writes a "
            "recipe that does."
        )
    return looked


def _reader(url: str, looked: Found, files: Sequence[InputFile], asked: Asked) -> tuple[Reader, list[str]]:
    """Return how the files are read, and what to say of it."""
    source = looked.source
    if looked.other_keys is None:
        if asked.text:
            raise SpecError(f"{url}: {source.name} has no columns to choose from; leave --text out.")
        return Reader(source.name, {}, {}), []
    mapped, notes = dict(looked.mapped), []
    key = next(each.key for each in looked.fields if each.column == "text")
    if asked.text and asked.text != key:
        mapped = {"text": asked.text, **{column: other for column, other in mapped.items() if column != "text" and other != asked.text}}  # fmt: skip
        if key == "text":
            mapped["original_text"] = "text"
        key = asked.text
    params = {"fields": mapped, "extra": "all"}
    splits = [sampling.whole(file) for file in files]
    made = source.construct({name: source.params[name].convert(value) for name, value in params.items()})
    values = found.values_of(made.first_documents(splits[0])) if asked.text or key != "text" else {}
    if asked.text:
        _check_text(url, values, asked.text)
    elif key != "text" and not _look_like_texts(values.get(key, ())):
        raise SpecError(
            f"{url}: there is no column `text`, and none of the others looks like texts.  Columns of strings: "
            f"{', '.join(found.of_strings(values))}.  Choose one: --text COLUMN."
        )
    try:
        params |= made.found_in(splits)
    except InputError as error:
        params["extra"] = {}
        why = error.message.partition("  ")[0].rstrip(".")
        notes.append(f"Only the texts are measured, since the other columns cannot be read as one table: {why}.  For the other columns, name one file.")  # fmt: skip
    if key != "text" and not asked.text:
        notes.append(f"The texts are taken from `{key}`; to take another column, add --text COLUMN.")
    fields = [pa.field(name, column_types.parse(kind)) for name, kind in params["extra"].items()]
    taken = measuring.recorded(fields)
    params["extra"] = {name: params["extra"][own] for name, (own, _) in taken.items()}
    params["fields"] = {column: key for column, key in mapped.items() if column in CORE}
    params["fields"] |= {name: mapped.get(own, own) for name, (own, _) in taken.items() if name != own or own in mapped}
    renamed = [f"`{own}` as `{name}`" for name, (own, _) in taken.items() if name != own]
    if renamed:
        notes.append(f"Columns of the data set that have the names of curate's are shown under other ones: {', '.join(renamed)}.")  # fmt: skip
    return Reader(source.name, params, {name: kind for name, (_, kind) in taken.items()}), notes


def _look_like_texts(values: Sequence[object]) -> bool:
    """Return whether most of some values have several words, or are long: not names, ids or addresses."""
    n = sum(isinstance(value, str) and (len(value.split()) > 2 or len(value) > LONG_NAME) for value in values)
    return 2 * n > len(values)


def _check_text(url: str, values: Mapping[str, Sequence[object]], name: str) -> None:
    """Make sure that a column holds texts.

    Args:
        values: of the first documents.

    Raises:
        SpecError: there is no such column, or it holds something else; with the columns of strings that there are.
    """
    texts = found.of_strings(values)
    if name in texts:
        return
    what = "holds no texts" if name in values else "is not there"
    hint = registry.nearest(name, texts)
    raise SpecError(f"{url}: the column `{name}` {what}.{hint}  Columns of strings: {', '.join(texts) or 'none'}.")


# ---------------------------------------------------------------------- which documents


def _drawn(files: Sequence[InputFile], asked: Asked, seed: int) -> Sample:
    return sampling.everything(files) if asked.sample is None else sampling.draw(files, asked.sample, seed)


def _sampled(sample: Sample, per_place: Sequence[int], n: int) -> Sampled | None:
    """Return what is to be known of the sample; None if all documents were measured."""
    if sample.is_everything and not 0 < sample.n_drawn <= n:
        return None
    n_documents = round(n / sample.share) if sample.share else sample.n_documents
    return Sampled(n, n_documents, sample.is_estimate, sample.how, () if sample.is_each_drawn else tuple(per_place))


# ---------------------------------------------------------------------- measuring


def _measure(reader: Reader, sample: Sample, seed: int, folder: str) -> list[Measured]:
    """Measure the places of a sample in threads: kernels let others run. Their record is in one file a thread."""
    if sample.n_drawn:
        return [measuring.measure_drawn(reader, sample.places, sample.n_drawn, seed, _path(folder, 0))]
    n = max(1, min(os.cpu_count() or 1, len(sample.places)))
    bounds = np.linspace(0, len(sample.places), n + 1).astype(int).tolist()
    parts = [sample.places[start:end] for start, end in itertools.pairwise(bounds)]
    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(lambda k: measuring.measure(reader, parts[k], _path(folder, k)), range(n)))


def _path(folder: str, k: int) -> str:
    return os.path.join(folder, f"{k:05}.parquet")


class MeasuredRecord(Record):
    """What was measured of a data set, in a temporary folder that is removed with this object.

    Args:
        columns: of the record. folder: with `n_files` files.
    """

    def __init__(self, origin: str, columns: Sequence[RecordColumn], folder: tempfile.TemporaryDirectory, n_files: int):
        super().__init__(origin, {column.name: column.about for column in columns})
        self._schema, self._folder, self._n_files = schema(columns), folder, n_files

    def by_shard(
        self, columns: Sequence[str], *, with_threads: bool = True, coded: bool = False
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        self.check(columns)
        for k in range(self._n_files):
            path = os.path.basename(_path("", k))
            batches = read_parquet(RunFolder(self._folder.name), path, columns, with_threads=with_threads, coded=coded)
            yield from ((k, batch) for batch in batches)

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        self.check(columns)
        return pa.schema([self._schema.field(name) for name in columns])

    def way_to(self, column: str) -> str:
        return "These are the signals of curate and the columns of the data set that hold numbers or strings."
