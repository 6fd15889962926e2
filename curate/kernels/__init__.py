"""Numbers in, numbers out: the hot loops, in numba over UTF-8 bytes. They know nothing of pipelines.

Compiled code is kept for the next process. numba notices when the file of a function changes, but not when that of a
function it calls does; so the folder of compiled code is named after the content of all files here. It lies under the
user's cache folder (`XDG_CACHE_HOME`), in a temporary one if that cannot be written, or wherever `NUMBA_CACHE_DIR` says.
"""

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numba


def is_compiled(user: str) -> bool:
    """Say whether the kernels of one user (a stage, the signals) have been compiled before: then they load in a second."""
    return _marker(user).exists()


def mark_compiled(user: str) -> None:
    """Remember that the kernels of one user have been compiled."""
    _marker(user).touch()


@contextlib.contextmanager
def compiling(part: str) -> Iterator[None]:
    """Call the kernels of a part inside this, once: the first process compiles them, others wait and load them."""
    marker = _marker(part)
    if marker.exists():
        yield
        return
    with open(marker.with_suffix(".lock"), "w") as lock:
        with contextlib.suppress(ImportError, OSError):  # no locks there: each compiles for itself
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
