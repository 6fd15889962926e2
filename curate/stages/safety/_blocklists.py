"""Block lists as tables of hashes: made once for the content of a list, kept on disk, mapped into every worker."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import xxhash

from curate import assets, fingerprint
from curate.errors import InputError
from curate.kernels import blocklist as b
from curate.kernels import urls as u
from curate.stages.safety import _files, _hosts

HEADER = b.N_FACTS + 3
"""Words before the tables in a file: a digest of all that follows it, the facts, how many entries stood there before, and
the length of the first table."""


@dataclass(frozen=True, slots=True)
class Blocklist:
    """One file of a list.

    Args:
        domains, urls: `kernels.urls.table` each.
        n_repeated, n_suffixes, n_refused: entries that do not count: those that stood there before, public suffixes, lines
            that are neither a domain nor a URL.
    """

    domains: np.ndarray
    urls: np.ndarray
    n_repeated: int
    n_suffixes: int
    n_refused: int


def load(url: str) -> Blocklist:
    """Return a list file as tables, made now or found on disk.

    Raises:
        InputError: it cannot be read, or has no entry.
    """
    with contextlib.suppress(OSError):  # no folder to write to: made in memory, for this process
        folder = assets.folder().parent / "tables"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{_key(url)}.npy"
        if (words := _mapped(path)) is None:
            with _alone(path.with_suffix(".lock")):
                if (words := _mapped(path)) is None:
                    _save(path, _made(url))
                    words = _mapped(path)
        if words is not None:
            return _opened(words)
    return _opened(_made(url))


def _key(url: str) -> str:
    """Return what a table depends on: the content of the list, and the code that reads it."""
    content = fingerprint.of_params({"list": Path(url)})["list"][1] if "://" not in url else _digest(_files.read(url))
    return fingerprint.combine(content, fingerprint.of_module(__name__))[:32]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time make a table; the others wait and find it."""
    with open(lock, "w") as file:
        with contextlib.suppress(ImportError, OSError):  # no locks there: each makes its own, all the same
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _save(path: Path, made: np.ndarray) -> None:
    handle, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with open(handle, "wb") as out:
        np.save(out, made)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, path)


def _mapped(path: Path) -> np.ndarray | None:
    """Return the table that lies there; None if there is none, or not the one that was written."""
    try:
        words = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    is_whole = words.dtype == np.uint64 and words.ndim == 1 and len(words) > HEADER
    return words if is_whole and int(words[0]) == xxhash.xxh3_64_intdigest(words[1:]) else None


def _opened(words: np.ndarray) -> Blocklist:
    words = words.view(np.ndarray)  # numba compiles for one type, mapped or not
    _, *facts, repeated, length = words[:HEADER].tolist()
    tables = words[HEADER : HEADER + length], words[HEADER + length :]
    return Blocklist(*tables, repeated, facts[b.N_SUFFIXES], facts[b.N_REFUSED])


def _made(url: str) -> np.ndarray:
    """Read a list and return its file: uint64[], the header and both tables."""
    data = _files.read(url)
    suffixes = public_suffixes()
    text = np.frombuffer(data, np.uint8)
    domains, urls, odd, facts = b.read_lines(text, suffixes.wild, suffixes.exempt, False)
    if len(odd):
        entries = _hosts.rewrite([data[start:end].removeprefix(b"*.").lstrip(b".") for start, end in odd])
        again = np.frombuffer(b"\n".join(entries), np.uint8)
        more_domains, more_urls, _, more = b.read_lines(again, suffixes.wild, suffixes.exempt, True)
        domains, urls = np.concatenate((domains, more_domains)), np.concatenate((urls, more_urls))
        facts[[b.N_SUFFIXES, b.N_REFUSED]] += more[[b.N_SUFFIXES, b.N_REFUSED]]
    n_read = len(domains) + len(urls)
    domains, urls = _different(domains), _different(urls)
    n_repeated = n_read - len(domains) - len(urls)
    at = np.searchsorted(domains, suffixes.names)
    listed = suffixes.names == np.append(domains, np.uint64(0))[at]
    domains = np.delete(domains, at[listed])
    facts[b.N_SUFFIXES] += n_read - n_repeated - len(domains) - len(urls)
    if not len(domains) and not len(urls):
        first = f", the first in line {facts[b.FIRST_REFUSED]}" if facts[b.N_REFUSED] else ""
        raise InputError(
            f"{url}: has no entry: {facts[b.N_REFUSED]} lines are neither a domain nor a URL{first}; {facts[b.N_SUFFIXES]} entries "
            "are public suffixes such as com.  Expected one domain or URL a line, or a hosts file."
        )
    tables = u.table(domains), u.table(urls)
    header = np.array([0, *facts, n_repeated, len(tables[0])], np.int64).astype(np.uint64)
    words = np.concatenate((header, *tables))
    words[0] = xxhash.xxh3_64_intdigest(words[1:])
    return words


def _different(hashes: np.ndarray) -> np.ndarray:
    """Return each hash once, ascending. `np.unique` takes sixty times as long for millions."""
    ordered = np.sort(hashes)
    return ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]]


# ---------------------------------------------------------------------- public suffixes


@dataclass(frozen=True, slots=True)
class Suffixes:
    """Names under which anybody can register one, as hashes.

    Args:
        names: uint64[], ascending: `com`, `co.uk`.
        wild, exempt: `kernels.urls.table` each: of `ck`, where `*.ck` is a rule, and of `www.ck`, which is none.
    """

    names: np.ndarray
    wild: np.ndarray
    exempt: np.ndarray


@cache
def public_suffixes() -> Suffixes:
    """Return the public suffixes of registries; those of companies (`blogspot.com`) are domains like others."""
    import tld

    text = (Path(tld.__file__).parent / "res" / "effective_tld_names.dat.txt").read_text(encoding="utf-8")
    lines = text.partition("===BEGIN PRIVATE DOMAINS===")[0].split("\n")
    rules = [line.strip() for line in lines if line.strip() and not line.startswith("//")]
    names = [rule for rule in rules if rule[0] not in "*!"]
    wild, exempt = (_hashes([rule[n:] for rule in rules if rule[0] == mark]) for mark, n in (("*", 2), ("!", 1)))
    return Suffixes(_hashes(names), u.table(wild), u.table(exempt))


def _hashes(names: list[str]) -> np.ndarray:
    return _different(
        np.array([u.hash_name(np.frombuffer(_hosts.plain_host(name.encode()), np.uint8)) for name in names], np.uint64)
    )
