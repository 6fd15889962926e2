"""WARC, ARC, WET and WAT: archives of a crawl."""

from __future__ import annotations

from curate.formats.format import Format


class Warc(Format):
    """Crawl archives; a record can be found from any byte on, compressed or not."""

    name = "WARC"
    suffixes = (".warc", ".arc", ".wet", ".wat")

    def fits(self, file_name: str) -> bool:
        """Return whether one of the endings is in the name: Heritrix calls an unfinished file `a.warc.gz.open`."""
        lower = file_name.lower()
        return any(lower.endswith(suffix) or f"{suffix}." in lower for suffix in self.suffixes)

    def is_splittable(self, file_name: str) -> bool:
        return True


WARC = Warc()
