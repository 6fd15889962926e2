"""Real runs of one stage that drops copies: corpora of copies with edits, and what a finished run says."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

import curate

NEVER = {"removal_cap": None}


class Deduplicated:
    """A finished run of one `dedup.minhash` (or of another stage, without its tables)."""

    def __init__(self, url: str):
        self.url = url

    @property
    def kept(self) -> list[dict]:
        return [
            row for path in sorted(Path(self.url, "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()
        ]

    @property
    def kept_for(self) -> dict[str, str]:
        return {row["id"]: row["kept_id"] for row in self.table("clusters").to_pylist() if not row["is_kept"]}

    @property
    def rejects(self) -> list[dict]:
        paths = sorted(Path(self.url, "rejects").glob("*.parquet"))
        return [row for path in paths for row in pq.read_table(path).to_pylist()]

    def table(self, name: str) -> pa.Table:
        return pq.read_table(Path(self.url, "dedup", f"{name}.parquet"))

    def bytes(self, name: str) -> bytes:
        return Path(self.url, "dedup", f"{name}.parquet").read_bytes()

    @property
    def manifest(self) -> dict:
        return json.loads(Path(self.url, "manifest.json").read_text())


def dedup(folder: Path, shards: list[list[dict]], name: str = "test", workers: int = 1, **params) -> Deduplicated:
    """Run `dedup.minhash` alone over documents, one file and shard for each list."""
    return run_stage(folder, shards, name, {"dedup.minhash": {**NEVER, **params}}, workers)


def run_stage(folder: Path, shards: list[list[dict]], name: str, stage: dict, workers: int = 1) -> Deduplicated:
    """Run one stage alone over documents, one file and shard for each list."""
    inputs = folder / f"in-{name}"
    inputs.mkdir(parents=True, exist_ok=True)
    for i, docs in enumerate(shards):
        lines = "".join(json.dumps(doc) + "\n" for doc in docs)
        (inputs / f"{i:03d}.jsonl.gz").write_bytes(gzip.compress(lines.encode(), 1, mtime=0))
    given = {name for docs in shards for doc in docs for name in doc}
    extra = {"score": "float"} if "score" in given else {}
    fields = {"id": "id"} | {name: name for name in ("source", "url") if name in given}
    source = {"paths": [str(inputs / "*.jsonl.gz")], "shard_mib": 1e-6, "fields": fields, "extra": extra}
    recipe = {"name": name, "inputs": {"sources.jsonl": source}, "stages": [stage]}
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return Deduplicated(curate.run(str(path), output=str(folder / f"run-{name}"), workers=workers, fresh=True))


def docs_of(texts: list[str], **columns) -> list[dict]:
    docs = [{"id": f"d{i:04d}", "text": text} for i, text in enumerate(texts)]
    for name, values in columns.items():
        for doc, value in zip(docs, values, strict=True):
            doc[name] = value
    return docs


def cut(docs: list[dict], n: int) -> list[list[dict]]:
    """Return the documents in order as n shards."""
    return [docs[len(docs) * i // n : len(docs) * (i + 1) // n] for i in range(n)]


def edited(chance: random.Random, words: list[str], n_edits: int) -> list[str]:
    """Return the words with some replaced."""
    words = list(words)
    for _ in range(n_edits):
        words[chance.randrange(len(words))] = f"edit{chance.randrange(1000)}"
    return words


def corpus(n: int, seed: int = 1) -> list[dict]:
    """Documents of 60 words: families of copies with edits, in random order, with dates, scores and sources."""
    chance = random.Random(seed)
    texts = []
    while len(texts) < n:
        base = [f"w{chance.randrange(500)}" for _ in range(60)]
        texts += [
            " ".join(edited(chance, base, chance.choice([0, 0, 1, 2, 5, 12]))) for _ in range(chance.randrange(1, 6))
        ]
    texts = texts[:n]
    chance.shuffle(texts)
    return docs_of(
        texts,
        date=[f"20{chance.randrange(10, 25)}-0{chance.randrange(1, 10)}-11T00:00:00Z" for _ in range(n)],
        score=[chance.choice([None, 0.5, -1.0, chance.random()]) for _ in range(n)],
        source=[chance.choice(["a", "b"]) for _ in range(n)],
    )
