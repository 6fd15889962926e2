"""The hot loops, compiled by numba, most of them over UTF-8 bytes; they do not import the rest of curate.

numba caches compiled code on disk. It notices a change in the file of a function, but not in the file of a function
that this one calls. So the name of the cache folder is a hash of all files of this package. The folder is in the user's
cache folder (`XDG_CACHE_HOME`), in the temporary folder if that cannot be written, or at `NUMBA_CACHE_DIR` if it is set.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba


def is_compiled(user: str) -> bool:
    """Return whether the kernels of one user (a stage, the signals) are compiled; if so, they load in a second."""
    return _marker(user).exists()


def mark_compiled(user: str) -> None:
    """Record that the kernels of one user are compiled."""
    _marker(user).touch()


@contextlib.contextmanager
def compiling(part: str) -> Iterator[None]:
    """Hold a lock around the first call of the kernels of a part: one process compiles, the others wait and load."""
    marker = _marker(part)
    if marker.exists():
        yield
        return
    with open(marker.with_suffix(".lock"), "w") as lock:
        with contextlib.suppress(ImportError, OSError):  # no file locks here: each process compiles for itself
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    marker.touch()


def _marker(part: str) -> Path:
    folder = Path(numba.config.CACHE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{part}.compiled"


def _compiled_code() -> Path:
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    name = f"kernels-{digest.hexdigest()[:16]}"
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return folder if os.access(folder, os.W_OK) else _temporary(name)
    except OSError:
        return _temporary(name)


def _temporary(name: str) -> Path:
    folder = Path(tempfile.gettempdir()) / f"curate-{os.getuid()}" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if not os.environ.get("NUMBA_CACHE_DIR"):
    numba.config.CACHE_DIR = str(_compiled_code())
