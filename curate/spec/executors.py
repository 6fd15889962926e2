"""Where tasks run: the section `executor:` of a recipe."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate import registry
from curate.errors import CurateError, Problems, SpecError
from curate.executor import Executor, Launcher
from curate.params import Param
from curate.spec import marks
from curate.spec.marks import Marked

DEFAULT = "local"

Converter = Callable[[str, Mapping[str, Param], Mapping[str, Marked], str], dict[str, Any]]
"""Returns given parameters in their types, none missing: (whose they are, those known, those given, where)."""


@dataclass(frozen=True, slots=True)
class ExecutorSpec:
    """Where tasks run: an executor and its parameters, in its types."""

    executor: Executor
    params: Mapping[str, Any]

    def launcher(self) -> Launcher:
        """Return what runs the jobs.

        Raises:
            SpecError: the executor's function returns something else.
        """
        made = self.executor.target(**self.params)
        if not isinstance(made, Launcher):
            raise SpecError(f"the executor {self.executor.name} returned {type(made).__name__}, not a Launcher.")
        return made


def read(marked: Marked, chosen: str, modules: Sequence[str], convert: Converter) -> ExecutorSpec:
    """Read `executor: local`, or `executor: {local: {workers: 4}, ...}`, of which the first counts.

    All of them are checked, so that a mistake in one that is not chosen now is found now.

    Args:
        chosen: the name of another executor, from the command line; empty takes the first.

    Raises:
        SpecError: there is no such executor, or its parameters are wrong; with the position.
    """
    if not isinstance(marked.value, (dict, str)):
        raise SpecError(
            "expected the name of an executor, or names with parameters: {local: {workers: 4}}.", marked.place
        )
    options = marked.value if isinstance(marked.value, dict) else {marked.value: marks.made(None, marked.place)}
    chosen = chosen or next(iter(options), DEFAULT)
    options.setdefault(chosen, marks.made(None, f"--executor {chosen}"))
    found = {}
    with Problems() as problems:
        for name, given in options.items():
            with problems.noted():
                found[name] = _one(name, given, modules, convert)
    return found[chosen]


def _one(name: str, given: Marked, modules: Sequence[str], convert: Converter) -> ExecutorSpec:
    if not isinstance(given.value, (dict, type(None))):
        raise SpecError("expected parameters such as {workers: 4}.", given.place)
    try:
        executor = registry.find_executor(name, modules)
    except CurateError as error:
        raise SpecError(str(error), given.key_place) from error
    found = ExecutorSpec(executor, convert(f"executor {name}", executor.params, given.value or {}, given.place))
    try:
        found.launcher()
    except SpecError as error:
        raise SpecError(str(error), given.place) from error
    except Exception as error:
        raise SpecError(f"the executor {name} cannot be made: {type(error).__name__}: {error}", given.place) from error
    return found
