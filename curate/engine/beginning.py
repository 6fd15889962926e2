"""What a run writes before its first task: what runs here, the plan, the shards, the reference data."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from curate import plan
from curate.engine.barriers import index, references
from curate.plan import Plan, phases
from curate.runs import RunFolder, layout, redaction
from curate.runs.claim import identity, run_id
from curate.runs.own_files import OwnFiles


def begin(folder: RunFolder, planned: Plan, *, is_detached: bool = False) -> list[str]:
    """Write down all that workers, and whoever finishes the run, need to know.

    Returns:
        what the user should know: which result is replaced, which files were moved aside.

    Raises:
        SpecError: reference data lies in the run's own folder.
    """
    own, said = OwnFiles(folder), _replaced(folder, planned)
    runner = index.runner(planned, run_id(folder), folder)
    referred = references.prepare(folder, planned, runner)
    own.remove(layout.MANIFEST)
    recipe = planned.spec.resolved
    redaction.protect(folder, recipe, (split.url for shard in planned.shards for split in shard.splits))
    began = datetime.now(UTC).isoformat(timespec="milliseconds")
    described = {"recipe": redaction.hidden_recipe(recipe), "is_detached": is_detached, "began": began}
    known = identity(version("curate"), planned.spec.name, runner.run, folder.address)
    folder.write_json(layout.RUN, {**known, **described}, layout.PARTS)
    own.write_json(layout.REFERENCES, referred)
    own.write_json(layout.INPUTS, plan.shards_to_json(planned.shards))
    own.write_json(layout.PLAN, _described(planned, runner, own.warnings))
    return [*said, *own.warnings]


def _described(planned: Plan, runner: index.Runner, warnings: list[str]) -> dict[str, Any]:
    spec = planned.spec
    return {
        "name": spec.name,
        "description": spec.description,
        "recipe": spec.resolved,
        "published": spec.published.to_json() if spec.published else None,
        "limit": planned.limit,
        "allow_empty": spec.allow_empty,
        "warnings": [*planned.warnings, *warnings],
        "modules": list(spec.modules),
        "labels": [
            *(each.source.label for each in spec.inputs),
            *(stage.label for stage in spec.stages if stage),
            spec.sink.label,
        ],
        "runner": runner.to_json(),
        "phases": [phases.to_json(phase) for phase in planned.phases],
    }


def _replaced(folder: RunFolder, planned: Plan) -> list[str]:
    """Say what of a finished result in the folder this run replaces; nothing if it does the same again."""
    try:
        manifest, inputs = folder.read_json(layout.MANIFEST), folder.read_json(layout.INPUTS)
        n_docs, limit, former = manifest["documents"]["out"], manifest["limit"], manifest["phases"]
        known = {phase["folder"] for phase in former}
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ):  # no finished result, or one that cannot be read
        return []
    now = plan.shards_to_json(planned.shards)
    changed = next((layout.phase_title(p.folder) for p in planned.phases if p.folder not in known), None)
    reasons = [
        *([f"the input has changed{_first_difference(inputs, planned)}"] if inputs != now else []),
        *([f"a stage or parameter of phase {changed} has changed"] if changed else []),
    ]
    if not reasons:
        return []
    kind = f"the result of a trial (--limit {limit})" if limit else "a finished result"
    return [f"{folder.url} has {kind}, {n_docs:,} documents, which this run replaces: {' and '.join(reasons)}."]


def _first_difference(before: Any, planned: Plan) -> str:
    """Return the first file that only the former input has, and the first that only the new one has."""
    try:
        former = [split["url"] for shard in before for split in shard["splits"]]
    except (KeyError, TypeError):
        return ""
    urls = [split.url for shard in planned.shards for split in shard.splits]
    gone, new = sorted({*former} - {*urls}), sorted({*urls} - {*former})
    parts = [*([f"without {gone[0]}"] if gone else []), *([f"with {new[0]}"] if new else [])]
    return f" ({', '.join(parts)})" if parts else ""
