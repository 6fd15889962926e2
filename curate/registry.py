"""From a dotted name to a stage or an executor. The import system is the registry: the name is the path.

filters.gopher.quality                    `quality` in curate/stages/filters/gopher.py
extract.html                              `html` in curate/stages/extract/html.py
my_module.not_shouty                      your own; the recipe lists `modules: [my_module]`
datatrove.pipeline.filters.RegexFilter    any datatrove block

local                                     the executor `local` in curate/engine/executors/local.py
my_module.my_cluster                      your own executor
"""

from __future__ import annotations

import difflib
import functools
import importlib
import importlib.util
import inspect
import pkgutil
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from curate import extensions
from curate.errors import CurateError, SpecError
from curate.executor import Executor, read_executor
from curate.params import REQUIRED, Param
from curate.stage import Kind, Stage, read_stage

_STAGES, _EXECUTORS, _DATATROVE = "curate.stages", "curate.engine.executors", "datatrove"
_SIMPLE = (int, float, str, bool, list, dict)


def _stage(name: str, target: object) -> Stage:
    is_hashable = inspect.isclass(target) or inspect.isfunction(target)
    return _read_once(name, target) if is_hashable else read_stage(name, target)


_read_once = functools.lru_cache(1024)(read_stage)
"""A worker asks for the stages of its phase again in each task."""


def find(name: str, modules: Sequence[str] = (), folders: Sequence[str] = ()) -> Stage:
    """Return the stage with this dotted name.

    Args:
        name: as written in a recipe.
        modules: the modules outside `curate` and `datatrove` that the recipe allows to be imported.
        folders: in which there may be a module that the recipe should allow, for advice.

    Raises:
        SpecError: there is no such stage; the message suggests the nearest names.
        StageError: something of that name exists but is not a stage.
    """
    _require_docstrings()
    if not re.fullmatch(r"\w+(\.\w+)*", name):
        raise SpecError(f'"{name}" is not a dotted name such as filters.gopher.quality.')
    if name.split(".")[0] == _DATATROVE:
        return _datatrove_block(name)
    target = _attribute(f"{_STAGES}.{name}")
    if target is not None:
        return _stage(name, target)
    module = owner(name, modules)
    if module is not None and (target := _attribute_of(module, name)) is not None:
        return _stage(name, target)
    if module is not None and not nearest(name, catalogue()):
        extensions.load(module)
    raise SpecError(f'no stage "{name}".{_hint(name, modules, folders)}')


def find_executor(name: str, modules: Sequence[str] = ()) -> Executor:
    """Return the executor with this name: one of ours, or the dotted name of a function in a module of the user's.

    Raises:
        SpecError: there is no such executor; the message lists what there is.
        StageError: something of that name exists but is not an executor.
    """
    target = None
    if re.fullmatch(r"\w+", name) and name in executor_names():
        target = _attribute(f"{_EXECUTORS}.{name}.{name}")
    elif (module := owner(name, modules)) is not None:
        target = _attribute_of(module, name)
    if target is None:
        names = executor_names()
        raise SpecError(
            f'no executor "{name}".{nearest(name, names)}  There is: {", ".join(names)}; your own is named as '
            "module.function, with the module under `modules:`."
        )
    return read_executor(name, target)


