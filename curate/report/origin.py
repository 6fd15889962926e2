"""Where in the input a document of a finished run comes from, and its record there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from curate import formats, inputs, plan, registry
from curate.errors import CurateError, InputError, SpecError
from curate.lookup import HasRecords, StoredRecord
from curate.plan import MapPhase, phases
from curate.plan.phases import Source
from curate.runs import RunFolder, layout, reading
from curate.stage import Shard, Split

_PLAN_SHAPE = {"phases": [{"folder": str, "kind": str}]}


@dataclass(frozen=True, slots=True)
class Origin:
    """The part of the input that a document comes from.

    Args:
        shard, split: of the input. source: that read it. modules: the user's modules that the run knew.
        digest: of the split, as the run read it; empty if it is not known.
    """

    shard: Shard
    split: Split
    source: Source
    modules: tuple[str, ...]
    digest: str

    def check_unchanged(self) -> None:
        """Make sure that the file is as the run read it: by its size and time, else by its digest.

        Raises:
            InputError: it is gone, or has another content.
        """
        url, mark = self.split.url, inputs.mark(self.split.url)
        if mark == "gone":
            raise InputError(
                f"{url}: the file from which the run read this document is gone.  If it was moved, put it back there, or make a "
                "link to it there."
            )
        if mark == self.split.mark or not self.digest:
            return
        found = inputs.digest(self.split, formats.with_modules(self.modules))
        if found != self.digest:
            raise InputError(
                f"{url}: has changed since the run read it (digest {self.digest} then, {found} now), so what is at this place may "
                "be another document.  Put the former file back, or run the recipe again."
            )

    def record(self, id: str) -> StoredRecord | None:
        """Return the record of a document; None if this part of the input does not have it.

        Raises:
            SpecError: the source cannot find single records. InputError: the file is gone, has changed, or cannot be read.
        """
        source = self.source.stage.construct(self.modules)
        if not isinstance(source, HasRecords):
            raise SpecError(
                f"{self.source.stage.name} cannot look up single records, so the raw record is not shown.  Its file: {self.split.url}"
            )
        self.check_unchanged()
        with _reading(self.split):
            return source.record_of(self.split, own_id(self.shard, id))


@contextmanager
def _reading(split: Split) -> Iterator[None]:
    """Name the file when reading it fails; file systems have errors of many types."""
    try:
        yield
    except CurateError:
        raise
    except Exception as error:
        raise InputError(f"{split.url}: cannot be read: {error}.") from error


def own_id(shard: Shard, id: str) -> str:
    """Return the id that the source gave a document, without the name of its input."""
    return id.removeprefix(f"{shard.input}/") if shard.input else id


def first_phase(folder: RunFolder) -> MapPhase:
    """Return the phase of a run that reads the input.

    Raises:
        InputError: the plan of the run is missing or damaged.
    """
    described = reading.read_json(folder, layout.PLAN, _PLAN_SHAPE)
    with reading.whole(folder, layout.PLAN):
        ran = map(phases.from_json, described["phases"])
        return next(each for each in ran if isinstance(each, MapPhase) and each.sources)


def origins(
    folder: RunFolder, manifest: Mapping[str, Any], id: str, shard: int | None, modules: Sequence[str] = ()
) -> Iterator[Origin]:
    """Yield the parts of the input from which a document may come, the most likely first: its id may begin with the file.

    Args:
        shard: that the document is in; None if it is not known.
        modules: modules of the user's that may be imported.

    Raises:
        SpecError: the source is the user's, and its module was not given; or the run has datatrove's reader.
        InputError: the run has lost the list of its input files.
    """
    shards = plan.read_shards(folder)
    mine = shards if shard is None or shard >= len(shards) else [shards[shard]]
    digests = {(split.get("input", ""), split["name"], split["start"]): split["digest"] for split in manifest["inputs"]}
    first = first_phase(folder)
    pairs = [(each, split) for each in mine for split in each.splits]
    pairs.sort(key=lambda pair: not own_id(pair[0], id).startswith(f"{pair[1].name}/"))
    for each, split in pairs:
        source = first.source_of(each.input)
        owner = registry.owner(source.stage.name, first.modules)
        if owner not in (None, *modules):
            raise SpecError(
                f"{source.stage.name} is a source of your own.  To let it read the record, add --module {owner}."
            )
        yield Origin(each, split, source, first.modules, digests.get((each.input, split.name, split.start), ""))
