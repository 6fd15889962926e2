"""Load block lists as hash tables: built once per list content, cached on disk, memory-mapped by every worker."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import xxhash

from curate import assets, fingerprint
from curate.errors import InputError
from curate.kernels import blocklist as b
from curate.kernels import urls as u
from curate.stages import _hosts, _public_suffixes
from curate.stages.safety import _files

HEADER = b.N_COUNTS + 3
"""Number of 64-bit words before the tables in a cached file: a digest of everything after it, the counts of
`kernels.blocklist.read_lines`, the number of repeated entries, and the length of the first table."""


@dataclass(frozen=True, slots=True)
class Blocklist:
    """One file of a block list.

    Args:
        domains, urls: hash tables, see `kernels.urls.table`.
        n_repeated, n_suffixes, n_refused: ignored entries: repeated ones, public suffixes, and lines that are neither a
            domain nor a URL.
    """

    domains: np.ndarray
    urls: np.ndarray
    n_repeated: int
    n_suffixes: int
    n_refused: int


def load(url: str) -> Blocklist:
    """Load a list file as tables, from the cache or from the file itself.

    Raises:
        InputError: the file cannot be read, or has no entry.
    """
    with contextlib.suppress(OSError):  # the cache is not writable: build in memory, for this process
        folder = assets.folder().parent / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_key(url)}.npy"
        if (words := _map(path)) is None:
            with _locked(path.with_suffix(".lock")):
                if (words := _map(path)) is None:
                    _save(path, _build(url))
                    words = _map(path)
        if words is not None:
            return _open(words)
    return _open(_build(url))


def _key(url: str) -> str:
    """Return the cache key of a table: a digest of the list's content and of the code that reads it."""
    content = fingerprint.of_file(url)
    return fingerprint.combine(content, fingerprint.of_module(__name__))[:32]


@contextlib.contextmanager
def _locked(lock: Path) -> Iterator[None]:
    """Let one process build a table while others wait for it."""
    with open(lock, "w") as file:
        with contextlib.suppress(
            ImportError, OSError
        ):  # without file locks every process builds the table; the results are equal
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _save(path: Path, words: np.ndarray) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with open(handle, "wb") as out:
        np.save(out, words)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, path)


def _map(path: Path) -> np.ndarray | None:
    """Memory-map a cached file; None if it does not exist or is damaged."""
    try:
        words = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    is_whole = words.dtype == np.uint64 and words.ndim == 1 and len(words) > HEADER
    return words if is_whole and int(words[0]) == xxhash.xxh3_64_intdigest(words[1:]) else None


def _open(words: np.ndarray) -> Blocklist:
    words = words.view(np.ndarray)  # a plain array, so that numba compiles one version for mapped and built tables
    _, *counts, repeated, length = words[:HEADER].tolist()
    tables = words[HEADER : HEADER + length], words[HEADER + length :]
    return Blocklist(*tables, repeated, counts[b.N_SUFFIXES], counts[b.N_REFUSED])


def _build(url: str) -> np.ndarray:
    """Read a list and return the content of its cached file, uint64[]: the header and both tables."""
    data = _files.read(url)
    suffixes = public_suffixes()
    text = np.frombuffer(data, np.uint8)
    domains, urls, odd, counts = b.read_lines(text, suffixes.wild, suffixes.exempt, False)
    if len(odd):
        entries = _hosts.rewrite([data[start:end].removeprefix(b"*.").lstrip(b".") for start, end in odd])
        again = np.frombuffer(b"\n".join(entries), np.uint8)
        more_domains, more_urls, _, more = b.read_lines(again, suffixes.wild, suffixes.exempt, True)
        domains, urls = np.concatenate((domains, more_domains)), np.concatenate((urls, more_urls))
        counts[[b.N_SUFFIXES, b.N_REFUSED]] += more[[b.N_SUFFIXES, b.N_REFUSED]]
    n_read = len(domains) + len(urls)
    domains, urls = _distinct(domains), _distinct(urls)
    n_repeated = n_read - len(domains) - len(urls)
    at = np.searchsorted(domains, suffixes.names)
    listed = suffixes.names == np.append(domains, np.uint64(0))[at]
    domains = np.delete(domains, at[listed])
    counts[b.N_SUFFIXES] += n_read - n_repeated - len(domains) - len(urls)
    if not len(domains) and not len(urls):
        first = f", the first in line {counts[b.FIRST_REFUSED]}" if counts[b.N_REFUSED] else ""
        raise InputError(
            f"{url}: has no entry: {counts[b.N_REFUSED]} lines are neither a domain nor a URL{first}; {counts[b.N_SUFFIXES]} "
            "entries are public suffixes such as com.  Expected one domain or URL per line, or a hosts file."
        )
    tables = u.table(domains), u.table(urls)
    header = np.array([0, *counts, n_repeated, len(tables[0])], np.int64).astype(np.uint64)
    words = np.concatenate((header, *tables))
    words[0] = xxhash.xxh3_64_intdigest(words[1:])
    return words


def _distinct(hashes: np.ndarray) -> np.ndarray:
    """Return the distinct hashes, ascending. `np.unique` takes sixty times as long for millions of them."""
    ordered = np.sort(hashes)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


# ---------------------------------------------------------------------- public suffixes


@dataclass(frozen=True, slots=True)
class Suffixes:
    """Public suffixes (names under which anyone can register a domain), as hashes.

    Args:
        names: uint64[], ascending: `com`, `co.uk`.
        wild: table of the names with a wildcard rule: `ck` for `*.ck`; see `kernels.urls.table`.
        exempt: table of the exceptions to wildcard rules: `www.ck`.
    """

    names: np.ndarray
    wild: np.ndarray
    exempt: np.ndarray


@cache
def public_suffixes() -> Suffixes:
    """Return the public suffixes of registries; those of companies (`blogspot.com`) are treated as ordinary domains."""
    rules = _public_suffixes.rules()
    return Suffixes(_hashes(rules.names), u.table(_hashes(rules.wild)), u.table(_hashes(rules.exempt)))


def _hashes(names: Iterable[str]) -> np.ndarray:
    return _distinct(np.array([u.hash_name(np.frombuffer(name.encode(), np.uint8)) for name in names], np.uint64))
