"""datatrove's blocks as our stages.

A datatrove `Document` has an id, a text and a `metadata` mapping. Columns of a batch become its metadata;
what a block adds to the metadata is kept as JSON in the column `metadata`, since its types are not known
beforehand and every batch must have the same columns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import pyarrow as pa
from datatrove.data import Document
from datatrove.io import DataFolder
from datatrove.pipeline.base import PipelineStep
from datatrove.pipeline.readers.base import BaseDiskReader

from curate import fingerprint
from curate.batch import CORE, Batch, Doc, Verdicts
from curate.errors import SpecError
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
                yield from (to_document(doc) for doc in batch.docs())

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
    """Return the schema with the column `metadata`, for metadata that has no column of its own."""
    return schema if "metadata" in schema.names else schema.append(pa.field("metadata", pa.string()))


def to_document(doc: Doc) -> Document:
    """Return a document as datatrove knows it, its columns as metadata."""
    metadata = {name: value for name in _PLACES if (value := getattr(doc, name)) is not None}
    metadata.update({name: value for name, value in doc.columns.items() if name != "metadata"})
    metadata.update(json.loads(doc.columns.get("metadata") or "{}"))
    return Document(text=doc.text, id=doc.id, metadata=metadata)


def to_batch(documents: list[Document], schema: pa.Schema) -> Batch:
    """Return datatrove's documents as a batch of exactly these columns."""
    docs = []
    for document in documents:
        rest = dict(document.metadata)
        core = {name: None if (value := rest.pop(name, None)) is None else str(value) for name in _PLACES}
        columns = {name: rest.pop(name, None) for name in schema.names if name not in CORE and name != "metadata"}
        columns["metadata"] = json.dumps(rest, ensure_ascii=False, sort_keys=True, default=str) if rest else None
        docs.append(Doc(document.id, document.text, **core, columns=columns))
    return Batch.from_docs(docs, schema)
