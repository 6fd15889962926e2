"""What a user's files hold: which source reads them, and which of their keys are the columns of a document.

Sources are asked, not the names of files: a folder stands for the files that a source reads there, and for a file with another
name the first source decides that finds its format in it.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec

from curate import inputs, registry
from curate.batch import CORE, Batch, dates
from curate.errors import InputError
from curate.formats import FORMATS
from curate.inputs import InputFile, listing
from curate.stage import HasKeys, Kind, Shard, Split, Stage

MOST_FILES = 16
"""Number of files of an input that are looked into, at most."""

MOST_LEVELS = 4
"""How deep the keys of objects in objects are looked at."""

MOST_VALUES = 100
"""Number of values of a key by which its meaning is judged, at most."""

FITS = 0.9
"""Share of the values of a key that must look like an address, or a date, for the key to be taken for it."""

USUAL_KEYS: Mapping[str, Sequence[str]] = {
    "id": ("_id", "doc_id", "document_id", "post_id", "page_id", "uuid", "guid", "warc_record_id", "key"),
    "url": ("uri", "link", "permalink", "href", "page_url", "source_url", "target_uri", "webpage_url"),
    "date": ("created_utc", "created_at", "created", "published", "published_at", "posted", "timestamp", "time", "crawl_date"),
}  # fmt: skip
"""Core column -> keys of public data sets that mean it, the most usual first; upper and lower case are equal."""


_KINDS: Mapping[type, str] = {
    bool: "a truth value", int: "a number", float: "a number", str: "a string", bytes: "bytes", list: "a list", Mapping: "an object",
}  # fmt: skip
"""Type -> what a value of it is called; `bool` is an `int`, too."""


class NoTexts(InputError):
    """No key of the files holds texts."""


@dataclass(frozen=True, slots=True)
class Field:
    """A core column of documents, and where the files have it.

    Args:
        column: `text`, `id`, `url` or `date`.
        key: a key, or a path `a.b`; the source takes it without being told if it is the name of the column.
        example: one of its values, as text.
        others: keys that could be meant as well.
    """

    column: str
    key: str
    example: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Files that one source reads in the same way.

    Args:
        source: its name.
        paths: what the user named: files, folders, globs or URLs.
        n_files: how many files these are.
        n_bytes: how large they are, as stored.
        fields: the core columns, where the files have keys of their own.
        mapped: column -> key, as the source must be told; also other names for keys that a core column displaces.
        other_keys: keys that `extra: all` keeps as columns, as core columns do not take all of them; None if the files have no
            keys.
        left_out: other files in folders. no_files: a clause that says what is left out there as it is no file.
    """

    source: Stage
    paths: tuple[str, ...]
    n_files: int
    n_bytes: int
    fields: tuple[Field, ...] = ()
    mapped: tuple[tuple[str, str], ...] = ()
    other_keys: tuple[str, ...] | None = None
    left_out: tuple[str, ...] = ()
    no_files: str = ""

    @property
    def has_pages(self) -> bool:
        """Return whether the documents are web pages, of which the text has to be extracted."""
        return "text" not in self.source.documented_columns.makes


def look(paths: Sequence[str]) -> tuple[Found, ...]:
    """Look at files, and say for each source and each set of keys which they are.

    Args:
        paths: files, folders, globs and URLs.

    Raises:
        InputError: there is no such file, no source reads a file, or no key of it holds texts.
    """
    groups: dict[tuple, Found] = {}
    for path in paths:
        found = _found(path, *_files(path))
        key = (found.source.name, found.mapped)
        groups[key] = _together(groups[key], found) if key in groups else found
    return tuple(groups.values())


def _together(first: Found, second: Found) -> Found:
    """Return two groups of files with the same source and keys as one."""
    others = None
    if first.other_keys is not None and second.other_keys is not None:
        others = tuple(dict.fromkeys([*first.other_keys, *second.other_keys]))
    return Found(
        first.source,
        tuple(dict.fromkeys([*first.paths, *second.paths])),
        first.n_files + second.n_files,
        first.n_bytes + second.n_bytes,
        first.fields,
        first.mapped,
        others,
        (*first.left_out, *second.left_out),
        "; ".join(filter(None, (first.no_files, second.no_files))),
    )


# ---------------------------------------------------------------------- which source reads a file


@functools.cache
def _sources() -> list[Stage]:
    return [stage for stage in registry.catalogue().values() if stage.kind is Kind.SOURCE]


