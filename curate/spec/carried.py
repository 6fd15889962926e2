"""What the recipe of a run says beyond its file, as `path=value` changes: by `--set` and `--input`, or by edits since then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.assets import Location
from curate.errors import SpecError
from curate.runs.redaction import is_secret
from curate.spec import entries, marks, recipes, relocated, rewritten
from curate.spec.entries import CHECKPOINT, Entry

_STAGES = ("inputs", "stages", "output")
_NOT_OF_THE_RESULT = ("executor",)
"""Keys that say how a recipe is run, and not what comes out."""


def settings(path: str, ran: Mapping[str, Any]) -> list[str]:
    """Return the changes that make the recipe in a file what a run had.

    Args:
        ran: the recipe of the run, as of `PipelineSpec.resolved`.

    Raises:
        SpecError: the file cannot be read, or changes of values do not make it that; the message names the entries.
    """
    of_vars = _of_mapping("vars", *(dict(each.get("vars") or {}) for each in (_resolved(path), ran)))
    known = [change for change in of_vars if "=" in change]
    has = _resolved(path, known)
    found = [*of_vars, *_of_keys(has, ran), *_of_stages(has, ran)]
    impossible = [each for each in found if "=" not in each]
    made = [each for each in found if "=" in each]
    impossible += _unknown_paths(path, ran, made)
    if not impossible and _without(_resolved(path, made)) != _without(ran):
        impossible = [key for key in {**has, **ran} if has.get(key) != ran.get(key)]
    if impossible:
        raise SpecError(
            f"{path} is not what the run had, by options of `curate run` or by later edits, and no change of values makes it that: "
            f"{', '.join(impossible)}.  Nothing was written.  Run the recipe of the file first, and ask of that run."
        )
    return made


def _resolved(path: str, changes: list[str] | None = None) -> dict[str, Any]:
    return dict(recipes.read(path, settings=changes or []).resolved)


def _of_keys(has: Mapping[str, Any], ran: Mapping[str, Any]) -> list[str]:
    found = []
    for key in {**has, **ran}:
        if key not in (*_STAGES, *_NOT_OF_THE_RESULT, "vars") and has.get(key) != ran.get(key):
            found.append(f"{key}={rewritten.flow(ran[key])}" if key in ran else f"{key} (not in the run)")
    return found


def _of_stages(has: Mapping[str, Any], ran: Mapping[str, Any]) -> list[str]:
    """Return the changes of stages, or what stage is in one of the recipes only."""
    sides = [{(each.section, each.label, each.input): each for each in entries.entries(marks.made(side, ""))} for side in (has, ran)]  # fmt: skip
    if [*sides[0]] != [*sides[1]] or _checkpoints(has) != _checkpoints(ran):
        found = [f"{label} (left out of the run)" for _, label, _ in sides[0].keys() - sides[1].keys()]
        found += [f"{label} (not in the file)" for _, label, _ in sides[1].keys() - sides[0].keys()]
        return sorted(found) or ["the order of the stages"]
    return [
        change
        for key, one in sides[0].items()
        for change in _of_mapping(one.address, _params(one), _params(sides[1][key]))
    ]


def _params(entry: Entry) -> dict[str, Any]:
    found = marks.plain(entry.params)
    return found if isinstance(found, dict) else {}


def _checkpoints(recipe: Mapping[str, Any]) -> list[int]:
    return [at for at, each in enumerate(recipe.get("stages") or []) if each == CHECKPOINT]


def _of_mapping(address: str, has: Mapping[str, Any], ran: Mapping[str, Any]) -> list[str]:
    found = []
    for key in {**has, **ran}:
        if has.get(key) == ran.get(key) and (key in has) == (key in ran):
            continue
        if key not in ran:
            found.append(f"{address}.{key} (not in the run)")
        elif is_secret(key):
            found.append(f"{address}.{key} (a secret)")
        else:
            found.append(f"{address}.{key}={rewritten.flow(ran[key])}")
    return found


def _unknown_paths(path: str, ran: Mapping[str, Any], changes: list[str]) -> list[str]:
    """Return the changes with a relative path: it began in the folder in which the command was typed, which nobody knows now."""
    if not changes:
        return []
    sides = [recipes.read(path), recipes.read_again(ran, path)]
    one, other = ({each.written for each in _relative(side)} for side in sides)
    return [f"a relative path of the command line, {each}" for each in sorted(other - one)]


def _relative(found: Any) -> list[Location]:
    return list(relocated.relative(relocated.located(found)))


def _without(recipe: Mapping[str, Any]) -> dict[str, Any]:
    document = rewritten.with_parameters(marks.made(dict(recipe), ""))
    return {key: each for key, each in marks.plain(document).items() if key not in _NOT_OF_THE_RESULT}
