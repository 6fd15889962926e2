"""The story of one document beyond its verdict: every bound beside the value, and the remarks of stages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import numpy as np
import pyarrow.compute as pc

from curate import registry
from curate.barrier import Barrier
from curate.batch import Seen
from curate.lookup import HasRemarks
from curate.plan import AnyPhase, MapPhase, StageRef, phases
from curate.runs import RunFolder, arrow_files, layout, reading
from curate.runs.layout import PhaseFolder
from curate.stage import Kind
from curate.statistics import decided
from curate.statistics.rulebook import Rule, Rulebook

_PLAN_SHAPE = {"phases": [{"folder": str, "kind": str}]}


def bounds(manifest: Mapping[str, Any], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the bounds of all filters whose value was measured, or is needed, in the order of the recipe.

    Args:
        document: its id, language and all that was measured of it, by column, and under `stage` and `reason` why it was dropped.

    Returns:
        stage, reason, signal, value (None if it has none), at_least, at_most, is_needed, is_broken, `distance` (how far the value is from the nearest
        end of the range, in the signal's unit; None without a value), and is_decisive, whether the document was dropped for it.
    """
    return [_beside(rule, document) for rule in _that_count(Rulebook(manifest["stages"]), document)]


def _that_count(rulebook: Rulebook, document: Mapping[str, Any]) -> Iterator[Rule]:
    decided = document.get("stage"), document.get("reason")
    for rule in rulebook:
        counts = rulebook.for_document(rule.stage, rule.reason, document) is rule and not rule.bound.is_idle
        if (
            counts
            and rule.sees(document["id"])
            and (document.get(rule.column) is not None or (rule.stage, rule.reason) == decided)
        ):
            yield rule


def _beside(rule: Rule, document: Mapping[str, Any]) -> dict[str, Any]:
    value = document.get(rule.column)
    number = math.nan if value is None else float(value)
    ends = [end for end in (rule.bound.at_least, rule.bound.at_most) if end is not None]
    distance = min((abs(number - end) for end in ends), default=None)
    return {
        "stage": rule.stage, "reason": rule.reason, "signal": rule.column, "value": value,
        "at_least": rule.bound.at_least, "at_most": rule.bound.at_most, "is_needed": rule.bound.is_needed,
        "is_broken": bool(rule.bound.broken_by(np.array([number]))[0]),
        "distance": None if distance is None or math.isnan(distance) else distance,
        "is_decisive": (rule.stage, rule.reason) == (document.get("stage"), document.get("reason")),
    }  # fmt: skip


# ---------------------------------------------------------------------- remarks of stages


class Narrator:
    """Asks the stages of a finished run for their remarks on one document.

    Stages of the user's are asked only if their modules were given, as importing runs code.

    Args:
        manifest: of the run. modules: modules of the user's that may be imported.
    """

    def __init__(self, folder: RunFolder, manifest: Mapping[str, Any], modules: Sequence[str] = ()):
        self.folder, self.manifest, self.modules = folder, manifest, tuple(modules)
        self._order = {stage["label"]: at for at, stage in enumerate(manifest["stages"])}

    def remarks(self, document: Mapping[str, Any], shard: int, text: str | None) -> list[dict[str, Any]]:
        """Return the remarks of the stages that the document came to: stage, text, data.

        Args:
            document: as `bounds` takes it. shard: it is in. text: its text at the end of its way.

        Raises:
            InputError, DamagedFile: a file of the run is missing or damaged.
        """
        reached = self._order.get(document["stage"], len(self._order)) if document.get("stage") else len(self._order)
        found = []
        for phase, ref in self._stages():
            if self._order.get(ref.label, -1) <= reached:
                found += [
                    {"stage": ref.label, "text": remark.text, "data": dict(remark.data)}
                    for remark in self._remarks(phase, ref, document, shard, text)
                ]
        return found

    def _stages(self) -> Iterator[tuple[MapPhase, StageRef]]:
        """Yield the stages that pass documents on, each once, with the phase in which they decide."""
        for phase in self._phases():
            if isinstance(phase, MapPhase):
                decides = [phase.apply.barrier] if phase.apply else []
                yield from ((phase, ref) for ref in (*decides, *phase.stages))

    def _phases(self) -> list[AnyPhase]:
        described = reading.read_json(self.folder, layout.PLAN, _PLAN_SHAPE)
        with reading.whole(self.folder, layout.PLAN):
            return [phases.from_json(data) for data in described["phases"]]

    def _remarks(
        self, phase: MapPhase, ref: StageRef, document: Mapping[str, Any], shard: int, text: str | None
    ) -> Sequence[Any]:
        if registry.owner(ref.name, phase.modules) not in (None, *self.modules) or ref.cases:
            return ()
        stage = ref.find(phase.modules)
        if stage.kind is Kind.DATATROVE:
            return ()
        seen = Seen(document["id"], {name: value for name, value in document.items() if value is not None})
        made = ref.construct(phase.modules)
        if isinstance(made, Barrier):
            return made.remarks(seen, decided.of_manifest(self.folder, self.manifest, ref.label))
        if isinstance(made, HasRemarks):
            before, after = self.text_before(document["id"], shard, phase), self._after(document["id"], shard, phase)
            return made.remarks(Seen(seen.id, seen.columns, before, after or text))
        return ()

    def _after(self, id: str, shard: int, phase: MapPhase) -> str | None:
        return _text_in(PhaseFolder(self.folder, phase.folder).task(shard), id)

    def text_before(self, id: str, shard: int, phase: MapPhase) -> str | None:
        """Return the text of a document as the phase got it; None if no phase before has written it down, or it is gone."""
        earlier = [each for each in self._phases() if isinstance(each, MapPhase) and each.number < phase.number]
        for each in reversed(earlier):
            place = PhaseFolder(self.folder, each.folder).task(shard)
            if self.folder.exists(place.docs):
                return _text_in(place, id)
        return None


def _text_in(place: layout.TaskFolder, id: str) -> str | None:
    if not place.run.exists(place.docs):
        return None
    with closing(arrow_files.open_file(place, place.docs)) as reader:
        for batch in reader.batches():
            for at in pc.indices_nonzero(pc.equal(batch["id"], id)).to_pylist() if "text" in batch.schema.names else ():
                return batch["text"][at].as_py()
    return None
