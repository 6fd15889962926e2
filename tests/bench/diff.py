"""`curate diff` on two runs of ten million documents each: seconds, and the memory of the process.

    python -m tests.bench diff

The records are made: ids as those of crawl files, 70 % dropped for twelve reasons; in the second run one document in fifty has another
fate. Both runs have ten shards, and the documents of each are in another order.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.engine.tasks.judgements import ParquetOut
from curate.ledger import Ledger, StageLedger
from curate.plan.record import DOCUMENT, LANGUAGE, VERDICT, RecordColumn, schema
from curate.runs import RunFolder
from curate.runs.layout import JUDGEMENTS, judgements_file

N_DOCS, N_SHARDS, AT_ONCE = 10_000_000, 10, 50_000
REASONS = [f"reason_{k}" for k in range(12)]
COLUMNS = (
    *DOCUMENT, LANGUAGE, *VERDICT,
    RecordColumn("words.count", "int32", "words"), RecordColumn("tokens.estimate", "int32", "tokens"),
)  # fmt: skip
MEASURED = """
import resource, sys, time
start = time.monotonic()
from curate.report import run_difference
found = run_difference.compare(sys.argv[1], sys.argv[2], 3)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
counts = {name: found["documents"][name] for name in ("compared", "kept", "gained", "lost", "moved")}
print(f"{time.monotonic() - start:.1f} s, {peak:,.0f} MiB; {counts}")
"""


def main() -> None:
    """Make two runs, and compare them in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        urls = [str(_run(Path(folder) / name, share)) for name, share in (("a", 0.0), ("b", 0.02))]
        print(f"{N_DOCS:,} documents a side:", flush=True)
        subprocess.run([sys.executable, "-c", MEASURED, *urls], check=True)


def _run(folder: Path, changed: float) -> Path:
    """Write the record, manifest and ledger of a run in which a share of the documents has another fate than in the others."""
    (folder / JUDGEMENTS).mkdir(parents=True)
    n_kept = sum(_shard(folder, shard, changed) for shard in range(N_SHARDS))
    outputs = [{"path": path, "role": "judgements", "bytes": 0, "digest": RunFolder(str(folder)).digest(path)} for path in map(judgements_file, range(N_SHARDS))]  # fmt: skip
    stages = [
        {
            "label": "filters.one",
            "name": "filters.one",
            "params": {},
            "columns": {n: n for n in ("words.count", "tokens.estimate")},
        }
    ]
    inputs = [{"name": _file(k), "url": _file(k), "start": 0, "end": 1, "digest": "x"} for k in range(N_SHARDS)]
    manifest = {
        "name": "bench", "description": "", "recipe": {"name": "bench"}, "published": None, "limit": 0, "curate": version("curate"),
        "python": "3", "packages": {}, "stages": stages, "phases": [], "inputs": inputs, "metrics": {}, "warnings": [],
        "documents": {"in": N_DOCS, "out": n_kept, "dropped": N_DOCS - n_kept}, "outputs": outputs, "output_digest": folder.name,
        "rejects_digest": folder.name, "judgements_digest": folder.name,
        "judgements": [{"name": c.name, "type": c.type, "about": c.about} for c in COLUMNS],
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest))
    ledger = Ledger([StageLedger("filters.one", n_born=N_DOCS, n_out=n_kept, dropped={"all": N_DOCS - n_kept})])
    (folder / "ledger.json").write_text(json.dumps(ledger.to_json()))
    return folder


def _file(shard: int) -> str:
    return f"crawl-data/CC-MAIN-2024-10/segments/1707947473347.0/warc/part-{shard:05d}.warc.gz"


def _shard(folder: Path, shard: int, changed: float) -> int:
    """Write the record of a shard, and return how many of its documents are kept."""
    n, kind = N_DOCS // N_SHARDS, schema(COLUMNS)
    numbers = np.arange(n)
    words = np.random.default_rng(shard).integers(1, 3000, n)
    fate = np.random.default_rng(100 + shard).integers(0, 17, n)
    own = np.random.default_rng(200 + shard)
    is_other = own.random(n) < changed
    fate[is_other] = own.integers(0, 17, int(is_other.sum()))
    order = np.argsort(np.where(fate < len(REASONS), fate, 99), kind="stable")
    with open(folder / judgements_file(shard), "wb") as file:
        out = ParquetOut(file, kind)
        for start in range(0, n, AT_ONCE):
            rows = order[start : start + AT_ONCE]
            out.write(_batch(kind, shard, numbers[rows], fate[rows], words[rows]))
        out.close()
    return int((fate >= len(REASONS)).sum())


def _batch(kind: pa.Schema, shard: int, number: np.ndarray, fate: np.ndarray, words: np.ndarray) -> pa.RecordBatch:
    n, reasons = len(number), [REASONS[k] if k < len(REASONS) else None for k in fate]
    columns = {
        "id": [f"{_file(shard)}/{k * 9241}" for k in number.tolist()],
        "url": [f"https://site-{k % 9973}.example/page/{k}" for k in number.tolist()],
        "source": ["CC-MAIN-2024-10"] * n,
        "language": [("en", "zh", "de")[k % 3] for k in number.tolist()],
        "stage": ["filters.one" if reason else None for reason in reasons],
        "reason": reasons,
        "broken": [[f"filters.one {reason}"] if reason else [] for reason in reasons],
        "words.count": words,
        "tokens.estimate": words * 4 // 3,
    }
    return pa.RecordBatch.from_arrays([pa.array(columns[field.name], field.type) for field in kind], schema=kind)


if __name__ == "__main__":
    main()
