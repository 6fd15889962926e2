"""Write a recipe for a user's files, with the stages and comments of one that ships with curate.

The text of the recipe is changed where its inputs, its name and its extraction stand; all else stays as it is, comments and
line breaks too. PyYAML says where a value begins and ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from curate import registry
from curate.errors import SpecError
from curate.inputs.found import Found
from curate.spec import marks, overrides, shipped
from curate.spec.entries import CHECKPOINT

EXTRACTION = "extract.html"
"""The stage that is added where pages are to become texts and the recipe begins with texts."""

WIDEST = 100
"""Characters of a line up to which keys are listed in a comment."""


def write(path: str, like: str, found: Sequence[Found]) -> None:
    """Write a recipe; a file that exists is not touched.

    Args:
        path: of the new recipe; its file name, without the ending, becomes the recipe's name.
        like: the name of a recipe that ships with curate.
        found: the files to read, one input for each entry.

    Raises:
        SpecError: there is no such recipe, the file exists, or a path or key cannot stand in a recipe.
    """
    text = _text(shipped.source_of(like), like, path, found)
    try:
        with open(path, "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise SpecError(f"{path} exists, and is not overwritten.  Name another file: -o FILE.") from None
    except FileNotFoundError:
        raise SpecError(
            f"there is no folder {os.path.dirname(path)} for {os.path.basename(path)}.  Create it."
        ) from None


def variables_of_inputs(like: str) -> list[str]:
    """Return the variables of a recipe that ships with curate on which its inputs depend, as `${month}`.

    They are lost in a recipe for other files, and only the user knows where they belong in the paths.
    """
    return _variables(yaml.compose(shipped.source_of(like), Loader=yaml.SafeLoader))


def _variables(root: yaml.MappingNode) -> list[str]:
    (inputs,) = (value for key, value in root.value if key.value == "inputs")
    return [f"${{{name}}}" for name in overrides.variables_in(yaml.serialize(inputs))]


def _text(text: str, like: str, path: str, found: Sequence[Found]) -> str:
    names = _names(found)
    with_pages = [name for name, each in zip(names, found, strict=True) if each.has_pages]
    lines = text.splitlines()
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    nodes = {key.value: (key, value) for key, value in root.value}
    changes: list[tuple[int, int, list[str]]] = []  # first line, end line, lines in their place

    key, value = nodes["inputs"]
    changes.append(
        (
            key.start_mark.line,
            marks.end(value).line + 1,
            [*_inputs(names, found, os.path.dirname(path) or ".", _variables(root))],
        )
    )
    key, value = nodes["name"]
    if "${" not in value.value:
        changes.append((key.start_mark.line, key.start_mark.line + 1, [f"name: {_recipe_name(path)}"]))
    key, value = nodes["stages"]
    only = with_pages if 0 < len(with_pages) < len(found) else []
    changes += _extraction(value, key.start_mark.line + 1, lines, bool(with_pages), only)

    for start, end, new in sorted(changes, reverse=True):
        lines[start:end] = new
    return "\n".join([f"# Written by `curate init --like {like}`: its stages, with these inputs.", "#", *lines]) + "\n"


# ---------------------------------------------------------------------- names


def _recipe_name(path: str) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", Path(path).stem).strip("._-")
    return name or "recipe"


def _names(found: Sequence[Found]) -> list[str]:
    """Return the label of each input: the last word of its first path that is a name, and a number where two are equal."""
    names: list[str] = []
    for each in found:
        words = [word for word in re.split(r"[/\\]", each.paths[0]) if word and not re.search(r"[*?\[]|^\.+$", word)]
        stem = (words[-1] if words else each.source.name.rpartition(".")[2]).partition(".")[0]
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", stem).strip("_-") or "input"
        number = 2
        while name in names:
            name = f"{name.rpartition('_')[0] if number > 2 else name}_{number}"
            number += 1
        names.append(name)
    return names


# ---------------------------------------------------------------------- inputs


def _inputs(names: Sequence[str], found: Sequence[Found], folder: str, variables: Sequence[str]) -> Iterator[str]:
    yield "inputs:"
    for variable in variables:
        yield f"  # put {variable} where its value stands in the paths; without it, every run reads all of these files"
    for name, each in zip(names, found, strict=True):
        if len(found) > 1:
            yield f"  {name}:"
        yield from ("  " * (1 + (len(found) > 1)) + line for line in _input(each, folder))


def _input(found: Found, folder: str) -> Iterator[str]:
    yield f"{found.source.name}:"
    paths = ", ".join(_quoted(_seen_from(path, folder)) for path in found.paths)
    yield f"  paths: [{paths}]   # {found.n_files:,} file{'s' * (found.n_files != 1)}"
    if found.other_keys is None:
        return
    fields = {field.column: field for field in found.fields}
    if found.mapped:
        yield "  fields:                        # column -> key in the files"
    for column, key in found.mapped:
        shown = f"{column}: {_quoted(key)}"
        more = f"   # or {_listed(fields[column].others)}" if column in fields and fields[column].others else ""
        yield f"    {shown}{more}"
    kept = [column for column, _ in found.mapped]
    same = [field.column for field in found.fields if field.column not in kept]
    if same:
        yield f"  # {', '.join(same)}: taken from the keys of these names"
    others = f": {_listed(found.other_keys)}" if found.other_keys else ""
    yield f"  extra: all                     # keep the other keys as columns{others}"


def _seen_from(path: str, folder: str) -> str:
    """Return a relative path of the current folder as the recipe has to write it, which is in a folder of its own."""
    if "://" in path or os.path.isabs(path):
        return path
    return os.path.relpath(path, folder)


def _quoted(value: str) -> str:
    """Return a string as YAML in double quotes.

    Raises:
        SpecError: it contains `${`, with which a variable of a recipe begins.
    """
    if "${" in value:
        raise SpecError(f'"{value}" contains ${{, with which variables of a recipe begin.  Rename it.')
    return yaml.safe_dump(value, default_style='"', allow_unicode=True, width=float("inf")).strip()


def _listed(keys: Sequence[str]) -> str:
    """Return the names of keys for a comment: one line, cut where it becomes long."""
    shown = ""
    for i, key in enumerate(keys):
        safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in key[:40])
        if len(shown) + len(safe) > WIDEST - 40:
            return f"{shown} and {len(keys) - i} more" if shown else safe
        shown += f", {safe}" if shown else safe
    return shown


# ---------------------------------------------------------------------- extraction


def _extraction(
    stages: yaml.SequenceNode, first: int, lines: Sequence[str], has_pages: bool, only: Sequence[str]
) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the changes that make texts of pages, and of nothing else.

    Args:
        first: the line after `stages:`.
        only: the inputs that have pages, if others have texts.
    """
    limited = f"only: [{', '.join(only)}]" if only else ""
    made = [item for item in stages.value if _takes_pages(_name(item))]
    if has_pages and not made:
        yield first, first, [f"  - {EXTRACTION}" + (f": {{{limited}}}" if limited else "")]
    for item in made:
        start, end = item.start_mark.line, marks.end(item).line + 1
        if not has_pages:
            yield start, end, []
        elif limited:
            yield start, end, [_with(lines[start], item, limited), *lines[start + 1 : end]]


def _name(item: yaml.Node) -> str:
    return item.value if isinstance(item, yaml.ScalarNode) else item.value[0][0].value


def _takes_pages(name: str) -> bool:
    return name != CHECKPOINT and "html" in registry.find(name).documented_columns.needs


def _with(line: str, item: yaml.Node, param: str) -> str:
    """Return the first line of a stage's entry with a further parameter; parameters of shipped recipes are in braces."""
    if isinstance(item, yaml.ScalarNode):
        at = item.end_mark.column
        return f"{line[:at]}: {{{param}}}{line[at:]}"
    ((_, params),) = item.value
    at = params.start_mark.column + 1
    return f"{line[:at]}{param}{', ' * bool(params.value)}{line[at:]}"