def _files(path: str) -> tuple[Stage, Sequence[InputFile], tuple[str, ...], str]:
    """Return the source of the files at a path, these files, the other files of a folder, and what is said of names of no file.

    In a folder the source with the most bytes is taken: beside a crawl there are often lists and statistics.

    Raises:
        InputError: there is no file; or it is a glob, and its files are for several sources.
    """
    with listing.asking(path):
        fs, at = fsspec.core.url_to_fs(path)
        info = listing.stat(fs, at)
    if info is None or info["type"] != "directory":
        files = inputs.resolve([path])
        sources = {source.name: source for source in map(_source_of, files)}
        if len(sources) > 1:
            raise InputError(f"{path}: holds files for {' and '.join(sources)}.  Name each kind by a glob of its own")
        return next(iter(sources.values())), files, (), ""
    inside = listing.files_in(fs, at)
    names = sorted(inside.files)
    readers = [each for each in _sources() if any(listing.is_read(name, each.name, FORMATS) for name in names)]
    if not readers:
        raise listing.no_file(fs, path, at, info)
    of_reader = [(reader, inputs.resolve([path], "", reader.name)) for reader in readers]
    source, files = max(of_reader, key=lambda pair: sum(file.size for file in pair[1]))
    others = tuple(name[len(at) :].lstrip("/") for name in names if not listing.is_read(name, source.name, FORMATS))
    return source, files, others, inside.said_of_others()


def _source_of(file: InputFile) -> Stage:
    """Return the source that reads a file, by its name or else by its bytes.

    Raises:
        InputError: none does; the message says what the file is.
    """
    by_name = [source for source in _sources() if listing.is_read(file.name, source.name, FORMATS)]
    if by_name:
        return by_name[0]
    failures: list[InputError] = []
    for source in sorted(_sources(), key=lambda source: not issubclass(source.target, HasKeys)):
        try:
            if _finds_document(source.construct({}), _whole(file)):
                return source
        except InputError as failure:
            failures.append(failure)
    raise failures[0] if failures else InputError(f"{file.url}: no source finds a document in it.  Check the file")


def _finds_document(source: Callable[[Shard], Iterator[Batch]], file: Split) -> bool:
    if isinstance(source, HasKeys):
        source.first_documents(file)
        return True
    first = next(source(Shard(0, 1, (file,))), None)
    return first is not None and (first.verdicts is None or bool((first.verdicts.code < 0).any()))


def _whole(file: InputFile) -> Split:
    return Split(file.url, file.name, 0, file.size, file.size, file.source, file.mark, file.is_source_given)


# ---------------------------------------------------------------------- which key is which column


