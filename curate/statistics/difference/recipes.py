"""What the recipes of two finished runs do otherwise: stages, parameters, cases, files that stages read, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from curate.statistics.difference import cases
from curate.statistics.difference.cases import CaseChange

_ELSEWHERE = ("name", "description", "published", "vars", "stages")
"""Entries of a recipe that change no document, or whose effect shows in the parameters of stages."""


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Compare two manifests.

    Returns:
        `added` and `removed`, stages with all their parameters; `changed`, entries of a stage, as `CaseChange`; `rewritten`, stages
        whose cases are written otherwise and do the same; `order`, the stages of both in two orders, None if it is the same; `recipe`, what else of the recipe
        differs; `files`, models and lists whose content differs; `versions`; and `code`, whether nothing of this differs and
        still the code or the packages do.
    """
    of_a, of_b = ({stage["label"]: stage for stage in manifest["stages"]} for manifest in (a, b))
    both = [label for label in of_a if label in of_b]
    in_b = [label for label in of_b if label in of_a]
    found: dict[str, Any] = {
        "added": [_stage(of_b[label]) for label in of_b if label not in of_a],
        "removed": [_stage(of_a[label]) for label in of_a if label not in of_b],
        "changed": [change for label in both for change in _of_stage(of_a[label], of_b[label])],
        "rewritten": [label for label in both if _is_rewritten(of_a[label], of_b[label])],
        "order": None if both == in_b else {"a": both, "b": in_b},
        "recipe": list(_entries(a, b)),
        "files": [change for label in both for change in _files(of_a[label], of_b[label])],
        "versions": list(_versions(a, b)),
    }
    folders = ([phase["folder"] for phase in manifest["phases"]] for manifest in (a, b))
    found["code"] = not any(found.values()) and len({tuple(each) for each in folders}) > 1
    return found


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {"stage": stage["label"], "params": stage["params"]}


def _of_stage(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what differs in a stage that both recipes have, and for which documents."""
    for key, default in (("name", ""), ("only", []), ("on_error", "fail")):
        one, other = a.get(key, default), b.get(key, default)
        if one != other:
            yield asdict(CaseChange("stage" if key == "name" else key, one, other, {}, {})) | {"stage": a["label"]}
    for change in cases.changes(cases.as_cases(a), cases.as_cases(b)):
        yield asdict(change) | {"stage": a["label"]}


def _is_rewritten(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Return whether the cases of a stage are others that do the same."""
    one, other = cases.as_cases(a), cases.as_cases(b)
    return one != other and not cases.changes(one, other)


def _entries(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in dict.fromkeys([*a["recipe"], *b["recipe"]]):
        one, other = a["recipe"].get(name), b["recipe"].get(name)
        if name not in _ELSEWHERE and one != other:
            yield {"entry": name, "a": one, "b": other}
    if a["limit"] != b["limit"]:
        yield {"entry": "--limit", "a": a["limit"], "b": b["limit"]}


def _files(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the files of a stage that have the same name in both recipes, and another content."""
    of_a, of_b = a.get("files", {}), b.get("files", {})
    for name in of_a:
        if name in of_b and of_a[name] != of_b[name]:
            yield {"stage": a["label"], "file": name, "a": of_a[name], "b": of_b[name]}


def _versions(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    of_a, of_b = ({"curate": m["curate"], "python": m["python"], **m["packages"]} for m in (a, b))
    names: Sequence[str] = list(dict.fromkeys([*of_a, *of_b]))
    for name in names:
        if of_a.get(name) != of_b.get(name):
            yield {"package": name, "a": of_a.get(name), "b": of_b.get(name)}
