"""Normalise host names as browsers do before they resolve them."""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
import urllib.parse

import numpy as np

from curate.kernels.urls import hosts

_NAME = re.compile(r"[a-z0-9_.-]+")
_NUMBER = re.compile(r"(?:.*\.)?(?:\d+|0x[0-9a-f]*)")
_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")


def rewrite(urls: list[bytes]) -> list[bytes]:
    """Normalise the hosts of URLs: letters outside ASCII become punycode, IP addresses their canonical form.

    A host that cannot be normalised is not changed.
    """
    offsets = np.concatenate(([0], np.cumsum([len(url) for url in urls]))).astype(np.int64)
    bounds = hosts(offsets, np.frombuffer(b"".join(urls), np.uint8)) - offsets[:-1, None]
    return [url[:a] + plain_host(url[a:b]) + url[b:] for url, (a, b) in zip(urls, bounds, strict=True)]


def plain_host(host: bytes) -> bytes:
    """Return a host in lower-case ASCII: `BÜCHER.example` is `xn--bcher-kva.example`, `0x7f.1` is `127.0.0.1`.

    As in browsers (UTS 46, non-transitional), `ß` and `ς` are kept as distinct letters.
    """
    try:
        if host[:1] == b"[":
            address = ipaddress.IPv6Address(host.strip(b"[]").partition(b"%")[0].decode())
            return str(address.ipv4_mapped or f"[{address.compressed}]").encode()
        name = unicodedata.normalize("NFKC", urllib.parse.unquote(host.decode(), errors="strict").lower())
        labels = name.translate(_FULL_STOPS).strip(".").split(".")
        name = ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode() for label in labels
        ).lower()
        if _NUMBER.fullmatch(name):
            name = socket.inet_ntoa(socket.inet_aton(name))
        return name.encode() if _NAME.fullmatch(name) else host
    except (ValueError, OSError):  # UnicodeError is a ValueError
        return host
