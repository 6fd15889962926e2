"""What a result depends on, as digests: the code of a stage, the packages it uses, the model files it reads.

Code is compared without comments and docstrings, together with every module of the same package that it
imports, so that rewording a docstring reruns nothing and changing a kernel reruns the filters above it.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.metadata
import importlib.util
import json
import posixpath
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from curate.assets import File
from curate.errors import SpecError

INERT = ("curate.errors", "curate.stage", "curate.ledger", "curate.runs")
"""Modules and packages that stages import for names and types; they do not change what a stage computes."""


def combine(*parts: Any) -> str:
    """Return one digest for JSON-like values, the same in every process."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def of_code(target: Callable) -> str:
    """Return the digest of the code that `target` runs, with the versions of the packages it imports."""
    name = target.__module__
    if name.startswith("datatrove."):
        return f"datatrove {importlib.metadata.version('datatrove')}"
    return of_module(name)


@functools.cache
def of_module(name: str) -> str:
    """Return the digest of a module and of all it imports: own package by code, other packages by version."""
    code, packages = _reached(name)
    return combine(code, versions(packages), list(sys.version_info[:2]))


def uses(target: Callable, package: str) -> bool:
    """Return whether the code of `target` imports from a package of its own distribution, directly or indirectly."""
    code, _ = _reached(target.__module__)
    return any(module == package or module.startswith(f"{package}.") for module in code)


def _reached(name: str) -> tuple[dict[str, str], set[str]]:
    """Return the digest of every module of the same distribution that a module reaches, and the other packages."""
    code: dict[str, str] = {}
    packages: set[str] = set()
    waiting = [name]
    while waiting:
        module = waiting.pop()
        if module in code or _is_inert(module):
            continue
        digest, imported = _code_and_imports(module)
        if not digest:
            continue  # `from a import b` where b is not a module
        code[module] = digest
        waiting += [other for other in imported if other.split(".")[0] == name.split(".")[0]]
        packages |= {other.split(".")[0] for other in imported}
    return code, packages - {name.split(".")[0]}


def _is_inert(module: str) -> bool:
    return any(module == inert or module.startswith(f"{inert}.") for inert in INERT)


@functools.cache
def _code_and_imports(module: str) -> tuple[str, frozenset[str]]:
    tree = _tree(module)
    if tree is None:
        return "", frozenset()
    imported = frozenset(_imports(tree, module))
    return hashlib.sha256(ast.dump(_bare(tree)).encode("utf-8", "surrogatepass")).hexdigest(), imported


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the version of each installed distribution that provides one of these top-level modules."""
    provides = _distributions()
    found = {}
    for package in packages:
        if package not in sys.stdlib_module_names:
            for distribution in provides.get(package, ()):
                found[distribution] = importlib.metadata.version(distribution)
    return dict(sorted(found.items()))


def of_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as JSON, files (also in lists and mappings) with the digest of their content."""
    return {name: _with_digests(value) for name, value in params.items()}


def _with_digests(value: Any) -> Any:
    if isinstance(value, File):
        return [str(value), *([posixpath.basename(name), of_file(name)] for name in value.find())]
    if isinstance(value, dict):
        return {name: _with_digests(each) for name, each in value.items()}
    return [_with_digests(each) for each in value] if isinstance(value, list) else value


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


def _tree(module: str) -> ast.Module | None:
    """Parse a module's file without importing it or its parents; None if there is no such file."""
    root, *rest = module.split(".")
    spec = importlib.util.find_spec(root)
    if spec is None or not spec.origin:
        return None
    base = Path(spec.origin)
    if rest:
        inside = Path(*rest)
        found = [
            path
            for path in (base.parent / inside.with_suffix(".py"), base.parent / inside / "__init__.py")
            if path.is_file()
        ]
        if not found:
            return None
        base = found[0]
    return ast.parse(base.read_bytes()) if base.suffix == ".py" else None


def _bare(tree: ast.Module) -> ast.Module:
    """Remove the docstrings; comments are not in the tree."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:] or [ast.Pass()]
    return tree


def _imports(tree: ast.Module, module: str) -> set[str]:
    """Return the modules named in import statements, inside functions too; `from a import b` may mean `a.b`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            if node.level:
                base = importlib.util.resolve_name(base, module.rpartition(".")[0])
            found.add(base)
            found.update(f"{base}.{alias.name}" for alias in node.names if base.split(".")[0] == module.split(".")[0])
    return found
