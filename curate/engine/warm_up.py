"""Which kernels phases need; compiling them, or loading what is compiled, is a call of each."""

from __future__ import annotations

import contextlib
import hashlib
import json
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass

from curate import fingerprint, signals
from curate.batch import Batch
from curate.kernels import cache, identity
from curate.plan import AnyPhase, StageRef
from curate.stage import HasWarmUp, Kind, Stage

_TEXT = (
    "A line of words, and one more.\nAnother line, longer than the first one was.\n\nA line of words, and one more.\n"
)

TO_LOAD = "CURATE_PRELOAD"
"""The environment variable in which the process that workers fork from finds what to load."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A call that compiles, or loads, all kernels of one stage or of one family of signals.

    Args:
        family: of the signals; empty for a stage.
        ref: the stage; None for a family.
        import_modules: the user's modules, which may be needed to construct the stage.
    """

    family: str = ""
    ref: StageRef | None = None
    import_modules: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the stage or family."""
        return self.ref.name if self.ref else self.family

    @property
    def modules(self) -> frozenset[str]:
        """The kernel modules that the call may use."""
        if self.ref is None:
            return identity.reached([signals.KERNELS[self.family]])
        return identity.reached(fingerprint.modules_of(self.ref.find(()).target))

    @property
    def digest(self) -> str:
        """What the compiled code depends on: the kernels, and the parameters that choose between them."""
        chosen = _choices(self.ref, self.ref.find(())) if self.ref else {}
        return hashlib.sha256(f"{identity.of_modules(self.modules)} {json.dumps(chosen)}".encode()).hexdigest()

    def run(self) -> None:
        """Compile the kernels, or load them."""
        if self.ref is None:
            signals.warm_up([self.family])
        elif call := _call_of(self.ref, self.import_modules):
            call()


def waiting(phases: Sequence[AnyPhase]) -> list[WarmUp]:
    """Return what has to be compiled for some phases; nothing if all was compiled before."""
    return [each for each in needed(phases) if not cache.is_compiled(each.name, each.digest)]


def stages_of(phases: Sequence[AnyPhase]) -> str:
    """Return what the workers of some phases will need, for `load`."""
    return json.dumps([{"family": each.family, "ref": each.ref and asdict(each.ref)} for each in needed(phases)])


def load(stages: str) -> None:
    """Load compiled kernels. What cannot be loaded here fails where it is used, which is the better place."""
    for each in json.loads(stages):
        with contextlib.suppress(Exception):
            WarmUp(each["family"], StageRef.from_json(each["ref"]) if each["ref"] else None).run()


def needed(phases: Sequence[AnyPhase]) -> list[WarmUp]:
    """Return one call for each family of signals and for each stage of ours: those of others have no kernels of ours."""
    found = {family: WarmUp(family) for family in _families(phases)}
    for phase in phases:
        for ref in (variant for stage_ref in phase.refs for variant in stage_ref.variants):
            stage = ref.find(phase.modules)
            if fingerprint.is_ours(stage.target) and not ref.columns and _call_of(ref, phase.modules):
                found.setdefault(f"{ref.name} {_choices(ref, stage)}", WarmUp("", ref, phase.modules))
    return list(found.values())


def _families(phases: Sequence[AnyPhase]) -> set[str]:
    """Return the families of signals that some phases measure and that have kernels."""
    found: set[str] = set()
    measured: set[str] = set()
    for phase in phases:
        for group in _groups(phase.refs):
            columns = {column: name for ref in group for name, column in ref.columns.items() if column not in measured}
            measured |= set(columns)
            names = {signals.current_name(name) for name in columns.values()}
            found |= signals.families(names & signals.SIGNALS.keys()) & signals.KERNELS.keys()
    return found


def _groups(refs: typing.Iterable[StageRef]) -> Iterator[list[StageRef]]:
    """Yield the stages that measure signals together: adjacent ones."""
    group: list[StageRef] = []
    for ref in refs:
        if ref.columns:
            group.append(ref)
        else:
            yield group
            group = []
    yield group


def _choices(ref: StageRef, stage: Stage) -> dict[str, object]:
    """Return the parameters of a stage that take one of a few values: these choose between kernels, others do not."""
    return {
        name: value
        for name, value in ref.params.items()
        if typing.get_origin(stage.params[name].type) is typing.Literal
    }


def _call_of(ref: StageRef, modules: tuple[str, ...]) -> Callable[[], object] | None:
    stage = ref.find(())
    if not identity.reached(fingerprint.modules_of(stage.target)):
        return None
    made = ref.construct(modules)
    if isinstance(made, HasWarmUp):
        return made.warm_up
    if stage.kind in (Kind.BATCH_EDIT, Kind.BATCH_FILTER) and set(stage.documented_columns.needs) <= {"text"}:
        return lambda: ref.open(modules)(Batch.from_columns({"id": ["a", "b"], "text": [_TEXT, ""]}))
    return None
