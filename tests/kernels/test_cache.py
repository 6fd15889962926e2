"""The cache of compiled kernels: private, checked, and made again where it is damaged."""

from __future__ import annotations

import ast
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from curate.kernels import identity

CODE = """
import numba, numpy as np
from curate.kernels import cache

@numba.njit(cache=True)
def double(x):
    return x * 2

print(numba.config.CACHE_DIR)
print(double(21), sum(double.stats.cache_hits.values()))
"""


def run(folder: Path, **environment: str) -> tuple[Path, str, str]:
    """Run a kernel in a new process; return the cache folder, what it printed and what was said."""
    (folder / "a_kernel.py").write_text(CODE)
    kept = {k: v for k, v in os.environ.items() if k not in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME")}
    env = {**kept, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path]), **environment}
    done = subprocess.run(
        [sys.executable, "-c", "import a_kernel"], capture_output=True, text=True, env=env, check=True
    )
    where, printed = done.stdout.splitlines()
    return Path(where), printed, done.stderr


HARM = {
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "flipped": lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_file_is_said_and_compiled_again(tmp_path, ending, harm):
    where, printed, said = run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert printed == "42 0" and not said
    assert run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))[1:] == ("42 1", "")
    for path in where.rglob(f"*double*.{ending}"):
        path.write_bytes(HARM[harm](path.read_bytes()))
    _, printed, said = run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert printed == "42 0" and "is damaged" in said and f".{ending}" in said
    assert run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))[1:] == ("42 1", "")


def test_the_folder_is_private(tmp_path):
    where, _, _ = run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert where.is_relative_to(tmp_path / "cache") and stat.S_IMODE(where.stat().st_mode) == 0o700


@pytest.mark.parametrize("harm", ["writable by others", "a link", "another owner"])
def test_a_folder_that_is_not_private_is_not_used(tmp_path, harm):
    where, _, _ = run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"), TMPDIR=str(tmp_path))
    if harm == "writable by others":
        where.chmod(0o777)
    elif harm == "a link":
        where.rename(tmp_path / "theirs")
        where.symlink_to(tmp_path / "theirs")
    elif os.getuid():
        pytest.skip("only root can give a folder to another user")
    else:
        os.chown(where, 65534, 65534)
    other, printed, _ = run(tmp_path, XDG_CACHE_HOME=str(tmp_path / "cache"), TMPDIR=str(tmp_path))
    assert other != where and printed == "42 0" and other.parent == tmp_path / f"curate-{os.getuid()}"


def test_a_folder_in_tmp_that_somebody_else_made_is_not_used(tmp_path):
    """As for a service account without a home folder."""
    planted = tmp_path / f"curate-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    where, printed, _ = run(tmp_path, XDG_CACHE_HOME="/proc/nowhere", TMPDIR=str(tmp_path))
    assert not where.is_relative_to(planted) and printed == "42 0"
    assert not where.exists()  # it lasts as long as the process


def test_files_without_a_checksum_still_load(tmp_path):
    """Of kernels that a user compiled without curate, at NUMBA_CACHE_DIR."""
    plain = CODE.replace("from curate.kernels import cache\n", "")
    (tmp_path / "a_kernel.py").write_text(plain)
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "own")}
    subprocess.run([sys.executable, "-c", "import a_kernel"], env=env, check=True, capture_output=True)
    stamp = (tmp_path / "a_kernel.py").stat()
    code = f"import curate.kernels, sys; sys.path.insert(0, {str(tmp_path)!r}); import a_kernel"
    assert stamp.st_size == len(plain)
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([sys.executable, "-c", code], env=env, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[1] == "42 1" and not done.stderr


# ---------------------------------------------------------------------- found by content

KERNELS = Path(identity.FOLDER)

USE = """
import numpy as np
from curate.kernels import characters, words

words.count_words(np.array([0, 1]), np.frombuffer(b"a", np.uint8), characters.classes())
stats = words.count_words.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def count_words(checkout: Path, cache: Path) -> str:
    """Run a kernel of a checkout; return how many functions were found in the cache, and how many were not."""
    env = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {
        "PYTHONPATH": str(checkout),
        "XDG_CACHE_HOME": str(cache),
    }
    done = subprocess.run(
        [sys.executable, "-c", USE], capture_output=True, text=True, env=env, cwd=checkout, check=True
    )
    assert not done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("changed", "expected"), [("", "1 0"), ("urls", "1 0"), ("words", "0 1"), ("pointers", "0 1")], ids=str
)
def test_a_second_checkout_compiles_what_differs(tmp_path, changed, expected):
    """`words` imports `pointers` through `hashing`, and does not import `urls`."""
    for name in ("first", "second"):
        shutil.copytree(KERNELS, tmp_path / name / "curate" / "kernels", ignore=shutil.ignore_patterns("__pycache__"))
        (tmp_path / name / "curate" / "__init__.py").touch()
    if changed:
        path = tmp_path / "second" / "curate" / "kernels" / f"{changed}.py"
        path.write_text(path.read_text() + "\n# changed\n")
    assert count_words(tmp_path / "first", tmp_path / "cache") == "0 1"
    assert count_words(tmp_path / "second", tmp_path / "cache") == expected


def test_imports_are_those_that_python_sees():
    names = {identity.module_of(str(path)) for path in KERNELS.rglob("*.py")}
    for path in KERNELS.rglob("*.py"):
        seen = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
        }
        assert identity.imports(path.read_text()) == seen & names, path
