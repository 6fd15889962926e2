"""datatrove's blocks as our stages.

A datatrove `Document` has an id, a text and a `metadata` mapping. Columns of a batch become its metadata;
what a block adds to the metadata is kept as JSON in the column `metadata` (`added_metadata` if the input has a column
`metadata` that is not a string), since its types are not known beforehand and every batch must have the same columns.
Columns that a block leaves alone stay as they are, bit by bit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, ClassVar

import pyarrow as pa
from datatrove.data import Document
from datatrove.io import DataFolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.readers.base import BaseDiskReader

from curate import fingerprint
from curate.batch import CORE, Batch, Doc, Verdicts
from curate.errors import InputError, SpecError, StageError
from curate.stage import Shard, Stage

DOCS = 512
"""How many documents are packed into a batch."""

_PLACES = ("url", "date", "source")


def as_stream(stage: Stage, params: Mapping[str, Any], rank: int, world_size: int):
    """Return a datatrove block as a function from batches to batches; its drops are batches with verdicts."""
    excluded = _Excluded()
    writer = {"exclusion_writer": excluded} if "exclusion_writer" in stage.params else {}
    block = _open(stage, {**params, **writer})

    def work(batches: Iterator[Batch]) -> Iterator[Batch]:
        schema: list[pa.Schema] = []

        def documents() -> Iterator[Document]:
            for batch in batches:
                schema[:] = [with_metadata(batch.rows.schema)]
                added = _added_to(batch.rows.schema)
                for row, doc in enumerate(batch.docs()):
                    document = to_document(doc, added)
                    document.origin = (batch, row, doc)
                    yield document

        returned = block.run(documents(), rank, world_size)
        while docs := list(islice(returned or (), DOCS)):
            yield from excluded.batches(schema[0])
            yield to_batch(docs, schema[0])
        yield from excluded.batches(schema[0])
        yield to_batch([], schema[0])

    return work


def as_source(stage: Stage, params: Mapping[str, Any], shard: Shard) -> Iterator[Batch]:
    """Yield what a datatrove reader reads for one of its ranks."""
    schema = with_metadata(pa.schema(list(CORE.items())))
    documents = _open(stage, params).run(None, shard.rank, shard.n_ranks)
    while docs := list(islice(documents, DOCS)):
        for doc in docs:
            doc.id = str(doc.id)
        yield to_batch(docs, schema)
    yield to_batch([], schema)


def files(stage: Stage, params: Mapping[str, Any]) -> list[str]:
    """Return the full path of each file of a datatrove reader; nothing if it does not read files.

    Raises:
        SpecError: it finds none.
    """
    folder, found = _files(stage, params)
    return [folder.fs.unstrip_protocol(f"{folder.path}/{file}").removeprefix("file://") for file in found]


def mark(stage: Stage, params: Mapping[str, Any]) -> str:
    """Return a mark that changes with the files of a datatrove reader; "" if it does not read files."""
    folder, found = _files(stage, params)
    infos = [folder.info(file) for file in found]
    marks = [
        [file, i["size"], str(i.get("mtime") or i.get("ETag") or "")] for file, i in zip(found, infos, strict=True)
    ]
    return fingerprint.combine(marks) if marks else ""


def _files(stage: Stage, params: Mapping[str, Any]) -> tuple[DataFolder | None, list[str]]:
    reader = _open(stage, params)
    if not isinstance(reader, BaseDiskReader):
        return None, []
    folder = reader.data_folder
    found = folder.list_files(recursive=reader.recursive, glob_pattern=reader.glob_pattern)
    if not found:
        raise SpecError(f"{stage.name} finds no files in {folder.path} (glob_pattern: {reader.glob_pattern}).")
    return folder, found


def check_packages(stage: Stage) -> None:
    """Look for the packages of a datatrove block, without making one.

    Raises:
        InputError: one is not installed.
    """
    try:
        stage.target.__new__(stage.target)  # datatrove looks there
    except ImportError as error:
        raise InputError(f"{stage.name} needs packages that are not installed: {error}") from error


def _open(stage: Stage, params: Mapping[str, Any]) -> PipelineStep:
    try:
        return stage.target(**params)
    except Exception as error:
        raise SpecError(
            f"{stage.name} cannot be made with these parameters: {type(error).__name__}: {error}"
        ) from error


class _Excluded:
    """Takes the place of a block's exclusion writer: holds the dropped documents with their reasons."""

    def __init__(self) -> None:
        self.documents: list[Document] = []

    def __enter__(self) -> _Excluded:
        return self

    def __exit__(self, *exc) -> None:
        pass

    def write(self, document: Document, rank: int = 0) -> None:
        self.documents.append(document)

    def batches(self, schema: pa.Schema) -> Iterator[Batch]:
        """Yield what was dropped since the last call."""
        documents, self.documents = self.documents, []
        if documents:
            reasons = [str(doc.metadata.pop("filter_reason", "dropped")) for doc in documents]
            yield to_batch(documents, schema).judged(Verdicts.of(reasons))


def with_metadata(schema: pa.Schema) -> pa.Schema:
    """Return the schema with a column for metadata that have no column of their own."""
    name = _added_to(schema)
    return schema if name in schema.names else schema.append(pa.field(name, pa.string()))


def _added_to(schema: pa.Schema) -> str:
    """Return the name of the column for metadata that have no column of their own."""
    is_free = "metadata" not in schema.names or pa.types.is_string(schema.field("metadata").type)
    return "metadata" if is_free else "added_metadata"


class _Row(Document):
    """A document that came from a row of a batch.

    `origin` is the batch, the number of the row, and the document as our stages know it. It is not a field of the dataclass,
    so that writers do not write it.
    """

    origin: ClassVar[tuple[Batch, int, Doc] | None] = None


def to_document(doc: Doc, added: str = "metadata") -> _Row:
    """Return a document as datatrove knows it, its columns as metadata.

    Args:
        added: the column for metadata that have no column of their own.
    """
    metadata = {name: value for name in _PLACES if (value := getattr(doc, name)) is not None}
    metadata.update({name: value for name, value in doc.columns.items() if name != added})
    metadata.update(_parsed(doc.columns.get(added)))
    return _Row(text=doc.text, id=doc.id, metadata=metadata)


def _parsed(added: str | None) -> dict[str, Any]:
    found = None
    with suppress(ValueError):
        found = json.loads(added or "{}")
    if not isinstance(found, dict):
        raise StageError(
            f"the column `metadata` holds {added!r:.60}, expected a JSON object, to which datatrove's blocks add.  "
            "Read it under another name: fields: {my_metadata: metadata}"
        )
    return found


def to_batch(documents: list[Document], schema: pa.Schema) -> Batch:
    """Return datatrove's documents as a batch of exactly these columns."""
    docs, added = [], _added_to(schema)
    for document in documents:
        rest = dict(document.metadata)
        core = {name: None if (value := rest.pop(name, None)) is None else str(value) for name in _PLACES}
        columns = {name: rest.pop(name, None) for name in schema.names if name not in CORE and name != added}
        columns[added] = json.dumps(rest, ensure_ascii=False, sort_keys=True, default=str) if rest else None
        docs.append(Doc(document.id, document.text, **core, columns=columns))
    origins = [document.origin if isinstance(document, _Row) else None for document in documents]
    if not origins or None in origins:
        return Batch.from_docs(docs, schema)
    rows = pa.concat_batches([batch.rows.slice(row, 1) for batch, row, _ in origins])
    return Batch(rows).edited([doc for _, _, doc in origins], docs, schema)
