"""The cache of fetched assets: fetch, find, verify.

`NAME.json` says what was fetched; the bytes lie beside it in a file that is named after their digest. Both are written
aside and renamed, the record last: a fetch that is cut off leaves what was there before, and two at once end well.
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
"""Seconds without a byte after which a server is given up."""

LARGEST = 4 << 30
"""Bytes that an asset of unknown size may have."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the cache holds of an asset: its file, the digest and size of that, and where it came from."""

    file: str
    sha256: str
    size: int
    url: str


def folder() -> Path:
    """Return the cache folder; it need not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate" / "assets"


def held(asset: Asset) -> Held | None:
    """Return what the cache holds of an asset; None if nothing, or bytes other than the catalogue asks for."""
    try:
        found = Held(**json.loads((folder() / f"{asset.name}.json").read_text(encoding="utf-8")))
        file = folder() / found.file
        is_whole = file.is_file() and file.stat().st_size == found.size
    except (OSError, ValueError, TypeError):  # none, or one that somebody else wrote
        return None
    return found if is_whole and found.sha256 == (asset.sha256 or found.sha256) else None


def find(name: str) -> Path:
    """Return the file of an asset that is there.

    Args:
        name: with or without `asset:`.
    Raises:
        InputError: there is no such asset, or it was not fetched yet.
    """
    asset = named(name)
    if file := asset.in_package:
        return file
    found = held(asset)
    if found is None:
        raise InputError(f"{PREFIX}{asset.name} is not here yet.  Get it with `curate assets fetch {asset.name}`.")
    return folder() / found.file


def fetch(name: str, url: str = "", tell: Callable[[int, int | None], None] | None = None) -> Held | None:
    """Fetch an asset into the cache, whether it is there or not.

    Args:
        url: fetch it from there instead: a mirror, a `file://` URL or a path.
        tell: called with the bytes so far and in all (None if unknown).
    Returns:
        what is there now; None if it comes with a package, so that there is nothing to fetch.
    Raises:
        InputError: it cannot be had, or its bytes are not those of the catalogue, or not whole.
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
        if not _is_packed_like(part, last):
            raise InputError(f"{url}: is no {last.partition('.')[2]} file, as {asset.name} is.  {_HINT}")
        made = Held(f"{digest}-{last}", digest, size, url)
        os.replace(part, folder() / made.file)
        _write_record(asset, made)
        return made
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


def _is_packed_like(path: str, name: str) -> bool:
    """Say whether a file is packed as its name promises: a login page in place of an archive is not."""
    if name.endswith((".tar.gz", ".tgz")):
        return tarfile.is_tarfile(path)
    with open(path, "rb") as file:
        return not name.endswith(".gz") or file.read(2) == b"\x1f\x8b"


def _part_of(asset: Asset) -> tuple[int, str]:
    """Open a file in the cache to write to."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        return tempfile.mkstemp(dir=folder(), prefix=f"{asset.name}-", suffix=".part")
    except OSError as error:
        raise InputError(
            f"{folder()}: cannot be written to: {error.strerror}.  XDG_CACHE_HOME names another cache folder."
        ) from error


def verify(name: str) -> str | None:
    """Read an asset again and return what is wrong with it, or None.

    Raises:
        InputError: it is not there.
    """
    asset, file = named(name), find(name)
    if asset.in_package:
        return None
    with open(file, "rb") as bytes_:
        digest = hashlib.file_digest(bytes_, "sha256").hexdigest()
    wanted = held(asset).sha256
    return None if digest == wanted else f"{file} has the digest {digest}, expected {wanted}"


def _download(asset: Asset, url: str, out, tell: Callable[[int, int | None], None]) -> tuple[str, int]:
    """Copy the bytes, and return their digest and number."""
    digest, size = hashlib.sha256(), 0
    is_path = "://" not in url
    try:
        with open(url, "rb") if is_path else _opened(url) as source:
            stated = None if is_path else source.headers.get("Content-Length")
            total = int(stated) if stated and stated.isdecimal() else asset.size
            while chunk := source.read(CHUNK):
                size += len(chunk)
                if size > (asset.size or LARGEST):
                    raise InputError(f"{url}: is larger than the {asset.size or LARGEST:,} bytes expected.  {_HINT}")
                digest.update(chunk)
                out.write(chunk)
                tell(size, total)
        out.flush()
        os.fsync(out.fileno())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise InputError(f"{url}: cannot be fetched: {getattr(error, 'reason', None) or error}.  {_HINT}") from error
    if stated and stated.isdecimal() and size != int(stated):
        raise InputError(f"{url}: broke off after {size:,} of {int(stated):,} bytes.  Fetch it again.")
    if asset.sha256 not in (None, digest.hexdigest()):
        raise InputError(f"{url}: has the digest {digest.hexdigest()}, expected {asset.sha256}.  {_HINT}")
    if not size:
        raise InputError(f"{url}: is empty.  {_HINT}")
    return digest.hexdigest(), size


_HINT = "Name another place with --from: a mirror, or a file."


def _opened(url: str):
    if urllib.parse.urlsplit(url).scheme not in ("http", "https", "file"):
        raise ValueError("expected http, https or file")
    request = urllib.request.Request(url, headers={"User-Agent": "curate"})
    return urllib.request.urlopen(request, timeout=TIMEOUT)


def _write_record(asset: Asset, made: Held) -> None:
    handle, part = _part_of(asset)
    with open(handle, "w", encoding="utf-8") as out:
        json.dump(asdict(made), out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, folder() / f"{asset.name}.json")
