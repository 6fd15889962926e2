"""WARC, ARC, WET and WAT: archives of a crawl."""

from __future__ import annotations

from curate.formats.format import Format


class Warc(Format):
    """Crawl archives; a record can be found from any byte on, compressed or not."""

    name = "WARC"
    suffixes = (".warc", ".arc", ".wet", ".wat")

    def is_splittable(self, file_name: str) -> bool:
        return True


WARC = Warc()