def _found(path: str, source: Stage, files: Sequence[InputFile], left_out: tuple[str, ...], no_files: str) -> Found:
    n_bytes = sum(file.size for file in files)
    made = source.construct({})
    if not isinstance(made, HasKeys):
        return Found(source, (path,), len(files), n_bytes, left_out=left_out, no_files=no_files)
    looked = files[:: max(1, -(-len(files) // MOST_FILES))]
    documents = {file.url: made.first_documents(_whole(file)) for file in looked}
    records = [record for found in documents.values() for record in found]
    if not records:
        raise InputError(
            f"{path}: there is no document at the beginning of any file{_why_not(made, looked[0])}.  Name files with documents"
        )
    values = values_of(records)
    fields = tuple(_fields(values, records))
    for url, found in documents.items():
        if found and fields[0].key not in _keys_of(found):
            raise InputError(
                f"{url}: has no `{fields[0].key}`, which holds the texts in other files of {path}.  Name the files of each kind "
                "by a path of their own"
            )
    keys = dict.fromkeys(key for record in records for key in record)
    mapped = {field.column: field.key for field in fields if not _is_taken_as_such(field, keys)}
    taken = {(key,) if key in keys else tuple(key.split(".")) for key in _taken(fields, keys)}
    kept = [key for key in keys if any(_has_more((key,), record.get(key), taken) for record in records)]
    for column in CORE:
        if column in kept and (column in mapped or column == "id"):
            mapped[_free(f"original_{column}", keys)] = column  # `extra: all` cannot keep it under its own name
    others = tuple(key for key in kept if key not in CORE)
    return Found(source, (path,), len(files), n_bytes, fields, tuple(mapped.items()), others, left_out, no_files)


def _why_not(source: Callable[[Shard], Iterator[Batch]], file: InputFile) -> str:
    """Return a clause that says why the first document of a file cannot be read; empty if the file has none.

    Raises:
        InputError: the file has another format.
    """
    for batch in source(Shard(0, 1, (_whole(file),))):
        if batch.verdicts is not None and len(batch):
            evidence = batch.verdicts.evidence
            why = (evidence[0] if evidence else None) or batch.verdicts.reasons[batch.verdicts.code[0]]
            return f"; that of {file.url}: {why}"
    return ""


def _taken_as_such(column: str) -> tuple[str, ...]:
    """Return the keys that sources take for a column without being told."""
    return (column,) if column in ("text", "id") else (column, f"metadata.{column}")


def _is_taken_as_such(field: Field, keys: Mapping[str, Any]) -> bool:
    """Return whether a source takes the key of a field by itself; `url` comes before `metadata.url`."""
    return field.key in _taken_as_such(field.column) and (field.key == field.column or field.column not in keys)


def _taken(fields: Sequence[Field], keys: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys that core columns take: those of fields, and those that sources take without being told."""
    found = {field.column for field in fields}
    yield from (field.key for field in fields)
    for column in CORE:
        first, *inside = _taken_as_such(column)
        if column not in found and inside:
            yield from (first,) if first in keys else inside


def _has_more(path: tuple[str, ...], value: Any, taken: Collection[tuple[str, ...]]) -> bool:
    """Return whether there is something at a path of keys which is not taken, be it a null in an object."""
    if path in taken:
        return False
    if not any(other[: len(path)] == path for other in taken):
        return True
    if isinstance(value, Mapping):
        return any(_has_more((*path, name), part, taken) for name, part in value.items())
    return value is not None


def _free(name: str, taken: Mapping[str, Any]) -> str:
    while name in taken:
        name += "_"
    return name


def values_of(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return key -> its values, but null ones; the keys of objects in objects as paths `a.b`."""
    found: dict[str, list[Any]] = {}
    for record in records:
        for key, value in _flat(record, "", MOST_LEVELS):
            if value is not None:
                found.setdefault(key, []).append(value)
    return found


def _keys_of(records: Sequence[Mapping[str, Any]]) -> set[str]:
    return {key for record in records for key, _ in _flat(record, "", MOST_LEVELS)}


def _flat(record: Mapping[str, Any], above: str, levels: int) -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping) and levels:
            yield from _flat(value, f"{above}{key}.", levels - 1)
        else:
            yield f"{above}{key}", value


def _fields(values: Mapping[str, Sequence[Any]], records: Sequence[Mapping[str, Any]]) -> Iterator[Field]:
    """Yield the text, then what else of the core columns the files have.

    Raises:
        InputError: no key holds texts.
    """
    texts = {key: [v for v in values[key] if isinstance(v, str)] for key in of_strings(values)}
    lengths = {key: sum(map(len, found)) for key, found in texts.items() if any(found)}
    if not lengths:
        shown = ", ".join(f"{key[:40]} ({_kind(found[0])})" for key, found in list(values.items())[:12]) or "none"
        raise NoTexts(f"no key holds texts; keys seen: {shown}.  Name files in which one does")
    text = "text" if "text" in lengths else max(lengths, key=lengths.__getitem__)
    yield Field("text", text, f"{lengths[text] // len(texts[text]):,} characters on average")
    rest = {key: found for key, found in values.items() if key != text}
    yield from _field("id", [key for key, found in rest.items() if _are_ids(key, found, len(records))], rest)
    urls = [key for key, found in rest.items() if _share(found, _is_address) >= FITS]
    yield from _field("url", urls, rest)
    times = [key for key, found in rest.items() if key not in urls and _are_dates(key, found)]
    yield from _field("date", times, rest)


def of_strings(values: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return the keys of which most values are strings: a single record of another kind does not change what a key is for."""
    return [key for key, found in values.items() if 2 * sum(isinstance(value, str) for value in found) > len(found)]


def _kind(value: Any) -> str:
    """Return what a value is, for readers."""
    return next((called for kind, called in _KINDS.items() if isinstance(value, kind)), type(value).__name__)


def _field(column: str, keys: Sequence[str], values: Mapping[str, Sequence[Any]]) -> Iterator[Field]:
    """Yield the key that is most likely meant for a column, if there is one, with the others as alternatives."""
    usual = [*_taken_as_such(column), *USUAL_KEYS[column]]
    ranked = sorted(keys, key=lambda key: usual.index(key.lower()) if key.lower() in usual else len(usual))
    if ranked:
        yield Field(column, ranked[0], str(values[ranked[0]][0]), tuple(ranked[1:]))


def _is_usual(column: str, key: str) -> bool:
    return key.lower() in (column, *USUAL_KEYS[column])


def _are_ids(key: str, values: Sequence[Any], n_records: int) -> bool:
    """Return whether the values of a key with a usual name tell the documents apart."""
    fits = all(isinstance(value, (str, int)) and not isinstance(value, bool) for value in values)
    return fits and _is_usual("id", key) and (key == "id" or len(set(map(str, values))) == n_records)


def _are_dates(key: str, values: Sequence[Any]) -> bool:
    """Return whether values are dates; numbers, as seconds or milliseconds since 1970, only under a usual name."""
    if _is_usual("date", key) and _share(values, _is_epoch) >= FITS:
        return True
    return _share(values, _is_date) >= FITS


def _share(values: Sequence[Any], test: Any) -> float:
    looked = values[:MOST_VALUES]
    return sum(map(test, looked)) / max(1, len(looked))


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*+://[^\s/][^\s]*", value) is not None


def _is_epoch(value: Any) -> bool:
    """Return whether a number, or its digits, is a time between 1973 and 2286."""
    return isinstance(value, (int, str)) and re.fullmatch(r"[1-9]\d{9}(\d{3})?", str(value), re.ASCII) is not None


def _is_date(value: Any) -> bool:
    """Return whether a value is a date that states its year; digits alone are rather a number or an id."""
    if isinstance(value, datetime.date):
        return True
    is_short = isinstance(value, str) and 7 <= len(value) <= 40 and not value.isdigit()
    return is_short and re.search(r"\d{4}", value) is not None and dates.instant(value) is not None
