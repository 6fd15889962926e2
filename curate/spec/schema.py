"""Build the JSON Schema of recipes, with which editors complete and check them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from curate import params, registry
from curate.spec import published, stages
from curate.spec.entries import CHECKPOINT
from curate.spec.reader import GENERAL_PARAMS, INPUT_PARAMS
from curate.stage import Kind, Stage

_GENERAL = {
    **GENERAL_PARAMS,
    Kind.SOURCE: {**INPUT_PARAMS, "paths": replace(INPUT_PARAMS["paths"], default=[])},
}
"""`--input` may name the paths of a source instead."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema, with every stage of the catalogue and its parameters."""
    entries: dict[Kind, list[dict[str, Any]]] = {}
    for stage in registry.catalogue().values():
        entry = {
            "type": "object",
            "description": stage.summary,
            "additionalProperties": False,
            "maxProperties": 1,
            "required": [stage.name],
            "properties": {stage.name: _parameters(stage)},
        }
        entries.setdefault(stage.kind, []).append(entry)
    sources, sinks = entries.pop(Kind.SOURCE, []), entries.pop(Kind.SINK, [])
    steps = [entry for group in entries.values() for entry in group]
    names = [entry["required"][0] for entry in steps]
    folders = sorted({name.partition(".")[0] for name in registry.catalogue()})
    outside = rf"^(?!({'|'.join(folders)})\.)[A-Za-z_]\w*(\.\w+)+$"  # datatrove blocks and the user's own modules
    foreign = {
        "type": "object",
        "maxProperties": 1,
        "additionalProperties": False,
        "patternProperties": {outside: {"type": ["object", "null"]}},
    }
    named = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": "^[A-Za-z0-9_-]+$"},
        "additionalProperties": {"anyOf": [*sources, foreign]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "curate recipe",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "inputs"],
        "properties": {
            "name": {"type": "string"},
            "description": {"type": "string"},
            "vars": {"type": "object"},
            "modules": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Your own modules, from which stages can be used.",
            },
            "inputs": {"anyOf": [*sources, foreign, named]},
            "stages": {
                "type": "array",
                "items": {
                    "anyOf": [{"enum": [*names, CHECKPOINT]}, *steps, foreign, {"type": "string", "pattern": outside}]
                },
            },
            "output": {"anyOf": [*sinks, foreign, {"enum": [entry["required"][0] for entry in sinks]}]},
            "rejects": {"enum": ["sample", "text", "none"]},
            "allow_empty": {"type": "boolean", "description": "A run that keeps nothing is not a failure."},
            "published": published.json_schema(),
            "executor": _executors(),
        },
    }


def _parameters(stage: Stage) -> dict[str, Any]:
    """Return the schema of what YAML may say of a stage; what is required may be in `per`, where a stage takes that."""
    if stage.kind in (Kind.SOURCE, Kind.SINK):
        return params.object_schema({**_GENERAL[stage.kind], **stage.params})
    schema = params.object_schema(stages.known_params(stage))
    required = schema.pop("required", [])
    return {**schema, "anyOf": [{"required": required}, {"required": ["per"]}]} if required else schema


def _executors() -> dict[str, Any]:
    """Return the schema of `executor:`: a name, or names with their parameters; the user's own by their dotted names."""
    ours = {name: registry.find_executor(name) for name in registry.executor_names()}
    mapping = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {**params.object_schema(each.params), "description": each.summary} for name, each in ours.items()
        },
        "patternProperties": {r"^\w+(\.\w+)+$": {"type": ["object", "null"]}},
    }
    return {"anyOf": [mapping, {"enum": list(ours)}, {"type": "string", "pattern": r"^\w+(\.\w+)+$"}]}
