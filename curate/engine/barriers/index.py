"""What a barrier remembers from run to run: a folder of entries, one for each set of inputs.

    index.json              format, stage and settings; a run with others is refused
    <entry>/entry.json      the files with sizes and digests; its presence means: complete
    <entry>/00012.arrow     the sidecar of shard 12, with the document that each was dropped for

An entry appears when the run that made it is complete, and replaces what an earlier run over the same inputs left.
A run that reads and writes the same index does not see its own entry.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa

from curate import fingerprint, inputs
from curate.errors import InputError, SpecError
from curate.plan import MapPhase, Plan
from curate.runs import RunFolder, reading
from curate.runs.layout import PhaseFolder
from curate.stage import Split

HEADER, ENTRY, FORMAT = "index.json", "entry.json", 1
_ENTRY_SHAPE = {"files": [{"name": str, "bytes": int, "digest": str}], "shards": [(None, str)]}
UNKNOWN = np.uint32(0xFFFFFFFF)
"""The shard number of a kept copy that is not in the index but in a dataset."""


def entry_name(planned: Plan) -> str:
    """Return the name of a run's entry: the recipe's name and a digest of its inputs."""
    splits = [[p.name, p.start, p.end, p.size] for shard in planned.shards for p in shard.splits]
    source = [planned.spec.source.name, planned.spec.source.all_params]
    return f"{planned.spec.name}-{fingerprint.combine(splits or source)[:10]}"


def check(url: str, stage: str, settings: Mapping[str, Any]) -> None:
    """Refuse an index that was made by another stage or with other settings, or a folder that is not an index.

    Raises:
        SpecError: with both settings. InputError: its header is damaged.
    """
    folder = RunFolder(url)
    if not folder.exists(HEADER):
        if folder.exists("") and folder.fs.ls(folder.root, detail=False):
            raise SpecError(f"{url} is not empty and not an index (it has no {HEADER}).  Name another folder.")
        return
    shape = {"format": int, "stage": str, "settings": dict}
    header = reading.read_json(folder, HEADER, shape, "Restore it, or name another folder.")
    found = {"format": header["format"], "stage": header["stage"], **header["settings"]}
    wanted = {"format": FORMAT, "stage": stage, **settings}
    if found != wanted:
        differences = [
            f"  {name}: the index has {found.get(name)!r}, this run {wanted.get(name)!r}"
            for name in sorted({*found, *wanted})
            if found.get(name) != wanted.get(name)
        ]
        raise SpecError(
            f"{url} was made with other settings, so its hashes mean something else:\n"
            + "\n".join(differences)
            + "\nSet the same ones, or name another index."
        )


def make(url: str) -> None:
    """Make the folder of an index, so that one that cannot be made is refused before anything runs."""
    folder = RunFolder(url)
    try:
        folder.fs.makedirs(folder.root, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"{url} cannot be an index: {error.strerror or error}.  Name a folder that can be written."
        ) from error


def files(url: str, stage: str, settings: Mapping[str, Any], own: str) -> Iterator[Split]:
    """Yield the files of all complete entries but one's own, checked against their entries.

    Raises:
        SpecError: other settings. InputError: a file is missing or has another size.
    """
    check(url, stage, settings)
    folder = RunFolder(url)
    listed = folder.fs.ls(folder.root, detail=True)
    for name in sorted(
        entry["name"].rstrip("/").rpartition("/")[2] for entry in listed if entry["type"] == "directory"
    ):
        if name == own or not folder.exists(f"{name}/{ENTRY}"):
            continue
        advice = f"Remove the entry {name} and run again what made it, or restore the file."
        for file in reading.read_json(folder, f"{name}/{ENTRY}", _ENTRY_SHAPE, advice)["files"]:
            path = folder.path(name, file["name"])
            size = folder.fs.info(path)["size"] if folder.fs.exists(path) else None
            if size != file["bytes"]:
                state = "is missing" if size is None else f"has {size:,} bytes, expected {file['bytes']:,}"
                raise InputError(f"{path} {state}.  {advice}")
            yield Split(_url(folder, path), _version(name, file), 0, size, size, "")


def read(split: Split, numbers: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    """Yield the remembered rows of a file, the places of kept copies in the numbers of this run.

    Args:
        numbers: name of an index file -> the shard it is in this run.
    """
    url, _, _ = split.url.rpartition("/")
    try:
        with fsspec.open(f"{url}/{ENTRY}", "rb") as file:
            listing = json.load(file)
        expected = next(f["digest"] for f in listing["files"] if f["name"] == split.url.rpartition("/")[2])
        if inputs.digest(split) != expected:
            raise ValueError("its content is not what its entry says")
        now = np.array([numbers.get(name, UNKNOWN) for name in listing["shards"]], np.uint32)
        with fsspec.open(split.url, "rb") as file:
            reader = pa.ipc.open_file(file)
            for i in range(max(1, reader.num_record_batches)):
                rows = (
                    reader.get_batch(i)
                    if reader.num_record_batches
                    else pa.RecordBatch.from_pylist([], schema=reader.schema)
                )
                kept = now[rows["kept_shard"].to_numpy()]
                at = rows.schema.get_field_index("kept_shard")
                yield rows.set_column(at, "kept_shard", pa.array(kept, pa.uint32()))
    except (pa.ArrowException, OSError, LookupError, TypeError, ValueError, StopIteration) as error:
        raise InputError(f"{split.url} is damaged: {error}.  Run again what made it, or remove its entry.") from error


def publish(folder: RunFolder, entry: str, recipe: str, phase: MapPhase, names: list[str | None]) -> None:
    """Copy what a complete run remembers into the index of a barrier.

    Args:
        entry: the name of the run's entry; recipe: the name of its recipe.
        phase: the one in which the barrier decided.
        names: for each reference shard, its name in the index, None for one of a dataset.
    """
    ref = phase.apply.barrier
    barrier = ref.construct(phase.modules)
    index = RunFolder(barrier.index)
    settings = dict(barrier.index_settings())
    check(barrier.index, ref.name, settings)
    index.write_json(HEADER, {"format": FORMAT, "stage": ref.name, "settings": settings})
    index.remove(f"{entry}/{ENTRY}")
    listed = []
    for shard in range(phase.n_shards):
        name = f"{shard:05d}.arrow"
        with folder.open(PhaseFolder(folder, phase.folder).task(shard).remembered) as file:
            part = index.part(f"{entry}/{name}")
            with part.file as target:
                while chunk := file.read(4 << 20):
                    target.write(chunk)
            part.commit()
        size = index.fs.info(index.path(entry, name))["size"]
        listed.append({"name": name, "bytes": size, "digest": index.digest(f"{entry}/{name}")})
    for stale in set(index.files(entry)) - {file["name"] for file in listed}:
        index.remove(f"{entry}/{stale}")
    shards = [*(_version(entry, file) for file in listed), *names]
    index.write_json(f"{entry}/{ENTRY}", {"recipe": recipe, "files": listed, "shards": shards})


def _version(entry: str, file: Mapping[str, Any]) -> str:
    """Return the name of a file in its present version: places in an earlier version are not valid."""
    return f"{entry}/{file['name']}@{file['digest'][:16]}"


def _url(folder: RunFolder, path: str) -> str:
    return path if folder.is_local else folder.fs.unstrip_protocol(path)
