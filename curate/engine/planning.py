"""From a recipe to its plan, and all that can be known to be wrong with it before anything runs.

Each part that does not depend on the others is looked at, whatever is wrong with these: what the recipe says, what its
files hold, what its stages need. All mistakes are one error, in the order of the recipe.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from curate import formats, inputs, plan, spec
from curate.engine import readiness
from curate.engine.barriers import references
from curate.errors import Problems, SpecError, at
from curate.plan import Plan
from curate.report import sections
from curate.runs import RunFolder, redaction
from curate.spec import INPUT_PARAMS, Gap, Input, PipelineSpec, StageSpec
from curate.stage import HasColumnsOfFiles, HasInputCheck, Shard

MOST_CHECKED = 16
"""Number of input files that are looked at before a run, at most."""


def prepare(
    recipe: str,
    *,
    settings: Sequence[str] = (),
    input_paths: Sequence[str] = (),
    skip: Sequence[str] = (),
    executor: str = "",
    limit: int = 0,
    output: str = "",
) -> Plan:
    """Read a recipe, find its inputs and reference data and plan its phases. Nothing is written and nothing runs.

    Args:
        output: the run folder, if it is known.

    Raises:
        SpecError, InputError: as of `planned`; reference data is missing; or what is read lies in the run folder.
    """
    made = planned(recipe, settings, input_paths, skip, executor, limit)
    with redaction.hidden_in_errors(redaction.secrets_of(made.spec.resolved)), Problems() as problems:
        listed = problems.tried(lambda: references.find(made), {})
        if output:
            folder = RunFolder(output)
            with problems.noted():
                refuse_own_output(folder, made)
            with problems.noted():
                references.refuse_own(folder, listed)
    return made


def planned(
    recipe: str,
    settings: Sequence[str],
    input_paths: Sequence[str],
    skip: Sequence[str],
    executor: str,
    limit: int,
) -> Plan:
    """Read a recipe, find its inputs and plan its phases.

    Raises:
        SpecError, InputError: what is wrong, if it is one thing.
        SpecErrors: it is several.
    """
    problems = Problems()
    pipeline = spec.read(recipe, settings=settings, inputs=input_paths, skip=skip, executor=executor, problems=problems)
    return planned_of(pipeline, limit, problems)


def planned_of(pipeline: PipelineSpec, limit: int, problems: Problems) -> Plan:
    """Find the inputs of a recipe that has been read, and plan its phases.

    Args:
        problems: what was wrong with it.

    Raises:
        SpecError, InputError, SpecErrors: as of `planned`.
    """
    with redaction.hidden_in_errors(redaction.secrets_of(pipeline.resolved)):
        with problems.noted():
            sections.with_modules(pipeline.modules)  # a mistake there shall not be found when all tasks are done
        found = [(each, problems.tried(lambda each=each: _shards_of(each, pipeline), ())) for each in pipeline.inputs]
        shards = inputs.joined([(each.name, own) for each, own in found])
        pipeline = replace(pipeline, inputs=tuple(_looked_into(each, own, problems) for each, own in found))
        for error in readiness.errors(pipeline):
            problems.add(error)
        return plan.make(pipeline, shards, limit, problems)


def _shards_of(given: Input, pipeline: PipelineSpec) -> tuple[Shard, ...]:
    """Return the shards of one input: cut from its paths, or as many as a datatrove reader has files."""
    source = given.source
    if isinstance(source, Gap):
        with at(source.places.get("paths", "")):
            return given.files.shards(source.stage.name, formats.with_modules(pipeline.modules)) if given.files else ()
    with at(source.place_of("paths")):
        if given.files is None:
            from curate.engine.datatrove import blocks

            n, mark = len(blocks.files(source.stage, source.params)) or 1, blocks.mark(source.stage, source.params)
            return tuple(Shard(i, n, (), mark, rank=i, n_ranks=n) for i in range(n))
        if not given.files.paths:
            raise SpecError(f"{source.label} has no `paths`; name files, globs or URLs there, or with --input.")
        return given.files.shards(source.name, formats.with_modules(pipeline.modules))


def _looked_into(given: Input, shards: Sequence[Shard], problems: Problems) -> Input:
    """Return an input with the columns of its files, where its source has to look for them; look whether they fit it.

    Args:
        problems: takes what is wrong: parameters of the source that do not fit each other, files of another format,
            without documents or without the columns. The source is then a gap.
    """
    source = _readable(given.source) if isinstance(given.source, Gap) else given.source
    files = [split for shard in shards for split in shard.splits if split.start == 0]
    if source is None:
        return given
    gap = replace(given, source=Gap(source.label, source.stage, source.params, source.places))
    with problems.noted(), at(source.place_of("paths")), Problems() as found:
        plan.columns.columns_of(source)  # refuses parameters that do not fit each other, with their place
        made = source.stage.construct(source.all_params) if files else None
        if isinstance(made, HasColumnsOfFiles):
            with found.noted():
                source = replace(source, params={**source.params, **made.found_in(files)})
        if isinstance(made, HasInputCheck):
            for split in files[:: -(-len(files) // MOST_CHECKED)]:
                with contextlib.suppress(OSError):  # the task that reads the file will say what is wrong
                    made.check_input(split)
        found.refuse()
        return given if isinstance(given.source, Gap) else replace(given, source=source)
    return gap


def _readable(gap: Gap) -> StageSpec | None:
    """Return a source with which files can be looked into, though the recipe is wrong about how much of them is read; else None."""
    if gap.stage is None or not gap.places.keys() - gap.params.keys() <= INPUT_PARAMS.keys():
        return None
    own = {name: value for name, value in gap.params.items() if name in gap.stage.params}
    if any(param.is_required and name not in own for name, param in gap.stage.params.items()):
        return None
    return StageSpec(gap.stage.name, gap.label, own, gap.places.get("paths", ""), gap.stage, places=gap.places)


def refuse_own_output(folder: RunFolder, planned: Plan) -> None:
    """Refuse to read what a run in this folder writes, or to keep there what outlives it: the run would replace it.

    Raises:
        SpecError: an index of a stage or a file of an input lies in the folder.
    """
    with Problems() as problems:
        for label, url in references.indexes(planned):
            if folder.holds(url):
                problems.add(
                    SpecError(
                        f"{label} > index: {url} lies in the run folder {folder.url}, whose files this run replaces; the index is "
                        "for later runs, too.  Name a folder outside of it, or choose another --output."
                    )
                )
        if (held := next((url for url in _read_by(planned) if folder.holds(url)), None)) is not None:
            problems.add(
                SpecError(
                    f"{held} lies in the run folder {folder.url}, which this run writes.  Choose another --output."
                )
            )


def _read_by(planned: Plan) -> Iterator[str]:
    """Yield the address of every file that the sources of a plan read."""
    for given in planned.spec.inputs:
        if given.files is None:
            from curate.engine.datatrove import blocks

            yield from blocks.files(given.source.stage, given.source.params)
    for shard in planned.shards:
        yield from (split.url for split in shard.splits)
