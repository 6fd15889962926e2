"""Hosts with their parents, and prefixes of URLs, in plain Python: the definitions of `curate.kernels.urls`."""

from __future__ import annotations

import re

MASK = (1 << 64) - 1
SEED, MIX_A, MIX_B = 0x2545F4914F6CDD1D, 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93
_FREE = re.compile(rb"[A-Za-z0-9._~-]|[\x80-\xff]")


def fold(data: bytes) -> bytes:
    """Return the bytes with ASCII letters in lower case."""
    return bytes(b + 32 if 0x41 <= b <= 0x5A else b for b in data)


def digest(data: bytes) -> int:
    """Return the hash of bytes, one byte after the other."""
    value = SEED
    for byte in data:
        value = (value ^ byte) * MIX_A & MASK
        value ^= value >> 32
    value = (value ^ value >> 32) * MIX_B & MASK
    value = (value ^ value >> 29) * MIX_A & MASK
    return (value ^ value >> 32) or 1


def split(url: bytes) -> tuple[bytes, bytes]:
    """Return host and path (with query and fragment) of a URL."""
    url = re.sub(rb"\A[\x00-\x20]+|[\x00-\x20]+\Z", b"", url)
    rest = re.sub(rb"\A(?:[A-Za-z0-9+-]+:[/\\]+|[/\\]{2,})", b"", url)
    authority = re.match(rb"[^\x00-\x20/\\?#]*", rest)[0]
    path = rest[len(authority) :]
    host = authority.rpartition(b"@")[2]
    if host[:1] == b"[":
        return host.partition(b"]")[0] + (b"]" if b"]" in host else b""), path
    host, _, port = host.partition(b":")
    return (host.rstrip(b".") if re.fullmatch(rb"\d*", port) else b""), path


def is_address(host: bytes) -> bool:
    """Return whether the last label of a host is a number, or the host is in brackets."""
    return host[:1] == b"[" or re.fullmatch(rb"\d+|0[0-9xXa-fA-F]*", host.rpartition(b".")[2]) is not None


def suffixes(url: bytes) -> list[bytes]:
    """Return the parents of the host and the host itself, from the shortest to the longest."""
    host = fold(split(url)[0])
    if not host or is_address(host):
        return [host] if host else []
    labels = host.split(b".")
    return [b".".join(labels[-n:]) for n in range(2, len(labels) + 1)]


def suffix_hashes(url: bytes) -> list[int]:
    return [digest(suffix[::-1]) for suffix in suffixes(url)]


def prefixes(url: bytes) -> list[bytes]:
    """Return the prefixes of the URL in the form that is hashed."""
    host, path = split(url)
    path = path.partition(b"#")[0]
    if not host:
        return []
    spelled = fold(host)
    spelled = spelled.removeprefix(b"www.") if len(spelled) > 4 else spelled
    found, at = [], 0
    while at < len(path):
        escape = re.match(rb"%([0-9A-Fa-f]{2})", path[at:])
        byte = bytes.fromhex(escape[1].decode()) if escape else b""
        is_escape = bool(escape) and _FREE.fullmatch(byte) is not None
        if at and not is_escape and path[at : at + 1] in (b"/", b"?", b"&"):
            found.append(spelled)
        spelled += fold(byte if is_escape else path[at : at + 1])
        at += 3 if is_escape else 1
    return [*found, spelled] if path else []
