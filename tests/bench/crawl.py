"""WARC -> main text -> Gopher quality -> parquet as whole processes with two workers: `curate run` against datatrove.

    python -m tests.bench.crawl

Both read the same WARC files, made from 1,071 real pages with gold text. datatrove is a script of its own with its own
reader, its trafilatura extractor and its Gopher filters. Because it is slow it gets the pages once and `curate` gets
them `TIMES` times, so that neither figure is mostly start-up; start-up is included in both. Timed from outside.
"""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
from pathlib import Path

from tests.bench.pipeline import timed
from tests.bench.real_data import need_real_data

TIMES, N_FILES = 8, 4

RECIPE = """\
name: bench
inputs: {{sources.warc: {{paths: "{folder}/*.warc.gz"}}}}
stages:
  - extract.html: {{engine: {engine}}}
  - filters.gopher.repetition
  - filters.gopher.quality
rejects: none
executor: {{local: {{workers: 2}}}}
"""

SCRIPT = """\
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import WarcReader
from datatrove.pipeline.writers import ParquetWriter

if __name__ == "__main__":
    source, target = sys.argv[1:]
    LocalPipelineExecutor(
        pipeline=[
            WarcReader(source, glob_pattern="*.warc.gz"), Trafilatura(favour_precision=False, timeout=10),
            GopherRepetitionFilter(), GopherQualityFilter(), ParquetWriter(target),
        ],
        tasks=2, workers=2, logging_dir=target + "/logs",
    ).run()
"""


def main() -> None:
    """Print the speeds and their ratios."""
    crawled = pages()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root / "few", crawled, 2)
        _write(root / "many", crawled * TIMES, N_FILES)
        (root / "theirs.py").write_text(SCRIPT)
        speeds = {}
        for engine, source, n in (("blocks", "many", TIMES * len(crawled)), ("trafilatura", "few", len(crawled))):
            recipe = root / f"{engine}.yaml"
            recipe.write_text(RECIPE.format(folder=root / source, engine=engine))
            run = [sys.executable, "-m", "curate.cli", "run", str(recipe), "-o", str(root / f"{engine}-run")]
            if engine == "blocks":  # compile the kernels once, as an installation does
                timed([*run[:-1], str(root / "warm"), "--limit", "20"])
            speeds[f"curate, {engine}"] = n / timed(run)
        theirs = [sys.executable, str(root / "theirs.py"), str(root / "few"), str(root / "their-run")]
        speeds["datatrove, trafilatura"] = len(crawled) / timed(theirs)
    base = speeds["datatrove, trafilatura"]
    print("| WARC -> text -> heuristics -> parquet, two workers | pages/s | times datatrove |\n|---|---:|---:|")
    for name, speed in speeds.items():
        print(f"| {name} | {speed:.0f} | {speed / base:.1f} |")


def pages() -> list[bytes]:
    """Return the bytes of the real pages with gold text."""
    folder = need_real_data() / "html"
    files = [
        *sorted((folder / "trafilatura-eval" / "pages").iterdir()),
        *sorted((folder / "readability").glob("*/source.html.gz")),
    ]
    return [gzip.decompress(path.read_bytes()) for path in files]


def _write(folder: Path, pages: list[bytes], n_files: int) -> None:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    folder.mkdir()
    for k in range(n_files):
        with open(folder / f"{k}.warc.gz", "wb") as out:
            writer = WARCWriter(out, gzip=True)
            for i in range(k, len(pages), n_files):
                headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
                url = f"https://example.org/{i}"
                writer.write_record(
                    writer.create_warc_record(url, "response", io.BytesIO(pages[i]), http_headers=headers)
                )


if __name__ == "__main__":
    main()
