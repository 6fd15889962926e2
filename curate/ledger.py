"""Count every document: in + born = out + dropped, for every stage and task.

Ledgers can be added: the ledger of a run is the sum of the ledgers of its tasks, in task order, and adding an empty
ledger changes nothing. Seconds are wall-clock time and the only part that differs between two equal runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.errors import StageError

NOT_IN_SAMPLE = "not_in_sample"
"""Why documents are dropped that the `sample` of an input does not choose."""


@dataclass(slots=True)
class StageLedger:
    """The counts of one stage.

    Args:
        stage: the label of the stage in the recipe.
        n_in, n_born, n_out: documents that came in, that the stage created (a source, a synthesis), that went out.
        dropped: number of documents by the first reason that dropped them.
        failed: number of documents by every rule that would have dropped them; at least `dropped`.
        listed: number of documents that each list of the stage helped to drop; one on two lists counts for both.
        counts: anything else that the stage counted; these documents are not dropped.
        bytes_in, bytes_out: bytes of text that came in and went out.
        seconds: time spent in the stage itself, summed over tasks.
    """

    stage: str
    n_in: int = 0
    n_born: int = 0
    n_out: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    bytes_out: int = 0
    seconds: float = 0.0

    @property
    def n_dropped(self) -> int:
        return sum(self.dropped.values())

    def check(self) -> None:
        """Raise `StageError` unless every document is accounted for."""
        if self.n_in + self.n_born != self.n_out + self.n_dropped:
            raise StageError(
                f"{self.stage} lost count of documents: {self.n_in} in + {self.n_born} born is not "
                f"{self.n_out} out + {self.n_dropped} dropped. This is a bug in the stage, or in curate."
            )

    def add(self, other: StageLedger) -> None:
        """Add the counts that another task has for the same stage."""
        self.n_in += other.n_in
        self.n_born += other.n_born
        self.n_out += other.n_out
        self.bytes_in += other.bytes_in
        self.bytes_out += other.bytes_out
        self.seconds += other.seconds
        for mine, theirs in (
            (self.dropped, other.dropped),
            (self.failed, other.failed),
            (self.listed, other.listed),
            (self.counts, other.counts),
        ):
            for name, n in theirs.items():
                mine[name] = mine.get(name, 0) + n

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.stage, "in": self.n_in, "born": self.n_born, "out": self.n_out,
            "dropped": dict(sorted(self.dropped.items())), "failed": dict(sorted(self.failed.items())),
            "listed": dict(sorted(self.listed.items())), "counts": dict(sorted(self.counts.items())),
            "bytes_in": self.bytes_in, "bytes_out": self.bytes_out, "seconds": round(self.seconds, 6),
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StageLedger:
        return cls(
            data["name"], data["in"], data["born"], data["out"], dict(data["dropped"]), dict(data["failed"]),
            dict(data["listed"]), dict(data["counts"]), data["bytes_in"], data["bytes_out"], data["seconds"],
        )  # fmt: skip


class Ledger:
    """The counts of a task, a phase or a run: one entry for each stage, in the order of the recipe."""

    def __init__(self, stages: Iterable[StageLedger] = ()):
        self.stages = list(stages)

    def stage(self, label: str) -> StageLedger:
        """Return the entry of a stage; create it if there is none."""
        for entry in self.stages:
            if entry.stage == label:
                return entry
        self.stages.append(StageLedger(label))
        return self.stages[-1]

    def add(self, other: Ledger) -> None:
        """Add another ledger, stage by stage."""
        for entry in other.stages:
            self.stage(entry.stage).add(entry)

    def check(self) -> None:
        """Raise `StageError` unless every stage balances and the next stage receives all documents that it passes on."""
        for entry in self.stages:
            entry.check()
        for before, after in zip(self.stages, self.stages[1:], strict=False):
            if before.n_out != after.n_in:
                raise StageError(
                    f"{before.stage} handed on {before.n_out} documents, {after.stage} took in {after.n_in}."
                )

    @property
    def n_born(self) -> int:
        return sum(entry.n_born for entry in self.stages)

    @property
    def n_left_out(self) -> int:
        """Documents that the recipe's `sample` left out."""
        return sum(entry.dropped.get(NOT_IN_SAMPLE, 0) for entry in self.stages)

    @property
    def n_read(self) -> int:
        """Documents that the recipe asked for: of these shares are taken."""
        return self.n_born - self.n_left_out

    @property
    def n_dropped(self) -> int:
        return sum(entry.n_dropped for entry in self.stages)

    @property
    def n_out(self) -> int:
        return self.stages[-1].n_out if self.stages else 0

    def why_empty(self) -> str:
        """Return why nothing was kept, as a sentence; "" if something was."""
        if self.n_out or not self.stages:
            return ""
        last = next((entry for entry in self.stages if not entry.n_out), self.stages[0])
        n = last.n_in + last.n_born
        if not n:
            return f"nothing was kept: {last.stage} found no documents."
        reason, n_most = max(last.dropped.items(), key=lambda item: item[1])
        share = "all" if n_most == n else f"{n_most:,} of them"
        return f"nothing was kept: {last.stage} dropped the last {n:,} documents, {share} for `{reason}`."

    def to_json(self) -> dict[str, Any]:
        return {"stages": [entry.to_json() for entry in self.stages]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ledger:
        return cls(StageLedger.from_json(entry) for entry in data["stages"])
