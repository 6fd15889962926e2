"""Which files are read, how they are cut, what identifies them."""

from __future__ import annotations

import itertools
import os
import sys

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import InputError
from curate.inputs import InputFile, cut, digest, listing, mark, resolve
from curate.stage import Split


@pytest.fixture
def folder(tmp_path):
    for name in (
        "b/2.warc.gz",
        "a/1.warc.gz",
        "a/2.warc.gz",
        "a/deep/er/3.warc.gz",
        "notes.txt",
        "CC-MAIN-2024-10/x/y.warc.gz",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def names(files) -> list[str]:
    return [file.name for file in files]


def test_a_name_is_the_path_from_the_fixed_folder_of_the_pattern_on(folder):
    assert names(resolve([f"{folder}/a/*.warc.gz"])) == ["1.warc.gz", "2.warc.gz"]
    assert names(resolve([f"{folder}/[ab]/*.warc.gz"])) == ["a/1.warc.gz", "a/2.warc.gz", "b/2.warc.gz"]
    assert names(resolve([f"{folder}/a/**/*.warc.gz"])) == ["1.warc.gz", "2.warc.gz", "deep/er/3.warc.gz"]
    assert names(resolve([f"{folder}/a/1.warc.gz"])) == ["1.warc.gz"]


def test_names_do_not_depend_on_where_the_crawl_lies(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "moved"
    os.rename(folder / "a", elsewhere)
    assert names(resolve([f"{elsewhere}/**/*.gz"])) == ["1.warc.gz", "2.warc.gz", "deep/er/3.warc.gz"]


def test_equal_names_are_told_apart_by_the_folders_above(folder):
    files = resolve([f"{folder}/a/2.warc.gz", f"{folder}/b/2.warc.gz", f"{folder}/a/1.warc.gz"])
    assert names(files) == ["1.warc.gz", "a/2.warc.gz", "b/2.warc.gz"]


def test_a_file_that_two_patterns_match_is_read_once_and_order_is_by_name(folder):
    twice = resolve([f"{folder}/a/2.warc.gz", f"{folder}/a/*.gz", f"{folder}/a/*"])
    assert names(twice) == ["1.warc.gz", "2.warc.gz"]


def test_a_relative_path_becomes_absolute(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert resolve(["a/1.warc.gz"])[0].url == str(folder / "a" / "1.warc.gz")


def test_the_label_is_given_or_the_dump_or_the_folder(folder):
    assert {f.source for f in resolve([f"{folder}/a/*.gz"])} == {"a"}
    assert {f.source for f in resolve([f"{folder}/**/y.warc.gz"])} == {"CC-MAIN-2024-10"}
    assert {f.source for f in resolve([f"{folder}/**/*.gz"], "mine")} == {"mine"}


def test_links_are_followed_and_a_link_to_nowhere_is_an_error(folder):
    (folder / "elsewhere").write_bytes(b"x")
    (folder / "a" / "4.warc.gz").symlink_to(folder / "elsewhere")
    (folder / "a" / "linked").symlink_to(folder / "b")
    assert names(resolve([f"{folder}/a/*"])) == ["1.warc.gz", "2.warc.gz", "4.warc.gz"]
    (folder / "a" / "5.warc.gz").symlink_to(folder / "nowhere")
    with pytest.raises(InputError, match=r"5\.warc\.gz"):
        resolve([f"{folder}/a/*"])


def test_what_is_no_file_in_a_folder_is_left_out_and_said(folder):
    (folder / "a" / "5.warc.gz").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "a" / "6.warc.gz")
    assert names(resolve([f"{folder}/a"], reader="sources.warc")) == ["1.warc.gz", "2.warc.gz", "deep/er/3.warc.gz"]
    (line,) = listing.of_folders([f"{folder}/a"], "sources.warc")
    assert "3 files for sources.warc; 2 entries left out that lead to no file" in line and "5.warc.gz" in line


def test_file_names_with_wildcard_characters_can_be_named(tmp_path):
    (tmp_path / "a[1].jsonl").write_text("{}")
    assert names(resolve([f"{tmp_path}/a[1].jsonl"])) == ["a[1].jsonl"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a/1.wrc.gz", r"no such file\.  Did you mean 1\.warc\.gz"),
        ("a/*.jsonl", r"no file matches\.  .*/a contains 1\.warc\.gz, 2\.warc\.gz, deep"),
        ("a", r"is a folder with 3 files, none of which this source reads .* try .*/a/\*\*/\*\.warc\.gz"),
        ("aa/*.gz", r"There is no folder .*/aa\.  Did you mean a\?"),
        ("notes.tx", r"Did you mean notes\.txt"),
        ("*/deep", r"matches 1 folders and no file\.  Try .*/\*/deep/\*\*"),
    ],
)
def test_what_is_not_there_is_an_error_that_helps(folder, pattern, said):
    with pytest.raises(InputError, match=said) as caught:
        resolve([f"{folder}/{pattern}"])
    assert str(folder / pattern) in str(caught.value)


@pytest.mark.parametrize(
    ("reader", "taken"),
    [
        ("sources.warc", ["a.warc.gz", "deep/b.WARC", "deep/c.arc.gz", "deep/e.warc.gz.open"]),
        ("sources.wet", ["a.warc.wet.gz"]),
        ("sources.jsonl", ["deep/x.jsonl.zst", "y.ndjson"]),
        ("sources.parquet", ["deep/z.parquet"]),
    ],
)
def test_of_a_folder_a_source_reads_the_files_of_its_format(tmp_path, reader, taken):
    names_here = [
        "a.warc.gz",
        "a.warc.wet.gz",
        "a.warc.wat.gz",
        "README.md",
        "y.ndjson",
        "deep/b.WARC",
        "deep/c.arc.gz",
    ]
    for name in [*names_here, "deep/e.warc.gz.open", "deep/x.jsonl.zst", "deep/z.parquet", "deep/warc/notes.txt"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "deep" / "folder.parquet").mkdir()
    assert names(resolve([str(tmp_path)], reader=reader)) == taken
    assert names(resolve([f"{tmp_path}/"], reader=reader)) == taken
    (line,) = listing.of_folders([str(tmp_path), f"{tmp_path}/a.warc.gz"], reader)
    assert f"{len(taken)} file{'s' * (len(taken) > 1)} for {reader}; {11 - len(taken)} others left out" in line


def test_a_folder_of_another_file_system_will_do():
    fsspec.filesystem("memory").pipe({"/f/1.jsonl": b"{}", "/f/deep/2.jsonl.gz": b"{} ", "/f/3.txt": b""})
    assert names(resolve(["memory://f"], reader="sources.jsonl")) == ["1.jsonl", "deep/2.jsonl.gz"]


@pytest.mark.parametrize("url", ["nope://x/y", "https://localhost:1/x.jsonl", "s3://"])
def test_an_address_that_cannot_be_opened_is_an_error_that_names_it(url):
    with pytest.raises(InputError, match=url):
        resolve([url])


def test_any_file_system_will_do():
    fsspec.filesystem("memory").pipe({"/c/x/1.jsonl": b"{}", "/c/x/2.jsonl": b"{} "})
    files = resolve(["memory://c/x/*.jsonl"])
    assert [(f.url, f.name, f.size, f.source) for f in files] == [
        ("memory:///c/x/1.jsonl", "1.jsonl", 2, "x"),
        ("memory:///c/x/2.jsonl", "2.jsonl", 3, "x"),
    ]


def test_the_mark_tells_a_changed_file(folder):
    path = folder / "a" / "1.warc.gz"
    (before,) = resolve([str(path)])
    assert mark(str(path)) == before.mark and " " not in before.mark
    os.utime(path, ns=(1, 1))
    assert mark(str(path)) != before.mark
    path.unlink()
    assert mark(str(path)) == "gone"


# ---------------------------------------------------------------------- shards


def file(name: str, size: int) -> InputFile:
    return InputFile(f"/in/{name}", name, size, "", "s")


FILES = st.lists(
    st.tuples(st.sampled_from(["warc.gz", "jsonl", "jsonl.gz", "parquet", "bin"]), st.integers(0, 3000)), max_size=12
).map(lambda found: [file(f"{i:02}.{ending}", size) for i, (ending, size) in enumerate(found)])


@given(FILES, st.integers(1, 4000))
def test_every_byte_is_in_exactly_one_piece_in_order(files, shard_bytes):
    shards = cut(files, shard_bytes)
    assert [shard.index for shard in shards] == list(range(len(shards)))
    assert all(shard.n_shards == len(shards) and shard.splits for shard in shards)
    splits = [split for shard in shards for split in shard.splits]
    for f in files:
        own = [split for split in splits if split.url == f.url]
        assert own[0].start == 0 and own[-1].end == f.size
        assert all(a.end == b.start for a, b in itertools.pairwise(own))
    assert [p.url for p in splits] == sorted(p.url for p in splits)


@given(FILES, st.integers(1, 4000))
def test_a_file_added_at_the_end_changes_no_shard_but_the_last(files, shard_bytes):
    before = [shard.splits for shard in cut(files, shard_bytes)]
    after = [shard.splits for shard in cut([*files, file("99.warc.gz", 500)], shard_bytes)]
    if before:
        assert after[: len(before) - 1] == before[:-1]
        assert after[len(before) - 1][: len(before[-1])] == before[-1]


@given(FILES, st.integers(1, 4000))
def test_shards_are_no_larger_than_asked_where_files_can_be_split(files, shard_bytes):
    for shard in cut(files, shard_bytes):
        n_bytes = sum(split.end - split.start for split in shard.splits)
        assert n_bytes <= shard_bytes or len(shard.splits) == 1
        if n_bytes > shard_bytes:
            assert shard.splits[0].name.endswith((".jsonl.gz", ".bin"))


def test_compressed_lines_stay_whole_and_crawl_files_do_not():
    ends = {
        "a.warc.gz",
        "a.warc.wet.gz",
        "a.arc.gz",
        "a.warc",
        "a.warc.zst",
        "a.jsonl",
        "a.ndjson",
        "a.parquet",
        "a.WARC.GZ",
    }
    whole = {"a.jsonl.gz", "a.jsonl.zst", "a.parquet.gz", "warc", "a.txt"}
    for name in ends | whole:
        assert (len(cut([file(name, 1000)], 100)) == 10) == (name in ends), name


# ---------------------------------------------------------------------- identity


def test_the_digest_is_of_the_bytes_and_not_of_the_name(tmp_path):
    for name, data in {"a": b"x" * 100, "b": b"x" * 100, "c": b"x" * 99 + b"y"}.items():
        (tmp_path / name).write_bytes(data)
    a, b, c = (digest(Split(str(tmp_path / n), n, 0, 100, 100, "")) for n in "abc")
    assert a == b != c and len(a) == 32


def test_the_digest_of_a_part_changes_with_what_its_last_record_may_reach(tmp_path, monkeypatch):
    monkeypatch.setattr("curate.formats.format.OVERLAP", 10)
    path = tmp_path / "x.jsonl"

    def digests(data: bytes) -> list[str]:
        path.write_bytes(data)
        return [digest(split) for shard in cut(resolve([str(path)]), 50) for split in shard.splits]

    before, near, far = digests(b"a" * 100), digests(b"a" * 55 + b"b" + b"a" * 44), digests(b"a" * 99 + b"b")
    assert near[0] != before[0] and far[0] == before[0] and far[1] != before[1]


def test_a_parquet_part_is_known_by_its_row_groups(tmp_path):
    path = tmp_path / "x.parquet"

    def digests(last: str) -> list[str]:
        texts = [f"{i} {'words ' * 50}" for i in range(99)] + [last]
        pq.write_table(
            pa.table({"text": texts}),
            path,
            row_group_size=25,
            compression="none",
            use_dictionary=False,
            write_statistics=False,
        )
        return [digest(split) for shard in cut(resolve([str(path)]), 7000) for split in shard.splits]

    one, same, other = digests("99 words"), digests("99 words"), digests("99 sword")
    assert one == same and one[-2:] != other[-2:]
    assert one[0] == other[0]


def test_a_file_that_is_gone_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="is gone"):
        digest(Split(str(tmp_path / "x"), "x", 0, 5, 5, ""))


