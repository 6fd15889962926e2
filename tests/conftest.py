"""What tests share: small corpora, recipes in a temporary folder, and the real data where it is present."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from hypothesis import settings

from tests.classifiers import models

settings.register_profile("house", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("CURATE_DATA") or ROOT.parent / "shared" / "data")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real crawl, text and labels. Absent: skipped, but never where CI=true promises that it is there."""
    if not DATA.is_dir():
        message = f"no real data at {DATA}; set CURATE_DATA to the folder that holds warc/, text/, html/ ..."
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return DATA


@pytest.fixture
def write_recipe(tmp_path):
    """Return a function that writes a recipe and returns its path."""

    def write(stages, *, inputs=None, name="test", **more) -> str:
        recipe = {
            "name": name,
            "inputs": inputs or {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")]}},
            "stages": stages,
            **more,
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
        return str(path)

    return write


@pytest.fixture
def write_jsonl(tmp_path):
    """Return a function that writes documents (texts or mappings) as JSON lines into the inputs folder."""
    import orjson

    def write(name: str, documents) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        lines = [orjson.dumps(d if isinstance(d, dict) else {"text": d}) for d in documents]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return write


# ---------------------------------------------------------------------- small classifiers, each made once


@pytest.fixture(scope="session")
def linear_file(tmp_path_factory) -> Path:
    return models.tiny_linear(tmp_path_factory.mktemp("linear") / "tiny.npz")


@pytest.fixture(scope="session")
def fasttext_file(tmp_path_factory) -> Path:
    return models.tiny_fasttext(tmp_path_factory.mktemp("fasttext") / "tiny.bin")


@pytest.fixture(scope="session")
def quantised_file(tmp_path_factory) -> Path:
    return models.tiny_fasttext(tmp_path_factory.mktemp("fasttext") / "tiny.ftz")


@pytest.fixture(scope="session")
def encoder_folder(tmp_path_factory) -> Path:
    torch = pytest.importorskip("torch", reason="the extra `encoder` is not installed")
    torch.set_num_threads(1)  # two tiny matrices are not worth waking threads for
    pytest.importorskip("transformers", reason="the extra `encoder` is not installed")
    return models.tiny_encoder(tmp_path_factory.mktemp("encoder"))
