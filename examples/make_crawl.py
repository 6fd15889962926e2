"""Write the example crawl to `examples/crawl/`, or check that this script writes the same files.

python examples/make_crawl.py            write it
python examples/make_crawl.py --check    rebuild into a temporary folder and compare
"""

import argparse
import gzip
import hashlib
import sys
import tempfile
from pathlib import Path

from crawl_site import capture, plan, truth
from crawl_site.page import FIRST_DUMP

CRAWL = Path(__file__).parent / "crawl"


def build(folder: Path) -> None:
    """Write the WARC files, the truth and the README into a folder."""
    planned = plan.files()
    first_dates = {
        page.url: capture.date_of(page, position)
        for pages in planned.values()
        for position, page in pages
        if page.dump == FIRST_DUMP
    }
    for name, pages in planned.items():
        capture.write_file(folder / f"{name}.warc.gz", name, pages, first_dates)
    capture.cut_last_response(folder / f"{list(planned)[-1]}.warc.gz")
    truth.write_truth(folder / "truth.jsonl", planned)
    truth.write_readme(folder / "README.md", planned)


def differences(folder: Path, other: Path) -> list[str]:
    """Return a line for each file that differs between the folders.

    Builds of zlib may compress to different bytes, so a WARC file that differs is also compared uncompressed.
    """
    names = {str(path.relative_to(root)) for root in (folder, other) for path in root.rglob("*") if path.is_file()}
    found = []
    for name in sorted(names):
        if not ((folder / name).exists() and (other / name).exists()):
            found.append(f"{name}: only in one of the two")
        elif digest(folder / name) != digest(other / name):
            same = name.endswith(".gz") and unpacked(folder / name) == unpacked(other / name)
            found.append(f"{name}: same records, compressed by another zlib" if same else f"{name}: differs")
    return found


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpacked(path: Path) -> bytes:
    """Return the uncompressed bytes; of a truncated file, those that it contains."""
    parts = []
    with gzip.open(path) as stream:
        try:
            while part := stream.read1(65536):
                parts.append(part)
        except EOFError:
            pass
    return b"".join(parts)


def main() -> int:
    """Parse the command line, build or check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="rebuild into a temporary folder and compare digests")
    parser.add_argument("--output", type=Path, default=CRAWL, help="folder to write or to check")
    options = parser.parse_args()
    if not options.check:
        build(options.output)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder))
        found = differences(options.output, Path(folder))
    print("\n".join(found) or "the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
