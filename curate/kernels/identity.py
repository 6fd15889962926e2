"""What the compiled code of a kernel depends on, as digests: its file, the kernel files that it imports, the compiler.

numba knows a function by the path of its file, and compares the content of that file only: a second checkout compiles
everything again, and a change in `pointers.py` leaves old code running in its callers.
"""

from __future__ import annotations

import functools
import hashlib
import platform
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import llvmlite
import llvmlite.binding as llvm
import numba

FOLDER = Path(__file__).parent
"""Where the kernels are."""

_PACKAGE = __package__

_IMPORT = re.compile(
    rf"^[ \t]*(?:from|import)[ \t]+({re.escape(_PACKAGE)}[.\w]*)(?:[ \t]+import[ \t]+(\([^)]*\)|[^\n]*))?", re.MULTILINE
)
"""An import from this package. Parsing all kernels takes 0.1 s in each process, this takes a hundredth of it."""


def module_of(path: str) -> str:
    """Return the name of the kernel module in a file; empty if the file is none of ours."""
    file = Path(path)
    if not file.is_relative_to(FOLDER):
        return ""
    return ".".join([_PACKAGE, *file.relative_to(FOLDER).with_suffix("").parts])


def reached(names: Iterable[str]) -> frozenset[str]:
    """Return kernel modules and all kernel modules that they import.

    Args:
        names: full names; others than those of kernel modules do not count.
    """
    found, waiting = set(), [name for name in names if _file(name)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _source(name).imports
    return frozenset(found)


def of_modules(names: Iterable[str]) -> str:
    """Return the digest of the files that kernel modules reach, and of the compiler, as hex digits."""
    digest = hashlib.sha256(_compiler().encode())
    for name in sorted(reached(names)):
        digest.update(f"{name} {_source(name).digest}\n".encode())
    return digest.hexdigest()


def size(names: Iterable[str]) -> int:
    """Return the bytes of the files of kernel modules, without those that they import."""
    return sum(_source(name).size for name in names)


@functools.cache
def of_all() -> str:
    """Return the digest of all kernel files and of the compiler."""
    return of_modules(module_of(str(path)) for path in FOLDER.rglob("*.py"))


def imports(source: str) -> set[str]:
    """Return the kernel modules that a kernel file imports, from its text."""
    found = set()
    for base, names in _IMPORT.findall(source):
        found |= {base, *(f"{base}.{name}" for name in re.findall(r"\w+", names))}
    return {name for name in found if _file(name)}


class _Source(NamedTuple):
    """The digest of the file of a kernel module, its bytes, and the kernel modules that it imports."""

    digest: str
    size: int
    imports: frozenset[str]


@functools.cache
def _source(name: str) -> _Source:
    content = _file(name).read_bytes()
    return _Source(hashlib.sha256(content).hexdigest(), len(content), frozenset(imports(content.decode())))


@functools.cache
def _file(name: str) -> Path | None:
    """Return the file of a kernel module; None for packages, whose files hold no kernels, and for other names."""
    path = FOLDER.joinpath(*name.split(".")[_PACKAGE.count(".") + 1 :]).with_suffix(".py")
    return path if f"{name}.".startswith(f"{_PACKAGE}.") and path.is_file() else None


@functools.cache
def _compiler() -> str:
    """Return what else compiled code depends on: the versions of Python, numba and llvmlite, and the processor."""
    cpu = numba.config.CPU_NAME or llvm.get_host_cpu_name()
    features = numba.config.CPU_FEATURES or llvm.get_host_cpu_features().flatten()
    return " ".join([platform.python_version(), numba.__version__, llvmlite.__version__, cpu, features])