@pytest.mark.parametrize("name", ["h::i.jsonl", b"\xff.jsonl".decode("utf-8", "surrogateescape")])
def test_a_name_that_cannot_be_addressed_is_refused(tmp_path, name):
    (tmp_path / name).write_text("{}")
    with pytest.raises(InputError, match="rename the file"):
        resolve([f"{tmp_path}/*.jsonl"])


def test_an_empty_folder_is_called_empty_and_a_missing_one_missing(tmp_path):
    (tmp_path / "crawl").mkdir()
    with pytest.raises(InputError, match=r"no file matches\.  .*crawl is empty\."):
        resolve([f"{tmp_path}/crawl/*.jsonl"])
    with pytest.raises(InputError, match=r"There is no folder .*crawls\.  Did you mean crawl\?"):
        resolve([f"{tmp_path}/crawls/*.jsonl"])


def test_the_work_of_planning_grows_with_the_number_of_small_files_not_with_its_square():
    def calls(n: int) -> int:
        files = [InputFile(f"/in/{i}.jsonl", f"{i}.jsonl", 26, "26-1", "in") for i in range(n)]
        counted = 0

        def count(*_: object) -> None:
            nonlocal counted
            counted += 1

        sys.setprofile(count)
        try:
            cut(files, 64 << 20)
        finally:
            sys.setprofile(None)
        return counted

    assert calls(2000) < 2.5 * calls(1000)


def test_a_file_with_several_paths_is_read_once(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("{}")
    (tmp_path / "in" / "b.jsonl").symlink_to(tmp_path / "in" / "a.jsonl")
    (tmp_path / "linked").symlink_to(tmp_path / "in")
    paths = ["in/*.jsonl", "in/../in/a.jsonl", "in//a.jsonl", "linked/a.jsonl", "in/b.jsonl"]
    (found,) = resolve([f"{tmp_path}/{path}" for path in paths])
    assert found.name == "a.jsonl"
