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

    def is_read_by(self, source: str, file_name: str) -> bool:
        """Return whether a file holds pages, for `sources.warc`, or their text, for `sources.wet`: `a.warc.wet.gz`."""
        lower = file_name.lower()
        is_text, is_metadata = (lower.endswith(ending) or f"{ending}." in lower for ending in (".wet", ".wat"))
        wanted = {"sources.warc": not is_text and not is_metadata, "sources.wet": is_text}
        return wanted.get(source, False) and self.fits(file_name)

    def is_splittable(self, file_name: str) -> bool:
        return True


WARC = Warc()
