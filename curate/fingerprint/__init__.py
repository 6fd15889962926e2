"""What a result depends on, as digests: the code of a stage, the packages it uses, the files it reads.

Code is compared without comments and docstrings, together with every module that it imports, so that rewording a
docstring reruns nothing and changing a kernel, or a helper module of the user's, reruns the stages above it. Packages that
an installer put there count by their version.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.metadata
import json
import os
import posixpath
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from curate import inputs
from curate.assets import File, Location
from curate.errors import CurateError, SpecError
from curate.fingerprint import modules

INERT = ("curate.errors", "curate.stage", "curate.ledger", "curate.runs")
"""Modules and packages that stages import for names and types; they do not change what a stage computes."""


def combine(*parts: Any) -> str:
    """Return one digest for JSON-like values, the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


OURS = "curate"
"""Our own package: its code counts even where it is installed."""

BY_VERSION = "datatrove"
"""The package whose blocks are stages; where it is installed, its version counts."""


def of_code(target: Callable) -> str:
    """Return the digest of the code that `target` runs, with the versions of the packages it imports."""
    return of_module(target.__module__)


def is_ours(target: Callable) -> bool:
    """Return whether `target` is defined in our own package."""
    return _top(target.__module__) == OURS


@functools.cache
def of_module(name: str) -> str:
    """Return the digest of a module and of all it imports: source code by content, installed packages by version."""
    code, packages = _reached(name)
    return combine(code, versions(packages), list(sys.version_info[:2]))


def users_code(name: str) -> dict[str, str]:
    """Return the digest of a module and of each module that it imports, without our own and installed ones.

    Raises:
        SpecError: a file has changed since this process first read it; what the process has imported is the old code.
    """
    code = {module: digest for module, digest in _reached(name)[0].items() if _top(module) != OURS}
    for module, digest in code.items():
        found = modules.find(module)
        if found is None or found.code()[0] != digest:
            raise SpecError(
                f'the module "{module}" has changed since this Python process imported it, and Python imports a module '
                "only once.  Run again in a new process."
            )
    return code


def changed(code: Mapping[str, str]) -> list[str]:
    """Return the modules whose digests differ from these, as this process found them when it was first asked."""
    return [module for module, digest in code.items() if _code_and_imports(module)[0] != digest]


def modules_of(target: Callable) -> frozenset[str]:
    """Return the names of the modules that the code of `target` imports, directly or indirectly, without installed ones."""
    return frozenset(_reached(target.__module__)[0])


def _reached(name: str) -> tuple[dict[str, str], set[str]]:
    """Return the digest of every module that a module reaches by its imports, and the installed packages it imports."""
    code: dict[str, str] = {}
    packages: set[str] = set()
    followed = {_top(name), OURS} - {BY_VERSION}
    waiting = list(modules.with_parents(frozenset({name})))
    seen = set(waiting)
    while waiting:
        module = waiting.pop()
        if _is_inert(module):
            continue
        if _top(module) not in followed and _has_a_version(module):
            packages.add(_top(module))
            continue
        digest, imported = _code_and_imports(module)
        if digest:  # else a folder, or `from a import b` where b is not a module
            code[module] = digest
        new = set(modules.with_parents(imported)) - seen
        seen |= new
        waiting += new
    return code, packages


def _is_inert(module: str) -> bool:
    return any(_is_inside(module, inert) for inert in INERT)


def _is_inside(module: str, package: str) -> bool:
    """Return whether a dotted name is that of a package, or of a module in it."""
    return f"{module}.".startswith(f"{package}.")


def _top(module: str) -> str:
    return module.partition(".")[0]


@functools.cache
def _has_a_version(module: str) -> bool:
    """Return whether a module belongs to an installed distribution; one that was copied to its folder does not."""
    found = modules.find(module)
    return found is not None and found.is_installed and _top(module) in _distributions()


@functools.cache
def _code_and_imports(module: str) -> tuple[str, frozenset[str]]:
    found = modules.find(module)
    return found.code() if found else ("", frozenset())


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each installed distribution that provides one of these top-level modules."""
    provides = _distributions()
    found = {}
    for package in packages:
        if package not in sys.stdlib_module_names:
            for distribution in provides.get(package, ()):
                found[distribution] = importlib.metadata.version(distribution)
    return dict(sorted(found.items()))


def of_params(params: Mapping[str, Any], *, strings_too: bool = False) -> dict[str, Any]:
    """Return parameters as JSON; files, also in lists and mappings, with the digests of their content and of what reads them.

    Args:
        strings_too: whether a string that is the path of a local file counts as that file. A relative path begins in the
            current folder.
    """
    return {name: _with_digests(value, strings_too) for name, value in params.items()}


def _with_digests(value: Any, strings_too: bool) -> Any:
    if isinstance(value, File):
        content = [[posixpath.basename(name), of_file(name)] for name in value.find()]
        return [value.written, *content, *(of_code(reader) for reader in value.readers())]
    if isinstance(value, Location):
        return value.written
    if isinstance(value, dict):
        return {name: _with_digests(each, strings_too) for name, each in value.items()}
    if isinstance(value, list):
        return [_with_digests(each, strings_too) for each in value]
    return [value, of_file(value)] if strings_too and isinstance(value, str) and os.path.isfile(value) else value


def marks(params: Mapping[str, Any], *, strings_too: bool = False) -> dict[str, str]:
    """Return, for each parameter value that names files, a cheap sign that shows whether these files have changed.

    Args:
        strings_too: as `of_params` takes it.
    """
    return {
        str(value): combine([[path, inputs.mark(path)] for path in value.find()])[:16]
        for value in _files(list(params.values()), strings_too)
    }


def contents(params: Mapping[str, Any]) -> dict[str, str]:
    """Return, for each parameter value that names files, as the recipe has it, a digest of their content; those that cannot be
    read any more are left out."""
    found = {}
    for value in _files(list(params.values()), False):
        with contextlib.suppress(CurateError):
            found[value.written] = combine([[posixpath.basename(path), of_file(path)] for path in value.find()])[:32]
    return found


def _files(value: Any, strings_too: bool) -> Iterator[File]:
    if isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _files(each, strings_too)
    elif isinstance(value, File):
        yield value
    elif strings_too and isinstance(value, str) and os.path.isfile(value):
        yield File(value)


def of_file(path: str) -> str:
    """Return the SHA-256 of the content of a file, as hex digits.

    Raises:
        SpecError: the file cannot be read.
    """
    import fsspec

    try:
        with fsspec.open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror or error}.") from error


@functools.cache
def _distributions() -> Mapping[str, list[str]]:
    return importlib.metadata.packages_distributions()
