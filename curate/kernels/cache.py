"""Where compiled kernels are kept: a private folder, in files that are checked when they are loaded.

Compiled kernels are found by content (`identity`): wherever the package lies, what was compiled once is loaded, and a changed
file is compiled again with those that import it. The folder is in the user's cache folder (`XDG_CACHE_HOME`), or at
`NUMBA_CACHE_DIR` if that is set. numba's index files are pickles, and what is loaded is run: so a folder that somebody else
owns, or can write to, is not used. Then, and where the cache folder cannot be written, it is in the temporary folder.

numba trusts its files: one that a power cut has torn makes every later call fail. `CheckedCacheFile` replaces the class of
numba that reads and writes them, also for kernels of users; files without a checksum still load.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import io
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numba
from numba.core import caching

from curate.kernels import identity

CHECKSUM = b"curate-blake2b-16"
"""What stands between the content of a cache file and its checksum, the last 16 bytes."""

_N_DIGEST = 16

NAME = "kernels"
"""The name of the folder."""


def use() -> None:
    """Let numba keep compiled code in our folder, in checked files."""
    caching.IndexDataCacheFile = CheckedCacheFile
    caching.CacheImpl._locator_classes = [ContentLocator, *caching.CacheImpl._locator_classes]
    if not os.environ.get("NUMBA_CACHE_DIR"):
        numba.config.CACHE_DIR = str(_folder())


class ContentLocator(caching.UserProvidedCacheLocator):
    """Where numba keeps the compiled functions of one of our files: in a folder named after what they depend on.

    Kernels of users may call ours. In our folder they lie beside those of the same version; at `NUMBA_CACHE_DIR`, where numba
    alone may have put them, they stay as they are.
    """

    def __init__(self, py_func: Callable, py_file: str):
        super().__init__(py_func, py_file)
        module = identity.module_of(py_file)
        self._digest = identity.of_modules([module]) if module else identity.of_all()
        name = f"{module.rpartition('.')[2] or 'others'}-{self._digest[:16]}"
        within = "" if module else self.get_suitable_cache_subpath(py_file)
        self._cache_path = os.path.join(numba.config.CACHE_DIR, name, within)
        self._is_ours = bool(module)

    def get_source_stamp(self) -> str | bytes:
        return self._digest if self._is_ours else super().get_source_stamp()

    @classmethod
    def from_function(cls, py_func: Callable, py_file: str) -> ContentLocator | None:
        is_alone = os.environ.get("NUMBA_CACHE_DIR") and not identity.module_of(py_file)
        return None if is_alone else super().from_function(py_func, py_file)


class CheckedCacheFile(caching.IndexDataCacheFile):
    """numba's index and data files of one function, each with a checksum; a damaged one counts as missing."""

    def _load_index(self) -> dict:
        try:
            _check(self._index_path)
            return super()._load_index()
        except FileNotFoundError:
            return {}
        except Exception as error:  # a torn pickle can raise anything
            _say_damaged(self._index_path, error)
            return {}

    def _load_data(self, name: str) -> tuple:
        try:
            _check(self._data_path(name))
            return super()._load_data(name)
        except FileNotFoundError:
            raise
        except Exception as error:
            _say_damaged(self._data_path(name), error)
            raise OSError(f"{name} is damaged") from error  # numba compiles again, and writes the file anew

    @contextlib.contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[io.BytesIO]:
        content = io.BytesIO()
        yield content
        data = content.getvalue()
        with super()._open_for_write(filepath) as file:
            file.write(data + CHECKSUM + _digest(data))
            file.flush()
            os.fsync(file.fileno())


def _check(path: str) -> None:
    """Compare the content of a file with its checksum, if it has one.

    Raises:
        ValueError: they differ.
    """
    data = Path(path).read_bytes()
    content, mark, digest = (
        data[: -_N_DIGEST - len(CHECKSUM)],
        data[-_N_DIGEST - len(CHECKSUM) : -_N_DIGEST],
        data[-_N_DIGEST:],
    )
    if mark == CHECKSUM and digest != _digest(content):
        raise ValueError("its content does not fit its checksum")


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=_N_DIGEST).digest()


def _say_damaged(path: str, error: Exception) -> None:
    logging.getLogger("curate").warning("%s is damaged (%s); the kernel is compiled again.", path, error)


# ---------------------------------------------------------------------- which kernels are compiled


def is_compiled(part: str, digest: str) -> bool:
    """Return whether a part of the kernels is compiled, in the version with this digest; if so, it loads in a second."""
    return _marker(part, digest).exists()


def mark_compiled(part: str, digest: str) -> None:
    """Record that a part of the kernels is compiled."""
    _marker(part, digest).touch()


@contextlib.contextmanager
def compiling(part: str) -> Iterator[None]:
    """Hold a lock around the first call of the kernels of a part: one process compiles, the others wait and load."""
    marker = _marker(part, identity.of_all())
    if marker.exists():
        yield
        return
    with open(marker.with_suffix(".lock"), "w") as lock:
        with contextlib.suppress(ImportError, OSError):  # no file locks here: each process compiles for itself
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    marker.touch()


def _marker(part: str, digest: str) -> Path:
    folder = Path(numba.config.CACHE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{part}-{digest[:16]}.compiled"


# ---------------------------------------------------------------------- the folder


def _folder() -> Path:
    with contextlib.suppress(OSError, RuntimeError):  # no home folder, or one that cannot be written
        own = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate"
        own.mkdir(parents=True, exist_ok=True, mode=0o700)
        if private := _private(own / NAME):
            return private
    with contextlib.suppress(OSError):
        shared = Path(tempfile.gettempdir()) / f"curate-{os.getuid()}"
        if _private(shared) and (private := _private(shared / NAME)):
            return private
    return _fresh()


def _private(folder: Path) -> Path | None:
    """Return the folder, made if it is missing, if only this user can write to it; else None.

    Raises:
        OSError: it cannot be made.
    """
    folder.mkdir(exist_ok=True, mode=0o700)
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return folder if is_ours and os.access(folder, os.W_OK | os.X_OK) else None


def _fresh() -> Path:
    """Return a new folder that lasts as long as this process, for it and the processes that it starts."""
    folder, owner = tempfile.mkdtemp(prefix="curate-kernels-"), os.getpid()
    os.environ["NUMBA_CACHE_DIR"] = folder  # processes of ours find it there

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return Path(folder)
