"""Read a recipe: from a YAML file and the options of a command, or again from what a run keeps of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from curate.errors import Problems, SpecError
from curate.runs.redaction import hidden_in_errors, secrets_of
from curate.spec import marks, overrides
from curate.spec.marks import Marked
from curate.spec.pipeline import PipelineSpec
from curate.spec.reader import Reader


def read(
    path: str,
    *,
    settings: Sequence[str] = (),
    inputs: Sequence[str] = (),
    skip: Sequence[str] = (),
    executor: str = "",
    problems: Problems | None = None,
) -> PipelineSpec:
    """Read a recipe.

    Args:
        path: the YAML file.
        settings: `path=value` changes, as `--set` gives them; the value is YAML.
        inputs: what the source's `paths` are replaced by, if any; `label=path` where there are several inputs.
        skip: labels of stages to leave out.
        executor: the name of the executor; empty takes the recipe's first, else `local`.
        problems: takes what is wrong with the recipe, in place of an error; the recipe then has gaps, and only serves to
            look for further mistakes in it.

    Raises:
        SpecError: the recipe is not valid; the message names the position of each mistake. With `problems`, only what
            makes it unreadable as a whole.
    """
    document = marks.load(path)
    if not isinstance(document.value, dict):
        raise SpecError("a recipe is a mapping with `name`, `inputs` and `stages`.", document.place)
    return understood(document, path, settings=settings, inputs=inputs, skip=skip, executor=executor, problems=problems)


def read_again(
    resolved: Mapping[str, Any], path: str, *, settings: Sequence[str] = (), flag: str = "--set", problems: Problems | None = None,
) -> PipelineSpec:  # fmt: skip
    """Read a recipe as a run has resolved it, with further changes.

    Args:
        resolved: as of `PipelineSpec`; a run keeps it.
        path: the YAML file that it was read from; relative paths begin in its folder. The file itself is not read.
        settings: `path=value` changes. flag: the option that gave them, for errors.
        problems: as of `read`.

    Raises:
        SpecError, SpecErrors: as `read`; the positions are those of the settings, or of keys of the recipe.
    """
    document = marks.made(resolved, path, os.path.dirname(os.path.abspath(path)))
    return understood(document, path, settings=settings, flag=flag, problems=problems)


def understood(
    document: Marked, path: str, *, settings: Sequence[str] = (), flag: str = "--set", inputs: Sequence[str] = (),
    skip: Sequence[str] = (), executor: str = "", problems: Problems | None = None,
) -> PipelineSpec:  # fmt: skip
    """Return what a recipe says after these changes; arguments and errors as `read` and `read_again`."""
    found = problems or Problems()
    for setting in settings:
        with found.noted():
            overrides.apply(document, setting, flag)
    with found.noted():
        overrides.interpolate(document)
    with hidden_in_errors(secrets_of(marks.readable(document))):
        with found.noted():
            overrides.replace_inputs(document, inputs)
        with found.noted():
            overrides.skip(document, skip)
        pipeline = Reader(document, path, executor, found).pipeline()
        if problems is None:
            found.refuse()
        return pipeline
