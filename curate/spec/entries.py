"""The stages that a recipe names, and how the command line addresses them, before the recipe is read.

    filters.gopher.quality        the stage of that name, if there is one only
    quality.threshold#2           the second stage of a name, `#1` the first
    stages[3]                     the fourth entry under `stages:`, checkpoints not counted
    inputs.crawl                  the source of the input `crawl`
    output.sinks.parquet          a stage with its section before it

A word without a dot under `inputs:` is the label of an input; the names of stages have dots.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from curate import registry
from curate.errors import SpecError
from curate.spec.marks import Marked

CHECKPOINT = "checkpoint"
"""An entry among the stages of a recipe: write all documents to disk at this point."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One stage of a recipe as it is written.

    Args:
        name: the name of the stage. number: how many of that name there are up to it.
        section: `inputs`, `stages` or `output`. at: its place in the section, checkpoints not counted.
        input: the label of the input whose source it is; empty if there is none.
        marked: the entry. params: the parameters in it.
    """

    name: str
    number: int
    section: str
    at: int
    input: str
    marked: Marked
    params: Marked

    @property
    def label(self) -> str:
        """The name, or `name#2` for the second stage of that name."""
        return self.name if self.number == 1 else f"{self.name}#{self.number}"

    @property
    def address(self) -> str:
        """The address by which no other stage can be meant."""
        return f"inputs.{self.input}" if self.input else f"{self.name}#{self.number}"

    @property
    def addresses(self) -> set[str]:
        """All by which it can be meant."""
        named = {self.name, self.label, f"{self.name}#{self.number}"}
        return {
            *named,
            *(f"{self.section}.{each}" for each in named),
            *([f"inputs.{self.input}", f"inputs.{self.input}.{self.name}"] if self.input else []),
            *([f"stages[{self.at}]"] if self.section == "stages" else []),
            *(["output"] if self.section == "output" else []),
        }


def entries(document: Marked) -> Iterator[Entry]:
    """Yield every stage of a recipe, in the order of the sections.

    An entry that is only a name is replaced by a mapping, so that parameters can be added.
    """
    n_of: Counter[str] = Counter()
    for section in ("inputs", "stages", "output"):
        at = 0
        for label, marked in _written(document, section):
            if isinstance(marked.value, str) and marked.value != CHECKPOINT:
                marked.value = {marked.value: Marked({}, marked.place, marked.place, marked.folder)}
            named = marked.value.items() if isinstance(marked.value, dict) else ()
            for name, params in named:
                if "." in name:
                    n_of[name] += 1
                    yield Entry(name, n_of[name], section, at, label, marked, params)
                    at += 1


def _written(document: Marked, section: str) -> Iterator[tuple[str, Marked]]:
    """Yield (label of the input or nothing, entry) of a section."""
    marked = document.value.get(section)
    if marked is None:
        return
    if isinstance(marked.value, list):
        yield from (("", entry) for entry in marked.value)
        return
    labelled = marked.value if section == "inputs" and isinstance(marked.value, dict) else {}
    inputs = [(label, entry) for label, entry in labelled.items() if "." not in label]
    yield from inputs or [("", marked)]


def find(known: Iterable[Entry], path: str, place: str) -> tuple[Entry, str] | None:
    """Return the stage that a path begins with, and what follows it; None if it begins with no stage.

    Raises:
        SpecError: several stages can be meant.
    """
    known = list(known)
    begun = {
        address for entry in known for address in entry.addresses if path == address or path.startswith(f"{address}.")
    }
    if not begun:
        return None
    longest = max(begun, key=len)
    found = [entry for entry in known if longest in entry.addresses]
    rest = path[len(longest) + 1 :]
    if len(found) > 1:
        said = [f"{entry.address}{f'.{rest}' if rest else ''}" for entry in found]
        raise SpecError(f"{longest} may be {len(found)} stages.  Write {', '.join(said[:-1])} or {said[-1]}.", place)
    return found[0], rest


def missing(known: Iterable[Entry], name: str, place: str) -> SpecError:
    """Return the error for a stage that a recipe does not have."""
    labels = [entry.label for entry in known]
    hint = registry.nearest(name, labels)
    return SpecError(f'the recipe has no stage "{name}".{hint}  It has: {", ".join(labels) or "none"}.', place)
