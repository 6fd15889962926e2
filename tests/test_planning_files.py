"""What a plan says of an input from the first bytes of its files."""

from __future__ import annotations

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.test_planning import refused

WET = b"WARC/1.0\r\nWARC-Type: conversion\r\nWARC-Record-ID: <urn:uuid:1>\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ntext\r\n\r\n"


@pytest.mark.parametrize("place", ["", "memory://planning/"])
def test_a_wet_file_given_to_the_warc_reader_is_refused(write_recipe, tmp_path, place):
    import fsspec

    url = f"{place or f'{tmp_path}/'}a.warc.gz"
    with fsspec.open(url, "wb") as file:
        file.write(gzip.compress(WET))
    (error,) = refused(write_recipe(["extract.html"], inputs={"sources.warc": {"paths": [url]}}))
    assert "sources.wet" in str(error) and "paths" in str(error.where)


@pytest.mark.parametrize("source", ["sources.warc", "sources.wet"])
def test_a_wat_file_is_refused_by_both_readers(write_recipe, tmp_path, source):
    wat = WET.replace(b"conversion", b"metadata").replace(b"text/plain", b"application/json")
    (tmp_path / "a.warc.gz").write_bytes(gzip.compress(wat))
    stages = ["extract.html"] if source == "sources.warc" else []
    (error,) = refused(write_recipe(stages, inputs={source: {"paths": ["a.warc.gz"]}}))
    assert "found data about pages (WAT)" in str(error)


@pytest.mark.parametrize("place", ["", "memory://planning/"])
def test_a_text_column_that_parquet_lacks_is_refused_with_what_is_there(write_recipe, tmp_path, place):
    import fsspec

    url = f"{place or f'{tmp_path}/'}a.parquet"
    with fsspec.open(url, "wb") as file:
        pq.write_table(pa.table({"texts": ["a"], "n": [1]}), file)
    errors = refused(write_recipe([{"quality.threshold": {"min": 1}}], inputs={"sources.parquet": {"paths": [url]}}))
    assert len(errors) == 2 and "texts" in str(errors[0]) and "needs score" in str(errors[1])


def test_keys_of_json_lines_and_files_that_are_not_gzip_are_looked_at(write_recipe, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"contents": "a"}\n')
    (tmp_path / "b.jsonl.gz").write_bytes(b"<!doctype html><html><body>404 Not Found</body></html>")
    inputs = {name: {"sources.jsonl": {"paths": [f"{name}.*"]}} for name in ("a", "b")}
    one, other = refused(write_recipe([], inputs=inputs))
    assert "contents" in str(one) and "inputs > a" in str(one.where) and "b.jsonl.gz" in str(other)
    assert yaml.safe_load((tmp_path / "test.yaml").read_text())["inputs"] == inputs
