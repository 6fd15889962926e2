"""Recognise binary file formats by their first bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Magic:
    """The bytes by which a file format is recognised.

    Args:
        name: how messages and evidence call the format.
        first: its first bytes.
        at, then: more bytes that it has at an offset.
    """

    name: str
    first: bytes
    at: int = 0
    then: bytes = b""

    def fits(self, head: bytes) -> bool:
        """Return whether data starts like this format."""
        return head.startswith(self.first) and head.startswith(self.then, self.at)


MAGIC = (
    Magic("PDF", b"%PDF-"),
    Magic("PNG", b"\x89PNG\r\n\x1a\n"),
    Magic("JPEG", b"\xff\xd8\xff"),
    Magic("GIF", b"GIF87a"),
    Magic("GIF", b"GIF89a"),
    Magic("WebP", b"RIFF", 8, b"WEBP"),
    Magic("WAVE", b"RIFF", 8, b"WAVE"),
    Magic("AVI", b"RIFF", 8, b"AVI "),
    Magic("TIFF", b"II*\0"),
    Magic("TIFF", b"MM\0*"),
    Magic("ICO", b"\0\0\1\0"),
    Magic("Photoshop", b"8BPS"),
    Magic("JPEG 2000", b"\0\0\0\x0cjP  "),
    Magic("MP4", b"\0\0", 4, b"ftyp"),  # also AVIF, HEIC and QuickTime
    Magic("Matroska", b"\x1aE\xdf\xa3"),
    Magic("MPEG", b"\0\0\1\xba"),
    Magic("MPEG", b"\0\0\1\xb3"),
    Magic("Ogg", b"OggS\0"),
    Magic("FLAC", b"fLaC\0"),
    Magic("MP3", b"ID3\2"),
    Magic("MP3", b"ID3\3"),
    Magic("MP3", b"ID3\4"),
    Magic("MP3", b"\xff\xfb"),
    Magic("Flash video", b"FLV\1"),
    Magic("Windows Media", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    Magic("WOFF", b"wOFF\0\1\0\0"),
    Magic("WOFF", b"wOFFOTTO"),
    Magic("WOFF", b"wOF2"),
    Magic("TrueType", b"\0\1\0\0"),
    Magic("OpenType", b"OTTO\0"),
    Magic("ZIP", b"PK\3\4"),  # also Office documents, EPUB, JAR and WACZ
    Magic("ZIP", b"PK\5\6"),
    Magic("RAR", b"Rar!\x1a\7"),
    Magic("7-Zip", b"7z\xbc\xaf\x27\x1c"),
    Magic("tar", b"", 257, b"ustar"),
    Magic("gzip", b"\x1f\x8b\x08"),
    Magic("bzip2", b"BZh", 4, b"1AY&SY"),
    Magic("xz", b"\xfd7zXZ\0"),
    Magic("zstd", b"\x28\xb5\x2f\xfd"),
    Magic("LZ4", b"\x04\x22\x4d\x18"),
    Magic("LZ4 (legacy format)", b"\x02\x21\x4c\x18"),
    Magic("compress", b"\x1f\x9d"),
    Magic("lzip", b"LZIP\1"),
    Magic("snappy", b"\xff\6\0\0sNaPpY"),
    Magic("parquet", b"PAR1"),
    Magic("encrypted parquet", b"PARE"),
    Magic("Arrow", b"ARROW1\0\0"),
    Magic("Arrow stream", b"\xff\xff\xff\xff", 6, b"\0\0"),
    Magic("Avro", b"Obj\1"),
    Magic("ORC", b"ORC\n"),
    Magic("SQLite", b"SQLite format 3\0"),
    Magic("HDF5", b"\x89HDF\r\n\x1a\n"),
    Magic("NumPy", b"\x93NUMPY"),
    Magic("Office document", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    Magic("ELF", b"\x7fELF"),
    Magic("Java class", b"\xca\xfe\xba\xbe"),
    Magic("WebAssembly", b"\0asm"),
)


def binary_format(data: bytes) -> str | None:
    """Return the name of the binary format that data starts like, or None; white space before it is passed over."""
    head = data[:512]
    found = next((magic.name for magic in MAGIC if magic.fits(head)), None)
    return "PDF" if found is None and head.lstrip().startswith(b"%PDF-") else found
