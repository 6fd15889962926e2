"""What a barrier remembers from run to run: a folder of entries, one for each set of inputs.

    index.json              format, stage and settings; a run with others is refused
    <entry>/entry.json      the files with sizes, digests and what they were made from; its presence means: complete
    <entry>/00012.arrow     what the barrier remembers of shard 12: the sidecar of its documents, or of the kept ones

An entry appears when the run that made it is complete. A document of an entry counts whatever its id: identifiers come from
outside, and the next crawl may have the same ones. Only what a run has stored itself does not count when it runs again
(`Runner.made`): it replaces its former result. A run is known by the id in its run folder, so that all may be moved.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa

from curate import fingerprint, formats, inputs
from curate.errors import InputError, SpecError
from curate.formats import Format
from curate.plan import MapPhase, Plan
from curate.runs import RunFolder, reading, redaction
from curate.runs.arrow_files import DamagedFile
from curate.runs.layout import PhaseFolder, TaskFolder
from curate.runs.records import need_record
from curate.stage import Split

HEADER, ENTRY, FORMAT = "index.json", "entry.json", 2
_INPUT_SHAPE = {"address": str, "name": str, "start": int, "end": int, "size": int, "digest": str}
_FILE_SHAPE = {"name": str, "bytes": int, "digest": str, "inputs": [_INPUT_SHAPE]}
_ENTRY_SHAPE = {
    "recipe": str,
    "run": str,
    "folder": str,
    "source": str,
    "files": [_FILE_SHAPE],
    "shards": [(None, str)],
}
UNKNOWN = np.uint32(0xFFFFFFFF)
"""The shard number of a kept copy that is not in the index but in a dataset."""


@dataclass(frozen=True)
class Runner:
    """The run that reads or writes an index.

    Args:
        recipe: the name of its recipe.
        run: what identifies its run folder, wherever it is moved; "" if it has none yet.
        folder: a digest of the address of its run folder.
        source: a digest of what it reads, for a reader without splits.
        splits: of its input. formats: that are known.
    """

    recipe: str
    run: str
    folder: str
    source: str
    splits: tuple[Split, ...]
    formats: tuple[Format, ...]

    def to_json(self) -> dict[str, str]:
        """Return what an entry says of the run that stored it."""
        return {"recipe": self.recipe, "run": self.run, "folder": self.folder, "source": self.source}

    def made(self, entry: Mapping[str, Any], file: Mapping[str, Any]) -> bool:
        """Return whether this run has stored a file of an entry, from what is its input now.

        In a folder that was removed and made again, only unchanged inputs count as those of the former run: it may have been
        moved away, and this be the next delivery.
        """
        is_same_run = entry["run"] == self.run
        if entry["recipe"] != self.recipe or not (is_same_run or entry["folder"] == self.folder):
            return False
        if not file["inputs"]:
            return entry["source"] == self.source
        if is_same_run:  # one is enough: a file may hold several inputs, of which some were removed
            return any(stored["address"] in self._addresses or self._has(stored) for stored in file["inputs"])
        return all(map(self._has, file["inputs"]))

    def _has(self, stored: Mapping[str, Any]) -> bool:
        """Return whether an input of an entry is one of this run, with the same name and content; it may have been moved."""
        named = [split for split in self._by_name.get(stored["name"], ()) if split.size == stored["size"]]
        as_stored = (replace(split, start=stored["start"], end=stored["end"]) for split in named)
        return any(inputs.digest(split, self.formats) == stored["digest"] for split in as_stored)

    @cached_property
    def _addresses(self) -> set[str]:
        return {_address(split.url) for split in self.splits}

    @cached_property
    def _by_name(self) -> dict[str, list[Split]]:
        found: dict[str, list[Split]] = {}
        for split in self.splits:
            found.setdefault(split.name, []).append(split)
        return found


def runner(planned: Plan, run_id: str = "", folder: RunFolder | None = None) -> Runner:
    """Return what an index needs to know of a run; without a folder it has stored nothing."""
    sources = [[each.name, each.source.name, each.source.all_params] for each in planned.spec.inputs]
    source = fingerprint.combine(sources)[:16]
    splits = tuple(split for shard in planned.shards for split in shard.splits)
    address = fingerprint.combine(folder.address)[:16] if folder else "none"
    return Runner(
        planned.spec.name, run_id or "none", address, source, splits, formats.with_modules(planned.spec.modules)
    )


def _address(url: str) -> str:
    """Return a digest of where a file is, without user, password and query, which may change and are secret."""
    return fingerprint.combine(redaction.public_address(url))[:16]


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


def files(url: str, stage: str, settings: Mapping[str, Any], own: Runner) -> Iterator[Split]:
    """Yield the files of all complete entries but those that this run stored, checked against their entries.

    Raises:
        SpecError: other settings. InputError: an entry is damaged, or a file is missing or has another size.
    """
    check(url, stage, settings)
    folder = RunFolder(url)
    for name in folder.folders(""):
        if not folder.exists(f"{name}/{ENTRY}"):
            continue
        entry = _read_entry(folder, name)
        for file in entry["files"]:
            if own.made(entry, file):
                continue
            path = folder.path(name, file["name"])
            size = folder.fs.info(path)["size"] if folder.fs.exists(path) else None
            if size != file["bytes"]:
                state = "is missing" if size is None else f"has {size:,} bytes, expected {file['bytes']:,}"
                raise InputError(f"{path} {state}.  {_advice(name)}")
            yield Split(_url(folder, path), _version(name, file), 0, size, size, "")


def _read_entry(folder: RunFolder, name: str) -> dict[str, Any]:
    return reading.read_json(folder, f"{name}/{ENTRY}", _ENTRY_SHAPE, _advice(name))


def _advice(name: str) -> str:
    return f"Remove the entry {name} and run again what made it, or restore the file."


def read(split: Split, numbers: Mapping[str, int]) -> Iterator[pa.RecordBatch]:
    """Yield the remembered rows of a file; places of kept copies, if a barrier stores them, in the numbers of this run.

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
                if "kept_shard" in rows.schema.names:
                    kept = now[rows["kept_shard"].to_numpy()]
                    at = rows.schema.get_field_index("kept_shard")
                    rows = rows.set_column(at, "kept_shard", pa.array(kept, pa.uint32()))
                yield rows
    except (pa.ArrowException, OSError, LookupError, TypeError, ValueError, StopIteration) as error:
        raise InputError(f"{split.url} is damaged: {error}.  Run again what made it, or remove its entry.") from error


