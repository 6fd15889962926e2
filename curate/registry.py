"""From a dotted name to a stage. The import system is the registry: the name is the path.

filters.gopher.quality                    `quality` in curate/stages/filters/gopher.py
extract.html                              `html` in curate/stages/extract/html.py
my_module.not_shouty                      your own; the recipe lists `modules: [my_module]`
datatrove.pipeline.filters.RegexFilter    any datatrove block
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from curate import extensions
from curate.errors import CurateError, SpecError
from curate.stage import REQUIRED, Kind, Param, Stage, read_stage

_STAGES = "curate.stages"
_SIMPLE = (int, float, str, bool, list, dict)


def find(name: str, modules: Sequence[str] = ()) -> Stage:
    """Return the stage with this dotted name.

    Args:
        name: as written in a recipe.
        modules: the modules outside `curate` and `datatrove` that the recipe allows to be imported.

    Raises:
        SpecError: there is no such stage; the message suggests the nearest names.
        StageError: something of that name exists but is no stage.
    """
    if not re.fullmatch(r"\w+(\.\w+)*", name):
        raise SpecError(f'"{name}" is no dotted name such as filters.gopher.quality.')
    if name.startswith("datatrove."):
        return _foreign(name)
    target = _attribute(f"{_STAGES}.{name}")
    if target is not None:
        return read_stage(name, target)
    owner = next((m for m in modules if name == m or name.startswith(f"{m}.")), None)
    if owner is not None and extensions.find(owner) is not None:
        target = _attribute(name)
        if target is None:
            raise SpecError(f'module "{owner}" has no "{name.removeprefix(owner + ".")}".')
        return read_stage(name, target)
    if owner is not None and not nearest(name, catalogue()):
        raise SpecError(f'there is no module "{owner}".  It is looked for beside the recipe and in the current folder.')
    raise SpecError(f'no stage "{name}".{_hint(name)}')


def catalogue() -> dict[str, Stage]:
    """Return every stage that ships with `curate`, by name, sorted. Imports all of them."""
    found = {stage.name: stage for module in _stage_modules() for stage in stages_in(module)}
    return dict(sorted(found.items()))


def stages_in(module: ModuleType) -> Iterator[Stage]:
    """Yield the stages a module under `curate/stages` defines, in the order of the file."""
    path = module.__name__.removeprefix(f"{_STAGES}.")
    for attribute, target in vars(module).items():
        is_own = getattr(target, "__module__", None) == module.__name__
        if attribute.startswith("_") or not is_own or not (inspect.isfunction(target) or inspect.isclass(target)):
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


def _hint(name: str) -> str:
    close = nearest(name, [*catalogue(), "checkpoint"])
    if close:
        return close
    if "." in name and importlib.util.find_spec(name.split(".")[0]) is not None:
        module = name.rpartition(".")[0]
        return f"  If it is your own code, add `modules: [{module}]` to the recipe: a recipe that names code is code."
    return "  `curate stages` lists them."


def _stage_modules() -> Iterator[ModuleType]:
    package = importlib.import_module(_STAGES)
    for info in pkgutil.walk_packages(package.__path__, f"{_STAGES}."):
        if not info.ispkg:
            yield importlib.import_module(info.name)


def _attribute(dotted: str) -> Any:
    """Return what a dotted path names: an attribute of a module, or the stage a module is named after."""
    parent, _, last = dotted.rpartition(".")
    for module_name in (dotted, parent):
        module = extensions.find(module_name)
        if module is not None and callable(getattr(module, last, None)):
            return getattr(module, last)
    return None


def _foreign(name: str) -> Stage:
    """Read a datatrove block: its constructor is the schema, loosely, since its types are its own."""
    target = _attribute(name)
    if target is None or not inspect.isclass(target) or not hasattr(target, "run"):
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
    return Stage(name, target, Kind.FOREIGN, params)