def owner(name: str, modules: Sequence[str]) -> str | None:
    """Return the module, of those that the recipe allows, in which a dotted name lies."""
    parts = name.split(".")
    inside = {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
    return next((module for module in modules if module in inside), None)


def catalogue() -> dict[str, Stage]:
    """Return every stage that ships with `curate`, by name, sorted. Imports all of them."""
    _require_docstrings()
    found = {stage.name: stage for module in _modules_under(_STAGES) for stage in stages_in(module)}
    return dict(sorted(found.items()))


def executor_names() -> list[str]:
    """Return the names of the executors that ship with `curate`, without importing them."""
    package = importlib.util.find_spec(_EXECUTORS)
    return sorted(info.name for info in pkgutil.iter_modules(package.submodule_search_locations))


def stages_in(module: ModuleType) -> Iterator[Stage]:
    """Yield the stages a module under `curate/stages` defines, in the order of the file."""
    path = module.__name__.removeprefix(f"{_STAGES}.")
    for attribute, target in vars(module).items():
        if attribute.startswith("_") or not (inspect.isfunction(target) or inspect.isclass(target)):
            continue
        if target.__module__ != module.__name__:
            continue
        name = path if path.rpartition(".")[2] == attribute else f"{path}.{attribute}"
        try:
            yield read_stage(name, target)
        except CurateError:
            continue  # a public helper beside the stages


def nearest(name: str, names: Iterable[str]) -> str:
    """Return `  Did you mean "a" or "b"?` for the names most like this one, or nothing."""
    close = difflib.get_close_matches(name, list(names), n=2, cutoff=0.6)
    return f"  Did you mean {' or '.join(close)}?" if close else ""


def _hint(name: str, modules: Sequence[str], folders: Sequence[str]) -> str:
    module = name.rpartition(".")[0]
    is_beside = bool(module) and module not in modules and extensions.is_in(module, folders)
    close = "" if is_beside else nearest(name, [*catalogue(), "checkpoint"])
    if close:
        return close
    if (beside := extensions.defining(name, folders)) is not None:
        return f"  {beside}.py defines it: write {beside}.{name}, and add `modules: [{beside}]` to the recipe."
    if is_beside or (module and importlib.util.find_spec(name.split(".")[0]) is not None):
        return f"  If it is your own code, add `modules: [{module}]` to the recipe: a recipe that names code is code."
    if (
        module
        and module not in modules
        and module.partition(".")[0] not in {each.partition(".")[0] for each in catalogue()}
    ):
        return (
            f"  `curate stages` lists ours.  For one of your own, add `modules: [{module}]`; {module} is then looked for beside the "
            "recipe, in the current folder and among the installed packages."
        )
    return "  `curate stages` lists them."


def _require_docstrings() -> None:
    """Refuse `python -OO`: it removes the docstrings in which stages name their columns."""
    if sys.flags.optimize >= 2:
        raise SpecError(
            "Python runs with -OO (or PYTHONOPTIMIZE=2), which removes docstrings; stages name their columns there.  "
            "Run without it, or with -O."
        )


def _modules_under(package: str) -> Iterator[ModuleType]:
    for info in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not info.ispkg:
            yield importlib.import_module(info.name)


def _attribute_of(module: str, name: str) -> Any:
    """Return what a dotted name in a module of the user's names; None if there is no such module.

    Raises:
        SpecError: the module has nothing of that name.
    """
    if extensions.find(module) is None:
        return None
    if name == module:
        raise SpecError(f'"{module}" is a module; name a function or class in it: {module}.my_name.')
    target = _attribute(name)
    if target is None:
        raise SpecError(f'module "{module}" has no function or class "{name.removeprefix(module + ".")}".')
    return target


def _attribute(dotted: str) -> Any:
    """Return what a dotted path names: an attribute of a module, or the stage a module is named after."""
    parent, _, last = dotted.rpartition(".")
    for module_name in filter(None, (dotted, parent)):
        module = extensions.find(module_name)
        target = vars(module).get(last) if module is not None else None
        if inspect.isclass(target) or inspect.isroutine(target):
            return target
    return None


def _datatrove_block(name: str) -> Stage:
    """Read a datatrove block: its constructor is the schema, loosely, since its types are its own."""
    target = _attribute(name)
    if (
        target is None
        or not inspect.isclass(target)
        or not inspect.isfunction(inspect.getattr_static(target, "run", None))
    ):
        parent = extensions.find(name.rpartition(".")[0])
        raise SpecError(
            f'datatrove has no block "{name}".{nearest(name.rpartition(".")[2], dir(parent) if parent else ())}'
        )
    params = {}
    for p in list(inspect.signature(target.__init__).parameters.values())[1:]:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        hint = p.annotation if p.annotation in _SIMPLE and not isinstance(p.default, type(None)) else Any
        params[p.name] = Param(p.name, hint, REQUIRED if p.default is p.empty else p.default)
    return Stage(name, target, Kind.DATATROVE, params)
