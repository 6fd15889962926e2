"""Manage the cache of downloaded assets: fetch, find, verify.

`NAME.json` records a download; the data is in a file beside it, named after its digest. Both are written to temporary
files and renamed, the record last: an interrupted download leaves the cache unchanged, and concurrent ones are safe.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from curate.assets.catalogue import PREFIX, Asset, named
from curate.errors import InputError

CHUNK = 1 << 20
TIMEOUT = 60
"""Seconds without data after which a download fails."""

LARGEST = 4 << 30
"""Maximum size of an asset whose size is not known, in bytes."""


@dataclass(frozen=True, slots=True)
class Held:
    """A cached asset.

    Args:
        file: name of the data file in the cache folder.
        sha256: hex digest of the data.
        size: number of bytes.
        url: where it was downloaded from.
    """

    file: str
    sha256: str
    size: int
    url: str


def folder() -> Path:
    """Return the cache folder, which may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate" / "assets"


def held(asset: Asset) -> Held | None:
    """Return the cache entry of an asset; None if there is none, or if it is not the version in the catalogue."""
    try:
        entry = Held(**json.loads((folder() / f"{asset.name}.json").read_text(encoding="utf-8")))
        file = folder() / entry.file
        is_whole = file.is_file() and file.stat().st_size == entry.size
        is_ours = isinstance(entry.sha256, str) and isinstance(entry.url, str)
    except (OSError, ValueError, TypeError, RecursionError):  # the record is missing, or curate did not write it
        return None
    return entry if is_ours and is_whole and entry.sha256 == (asset.sha256 or entry.sha256) else None


def find(name: str) -> Path:
    """Return the file of an asset.

    Args:
        name: the name, with or without `asset:`.
    Raises:
        InputError: there is no asset of this name, or it has not been downloaded.
    """
    asset = named(name)
    if file := asset.in_package:
        return file
    entry = held(asset)
    if entry is None:
        raise InputError(f"{PREFIX}{asset.name}: not downloaded yet.  Run `curate assets fetch {asset.name}`.")
    return folder() / entry.file


def fetch(name: str, url: str = "", tell: Callable[[int, int | None], None] | None = None) -> Held | None:
    """Download an asset to the cache, even if it is there already.

    Args:
        name: the name, with or without `asset:`.
        url: another place to download it from: a mirror, a `file://` URL or a path.
        tell: called with the number of bytes so far and the total (None if unknown).
    Returns:
        the cache entry; None if the asset is part of a package, so that there is nothing to download.
    Raises:
        InputError: the download fails or is incomplete, or the data is not the version in the catalogue.
    """
    asset = named(name)
    if asset.in_package:
        return None
    url = url or asset.url
    handle, part = _part_of(asset)
    try:
        with open(handle, "wb") as out:
            digest, size = _download(asset, url, out, tell or (lambda done, total: None))
        last = urllib.parse.unquote(urllib.parse.urlsplit(asset.url).path).rpartition("/")[2]
        if not _has_compression_of(part, last):
            raise InputError(
                f"{url}: expected a {last.partition('.')[2]} file for {asset.name}, got something else.  {_HINT}"
            )
        entry = Held(f"{digest}-{last}", digest, size, url)
        os.replace(part, folder() / entry.file)
        _write_record(asset, entry)
        return entry
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _has_compression_of(path: str, name: str) -> bool:
    """Return whether a file has the compression that its name says; a login page instead of an archive does not."""
    if name.endswith((".tar.gz", ".tgz")):
        return tarfile.is_tarfile(path)
    with open(path, "rb") as file:
        return not name.endswith(".gz") or file.read(2) == b"\x1f\x8b"


def _part_of(asset: Asset) -> tuple[int, str]:
    """Open a temporary file in the cache folder for writing."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=folder(), prefix=f"{asset.name}-", suffix=".part")
    except OSError as error:
        raise InputError(
            f"{folder()}: cannot be written to: {error.strerror}.  Set XDG_CACHE_HOME to use another cache folder."
        ) from error


def verify(name: str) -> str | None:
    """Check the digest of an asset; return what is wrong with it, or None.

    Raises:
        InputError: there is no asset of this name, or it has not been downloaded.
    """
    asset, file = named(name), find(name)
    if asset.in_package:
        return None
    try:
        with open(file, "rb") as bytes_:
            digest = hashlib.file_digest(bytes_, "sha256").hexdigest()
    except OSError as error:
        return f"{file}: cannot be read: {error.strerror}"
    expected = held(asset).sha256
    return None if digest == expected else f"{file}: has the digest {digest}, expected {expected}"


def _download(asset: Asset, url: str, out, tell: Callable[[int, int | None], None]) -> tuple[str, int]:
    """Copy the data to `out`; return its digest and its number of bytes."""
    digest, size = hashlib.sha256(), 0
    is_path = "://" not in url
    try:
        with open(url, "rb") if is_path else _opened(url) as source:
            stated = None if is_path else source.headers.get("Content-Length")
            total = int(stated) if stated and stated.isdecimal() else asset.size
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > (asset.size or LARGEST):
                    raise InputError(f"{url}: is larger than the expected {asset.size or LARGEST:,} bytes.  {_HINT}")
                digest.update(chunk)
                out.write(chunk)
                tell(size, total)
        out.flush()
        os.fsync(out.fileno())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise InputError(f"{url}: cannot be downloaded: {getattr(error, 'reason', None) or error}.  {_HINT}") from error
    if stated and stated.isdecimal() and size != int(stated):
        raise InputError(f"{url}: the download ended after {size:,} of {int(stated):,} bytes.  Fetch it again.")
    if asset.sha256 not in (None, digest.hexdigest()):
        raise InputError(f"{url}: has the digest {digest.hexdigest()}, expected {asset.sha256}.  {_HINT}")
    if not size:
        raise InputError(f"{url}: is empty.  {_HINT}")
    return digest.hexdigest(), size


_HINT = "Name another source with --from: a mirror, or a file."


def _opened(url: str):
    if urllib.parse.urlsplit(url).scheme not in ("http", "https", "file"):
        raise ValueError("expected http, https or file")
    request = urllib.request.Request(url, headers={"User-Agent": "curate"})
    return urllib.request.urlopen(request, timeout=TIMEOUT)


def _write_record(asset: Asset, entry: Held) -> None:
    handle, part = _part_of(asset)
    with open(handle, "w", encoding="utf-8") as out:
        json.dump(asdict(entry), out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, folder() / f"{asset.name}.json")
