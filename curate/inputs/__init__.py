"""Find the input files of a run, cut them into shards, and identify their content.

The result depends only on the list of files, never on the number of workers: the same files give the
same shards, and a file added at the end changes no shard before it.
"""

from __future__ import annotations

import functools
import itertools
import os
import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import fsspec
import xxhash

from curate import formats
from curate.assets import Location
from curate.errors import InputError, SpecError
from curate.formats import FORMATS, Format
from curate.inputs.listing import asking, files_in, is_local, is_read, is_web, no_file, no_match, stat
from curate.params import AboveZero, SomeShare
from curate.runs import redaction
from curate.stage import Shard, Split

CHUNK = 4 << 20
"""Bytes read at a time when a digest is computed."""

CRAWL = re.compile(r"CC-MAIN-\d{4}-\d{2}(?!\d)")
"""The label of a Common Crawl dump, as in the paths of its files."""

_IDENTITY = (
    "ETag",
    "etag",
    "md5Hash",
    "md5",
    "checksum",
    "blob_id",
    "xet_hash",
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file of the input.

    Args:
        url: its address, as fsspec understands it; an absolute path if it is local.
        name: its name in document ids; the same wherever the crawl is copied to.
        size: stored bytes.
        mark: a cheap sign that shows whether the file has changed: its size with its ETag or modification time.
        source: the label for the column `source`.
        is_source_given: the label was given, not taken from the path.
    """

    url: str
    name: str
    size: int
    mark: str
    source: str
    is_source_given: bool = False


@dataclass(frozen=True, slots=True)
class InputSpec:
    """What a recipe says of every input, whatever reads it.

    Args:
        paths: files, folders, globs or fsspec URLs.
        shard_mib: about how many stored MiB one task reads, more than 0; larger files are split where their format
            allows it.
        source: the label for the column `source`; empty: the name of the input, else the file's own `source`, else the
            Common Crawl dump in the path, else the file's folder.
        sample: the share of the documents that are read, more than 0 and at most 1; which ones depends on their ids only.
            The others are dropped as `not_in_sample`.
    """

    paths: tuple[str, ...]
    shard_mib: float
    source: str
    sample: float = 1.0

    @classmethod
    def of(
        cls, *, paths: list[Location], shard_mib: AboveZero = 64, source: str = "", sample: SomeShare = 1.0
    ) -> InputSpec:
        """Return the specification; these keywords are what YAML may say beside the source's own parameters.

        Raises:
            SpecError: a path is empty.
        """
        if "" in paths:
            raise SpecError("an empty path.  Name files, folders, globs or URLs; `.` is the current folder.")
        return cls(tuple(paths), shard_mib, source, sample)

    def shards(self, reader: str, kinds: Sequence[Format] = FORMATS) -> tuple[Shard, ...]:
        """Find the files and cut them into shards.

        Args:
            reader: the name of the source; of a folder it reads the files of its format.
            kinds: the formats known; they say which files these are, and which can be split.

        Raises:
            InputError: a path matches nothing.
        """
        files = resolve(self.paths, self.source, reader, kinds)
        return cut(files, int(self.shard_mib * (1 << 20)), kinds)


# ---------------------------------------------------------------------- which files


def resolve(
    patterns: Sequence[str], source: str = "", reader: str = "", kinds: Sequence[Format] = FORMATS
) -> tuple[InputFile, ...]:
    """Find the files that match paths, globs (`**` too) and fsspec URLs; each file once, sorted by name.

    Args:
        patterns: `crawl/*.warc.gz`, `s3://bucket/**/*.parquet`, `hf://datasets/owner/name/data/*.parquet`, ...
            Credentials come from the environment, as each file system documents.
        source: the label of all these documents. Without one it is the Common Crawl dump named in the path
            (`CC-MAIN-2024-10`), else the folder of the file.
        reader: the name of the source: a folder stands for the files in it, and in folders in it, that the source reads.
        kinds: the formats known, which say so.
    Raises:
        InputError: a pattern matches nothing, a file is missing, or a folder holds no file for the source.
    """
    found: dict[str, tuple[InputFile, int]] = {}  # real path -> file, and how many parts of its path make up its name
    real_folder = functools.cache(os.path.realpath)
    for pattern in patterns:
        for file, n_parts in _matches(pattern, source, reader, kinds):
            found.setdefault(_real_path(file.url, real_folder), (file, n_parts))
    return tuple(sorted(_named(list(found.values())), key=lambda file: (file.name, file.url)))


def _real_path(url: str, real_folder: Callable[[str], str]) -> str:
    """Return the one path of a local file, which may be given with `..`, `//` or by a link; another URL as it is."""
    if not os.path.isabs(url):
        return url
    folder, name = posixpath.split(url)
    return os.path.realpath(url) if os.path.islink(url) else f"{real_folder(folder)}/{name}"


def _matches(pattern: str, source: str, reader: str, kinds: Sequence[Format]) -> Iterator[tuple[InputFile, int]]:
    """Yield each file of a pattern, with the number of path parts that the pattern leaves open."""
    with asking(pattern):
        fs, path = fsspec.core.url_to_fs(pattern)
        info = stat(fs, path)
    wild = re.search(r"\*" if is_web(fs) else r"[*?\[]", path) if info is None else None
    if info is not None and info["type"] == "directory":
        files = {name: info for name, info in files_in(fs, path).files.items() if is_read(name, reader, kinds)}
        if not files:
            raise no_file(fs, pattern, path, info)
        for name, info in files.items():
            yield _file(fs, name, info, source), _n_parts(name) - _n_parts(path)
        return
    if wild is None:
        if info is None:
            raise no_file(fs, pattern, path, info)
        yield _file(fs, path, info, source), 1
        return
    folder = path[: wild.start()].rpartition("/")[0]
    with asking(pattern):
        found = fs.glob(path, detail=True)
        links = {name: fs.info(name) for name, info in found.items() if info["type"] not in ("file", "directory")}
        found.update(links)  # a listing does not show the targets of links
    files = {name: info for name, info in found.items() if info["type"] != "directory"}
    if not files:
        raise no_match(fs, pattern, path, folder, n_folders=len(found))
    for name, info in files.items():
        yield _file(fs, name, info, source), _n_parts(name) - _n_parts(folder)


def _file(fs: Any, path: str, info: dict, source: str) -> InputFile:
    url = path if is_local(fs) else fs.unstrip_protocol(path)
    if "::" in path or not _is_unicode(path):
        shown = path.encode("ascii", "backslashreplace").decode()
        raise InputError(f"{shown}: a name that is not UTF-8, or contains `::`, cannot be addressed; rename the file")
    if info["type"] != "file":
        raise InputError(f"{url}: is neither a file nor a folder; is it a link without a target?")
    if info.get("size") is None:
        raise InputError(f"{url}: the server does not report its size; download it and use the copy")
    size = int(info["size"])
    if info.get("islink"):  # what it points to may change, the link does not
        info = {**info, "mtime": os.stat(path).st_mtime}
    identity = next((info[key] for key in _IDENTITY if info.get(key)), "")
    clean = redaction.public_address(path) if is_web(fs) else path
    crawl = CRAWL.search(clean)
    label = source or (crawl[0] if crawl else posixpath.basename(posixpath.dirname(clean)))
    return InputFile(url, clean, size, "-".join(f"{size} {identity}".split()), label, bool(source))


def _is_unicode(path: str) -> bool:
    try:
        path.encode()
        return True
    except UnicodeEncodeError:
        return False


def _n_parts(path: str) -> int:
    return len([part for part in path.split("/") if part])


def _named(found: list[tuple[InputFile, int]]) -> Iterator[InputFile]:
    """Name each file by the last parts of its path: as many as its pattern left open, and more if names collide."""
    parts = {file.url: [part for part in file.name.split("/") if part] for file, _ in found}
    length = {file.url: n for file, n in found}

    def name(url: str) -> str:
        return "/".join(parts[url][-length[url] :])

    while True:
        seen = Counter(name(url) for url in parts)
        again = [url for url in parts if seen[name(url)] > 1 and length[url] < len(parts[url])]
        if not again:
            break
        for url in again:
            length[url] += 1
    for file, _ in found:
        is_alone = seen[name(file.url)] == 1
        shown = name(file.url) if is_alone else redaction.distinct_address(file.url)
        yield replace(file, name=shown)


# ---------------------------------------------------------------------- shards


def cut(files: Sequence[InputFile], shard_bytes: int, kinds: Sequence[Format] = FORMATS) -> tuple[Shard, ...]:
    """Cut files into shards of about `shard_bytes` stored bytes each, in the order of the files.

    Large files are split if their format can be entered in the middle; small files share a shard.

    Returns:
        shards, numbered from 0; every byte of every file is in exactly one split of one shard.
    """
    groups: list[tuple[Split, ...]] = []
    small: list[Split] = []
    n_small = 0  # bytes in `small`
    with ThreadPoolExecutor(32) as pool:  # some formats look into large files, which may be far away
        pieces = list(pool.map(lambda file: _cut_file(file, max(1, shard_bytes), kinds), files))
    for file, splits in zip(files, pieces, strict=True):
        if small and (len(splits) > 1 or n_small + file.size > shard_bytes):
            groups.append(tuple(small))
            small, n_small = [], 0
        if len(splits) > 1:
            groups.extend((split,) for split in splits)
        else:
            small.extend(splits)
            n_small += file.size
    if small:
        groups.append(tuple(small))
    return tuple(Shard(index, len(groups), splits) for index, splits in enumerate(groups))


def joined(groups: Sequence[tuple[str, Sequence[Shard]]]) -> tuple[Shard, ...]:
    """Return the shards of several inputs as those of one run.

    Args:
        groups: the name of each input and its shards, in the order of the recipe.
    """
    shards = [replace(shard, input=name) for name, group in groups for shard in group]
    return tuple(replace(shard, index=i, n_shards=len(shards)) for i, shard in enumerate(shards))


def _cut_file(file: InputFile, shard_bytes: int, kinds: Sequence[Format]) -> list[Split]:
    kind = formats.of_file(file.name, kinds)
    n_splits = -(-file.size // shard_bytes) if kind and kind.is_splittable(file.name) else 1
    ends = kind.bounds(file.url, file.size, n_splits) if n_splits > 1 else [0, file.size]
    return [
        Split(file.url, file.name, start, end, file.size, file.source, file.mark, file.is_source_given)
        for start, end in itertools.pairwise(ends)
    ]


# ---------------------------------------------------------------------- identity


def mark(url: str) -> str:
    """Return a cheap sign of whether a file has changed, as `InputFile.mark`, or "gone"; without blanks."""
    fs, path = fsspec.core.url_to_fs(url)
    fs.invalidate_cache()
    info = stat(fs, path)
    return _file(fs, path, info, "").mark if info and info.get("size") is not None else "gone"


def check_unchanged(split: Split, mark: str) -> None:
    """Make sure that the file of a split is the one that the run was planned for.

    Args:
        mark: of the file, as it is now.

    Raises:
        InputError: it has changed, or is gone.
    """
    planned, now = split.mark.partition("-"), mark.partition("-")
    is_same = planned == now if planned[2] and now[2] else planned[0] == now[0]  # some listings know only the size
    if split.mark and not is_same:
        what = "is gone" if mark == "gone" else f"has changed ({planned[0]} bytes then, {now[0]} now)"
        raise InputError(
            f"{split.url}: {what} since the run was planned, so this task kept nothing.  Run again; what is done and has "
            "not changed is kept."
        )


def digest(split: Split, kinds: Sequence[Format] = FORMATS) -> str:
    """Return the 128-bit digest of the bytes a split is read from, as 32 hex digits.

    For a part of a file its format says which these are: records may end after the split, row groups have a footer.
    """
    state = xxhash.xxh3_128()
    try:
        with fsspec.open(split.url, "rb") as file:
            for start, end in _spans(split, file, kinds):
                file.seek(start)
                while start < end and (chunk := file.read(min(CHUNK, end - start))):
                    state.update(chunk)
                    start += len(chunk)
    except FileNotFoundError:
        raise InputError(f"{split.url}: existed when the run was planned and is gone now.  Run again.") from None
    except OSError as error:
        raise InputError(
            f"{split.url}: cannot be read: {error.strerror or error}.  Check it, and run again."
        ) from error
    return state.hexdigest()


def _spans(split: Split, file: BinaryIO, kinds: Sequence[Format]) -> list[tuple[int, int]]:
    if split.is_whole:
        return [(0, split.size)]
    kind = formats.of_file(split.name, kinds)
    return kind.spans(split, file) if kind else [(split.start, split.end)]
