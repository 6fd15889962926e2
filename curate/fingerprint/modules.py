"""Python modules as files: where a module is, and which modules it imports. Nothing is imported to find out."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.machinery
import importlib.util
import pkgutil
import sysconfig
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from curate.fingerprint import remembered

INSTALLED = frozenset({"site-packages", "dist-packages"})
"""Folders into which distributions are installed."""

STANDARD_LIBRARY = frozenset(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))


@dataclass(frozen=True, slots=True)
class Module:
    """A module and its file.

    Args:
        name: its full name.
        path: its file; None for a folder without `__init__.py`.
        is_package: whether it can contain modules.
    """

    name: str
    path: Path | None
    is_package: bool

    @property
    def is_installed(self) -> bool:
        """Whether its file was put there by an installer of packages; editable installations are elsewhere."""
        return self.path is not None and not INSTALLED.isdisjoint(self.path.parts)

    def code(self) -> tuple[str, frozenset[str]]:
        """Return the digest of the code, and the names of the modules that it imports.

        Code is compared without comments and docstrings; a file that Python cannot parse (an extension module) as bytes.
        """
        if self.path is None or not self.path.is_file():  # a folder; a file that is gone, or inside an archive
            return "", frozenset()
        content = self.path.read_bytes()
        package = self.name if self.is_package else self.name.rpartition(".")[0]
        return remembered.found(content, package, __file__, lambda: _parsed(content, package))


def _parsed(content: bytes, package: str) -> remembered.Found:
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError):
        return hashlib.sha256(content).hexdigest(), frozenset()
    imported = frozenset(_imports(tree, package))
    return hashlib.sha256(ast.dump(_bare(tree)).encode("utf-8", "surrogatepass")).hexdigest(), imported


def find(name: str) -> Module | None:
    """Return a module by its full name, without importing it or its parents.

    Returns:
        None for a module of the standard library, one that is compiled into Python, and a name that is no module.
    """
    root, *rest = name.split(".")
    spec = _root(root)
    for k in range(len(rest)):
        if spec is None or spec.submodule_search_locations is None:
            return None
        full = ".".join([root, *rest[: k + 1]])
        spec = _inside(spec.submodule_search_locations, full)
    if spec is None:
        return None
    path = Path(spec.origin) if spec.has_location and spec.origin else None
    is_package = spec.submodule_search_locations is not None
    return Module(name, path, is_package) if path or is_package else None


def _inside(folders: Iterable[str], name: str) -> importlib.machinery.ModuleSpec | None:
    """Find a module in the folders of its package as Python's `PathFinder` does, which needs the package imported."""
    portions: list[str] = []
    for folder in folders:
        finder = pkgutil.get_importer(folder)
        spec = finder.find_spec(name) if finder else None
        if spec is not None and spec.loader is not None:
            return spec
        portions += (spec.submodule_search_locations or []) if spec is not None else []
    if not portions:
        return None
    found = importlib.machinery.ModuleSpec(name, None, is_package=True)
    found.submodule_search_locations = portions
    return found


def with_parents(names: frozenset[str]) -> Iterator[str]:
    """Yield the names of modules and of the packages around them, which Python imports before them."""
    for name in names:
        parts = name.split(".")
        yield from (".".join(parts[: k + 1]) for k in range(len(parts)))


@functools.cache
def _root(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):  # ValueError: a script, which is not importable by this name
        return None
    if spec is None or (not spec.has_location and spec.submodule_search_locations is None):
        return None
    if spec.has_location and _is_standard(Path(spec.origin)):
        return None
    return spec


def _is_standard(path: Path) -> bool:
    path = path.resolve()
    return INSTALLED.isdisjoint(path.parts) and not STANDARD_LIBRARY.isdisjoint(path.parents)


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


def _run_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a tree without those under `if TYPE_CHECKING:`, which never run."""
    for node in ast.iter_child_nodes(tree):
        is_for_types = isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inside in node.orelse if is_for_types else [node]:
            yield inside
            yield from _run_nodes(inside)


def _imports(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield the modules that a module imports, inside functions too; `from a import b` may mean `a.b`.

    Args:
        package: in which relative imports begin.
    """
    importers = {"import_module", "__import__"}  # and what the module calls the first
    for node in _run_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "importlib":
            importers |= {alias.asname for alias in node.names if alias.asname and alias.name == "import_module"}
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute("." * node.level + (node.module or ""), package)
            if base:
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and (base := _absolute(_named_in_call(node, importers), package)):
            yield base


def _named_in_call(node: ast.Call, importers: Collection[str]) -> str:
    """Return the module that `importlib.import_module("...")` or `__import__("...")` names, if it is written out.

    Args:
        importers: the names of functions that import what they are given.
    """
    function = node.func
    called = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    if called not in importers or not node.args or not isinstance(node.args[0], ast.Constant):
        return ""
    return node.args[0].value if isinstance(node.args[0].value, str) else ""


def _absolute(name: str, package: str) -> str:
    """Return the full name of an import; empty if it leads out of the package, which fails when it runs."""
    try:
        return importlib.util.resolve_name(name, package)
    except ImportError:
        return ""