def publish(folder: RunFolder, by: Mapping[str, str], phase: MapPhase, inputs_of: Sequence[list], names: list) -> None:
    """Copy what a complete run remembers into the index of a barrier, and remove what it has stored there before.

    Args:
        by: `recipe`, `run` and `source`, of `Runner.to_json`.
        phase: the one in which the barrier decided.
        inputs_of: for each shard of the run, what `stored_input` returns for each of its splits.
        names: for each reference shard, its name in the index, None for one of a dataset.

    Raises:
        DamagedFile: what a task has written is not there any more as it was.
    """
    ref = phase.apply.barrier
    barrier = ref.construct(phase.modules)
    index = RunFolder(barrier.index)
    check(barrier.index, ref.name, barrier.index_settings())
    index.write_json(HEADER, {"format": FORMAT, "stage": ref.name, "settings": dict(barrier.index_settings())})
    content = [[each["name"], each["start"], each["end"], each["digest"]] for of in inputs_of for each in of]
    entry = f"{by['recipe']}-{fingerprint.combine(by['run'], content or by['source'])[:10]}"
    former = _read_entry(index, entry)["files"] if index.exists(f"{entry}/{ENTRY}") else []
    index.remove(f"{entry}/{ENTRY}")
    listed = [
        {**_copied(PhaseFolder(folder, phase.folder).task(shard), index, entry), "inputs": inputs_of[shard]}
        for shard in range(phase.n_shards)
    ]
    for stale in {file["name"] for file in former} - {file["name"] for file in listed}:
        index.remove(f"{entry}/{stale}")
    shards = [*(_version(entry, file) for file in listed), *names]
    index.write_json(f"{entry}/{ENTRY}", {**by, "files": listed, "shards": shards})
    _remove_superseded(index, by, entry, {each["address"] for of in inputs_of for each in of})


def _copied(place: TaskFolder, index: RunFolder, entry: str) -> dict[str, Any]:
    """Copy what a task remembers into an entry; return the file's name, size and digest."""
    name = f"{place.number:05d}.arrow"
    expected = next(output.digest for output in need_record(place).outputs if output.path == place.remembered)
    with place.run.open(place.remembered) as file:
        part = index.part(f"{entry}/{name}")
        with part.file as target:
            shutil.copyfileobj(file, target, 4 << 20)
        part.commit()
    digest = index.digest(f"{entry}/{name}")
    if digest != expected:
        index.remove(f"{entry}/{name}")
        raise DamagedFile(place, place.remembered, "it does not have the digest of the task's record")
    return {"name": name, "bytes": index.fs.info(index.path(entry, name))["size"], "digest": digest}


def _remove_superseded(index: RunFolder, by: Mapping[str, str], entry: str, addresses: set[str]) -> None:
    """Remove entries of former states of the same run: all they were made from is input of the new entry."""
    for name in index.folders(""):
        if name == entry or not index.exists(f"{name}/{ENTRY}"):
            continue
        other = _read_entry(index, name)
        read = {each["address"] for file in other["files"] for each in file["inputs"]}
        if read and read <= addresses and (other["recipe"], other["run"]) == (by["recipe"], by["run"]):
            index.remove(f"{name}/{ENTRY}")
            for file in other["files"]:
                index.remove(f"{name}/{file['name']}")


def stored_input(split: Split, digest: str) -> dict[str, Any]:
    """Return what an entry stores of a split that one of its files was made from."""
    place = {"name": split.name, "start": split.start, "end": split.end, "size": split.size}
    return {"address": _address(split.url), **place, "digest": digest}


def _version(entry: str, file: Mapping[str, Any]) -> str:
    """Return the name of a file in its present version: places in an earlier version are not valid."""
    return f"{entry}/{file['name']}@{file['digest'][:16]}"


def _url(folder: RunFolder, path: str) -> str:
    return path if folder.is_local else folder.fs.unstrip_protocol(path)
