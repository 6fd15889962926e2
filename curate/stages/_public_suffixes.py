"""The public suffix list: the names under which anyone can register a domain (`com`, `co.uk`), from the package `tld`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from curate.stages._hosts import plain_host


@dataclass(frozen=True, slots=True)
class SuffixRules:
    """Public suffixes, in lower-case ASCII.

    Args:
        names: `com`, `co.uk`.
        wild: names with a wildcard rule: `ck` for `*.ck`.
        exempt: the exceptions to wildcard rules: `www.ck`.
        n_labels: of the longest suffix.
    """

    names: frozenset[str]
    wild: frozenset[str]
    exempt: frozenset[str]
    n_labels: int

    def registered_domain(self, host: str) -> str:
        """Return the domain that was registered: the suffix of a host and the label before it.

        A name under no rule has its last label as suffix, as the list prescribes. A suffix itself, a host of one label and
        an IP address are returned as they are.

        Args:
            host: in lower-case ASCII, as `plain_host` returns it.
        """
        labels = host.rsplit(".", self.n_labels + 1)
        if host[:1] == "[" or labels[-1].isdigit():
            return host
        for at in range(len(labels)):
            name, above = ".".join(labels[at:]), ".".join(labels[at + 1 :])
            if name in self.exempt:
                return name
            if name in self.names or above in self.wild:
                return ".".join(labels[max(at - 1, 0) :])
        return ".".join(labels[-2:])


@cache
def rules(*, with_companies: bool = False) -> SuffixRules:
    """Return the rules of the list.

    Args:
        with_companies: also the suffixes under which companies give away names, such as `blogspot.com` and `github.io`;
            the list calls them private.
    """
    import tld

    text = (Path(tld.__file__).parent / "res" / "effective_tld_names.dat.txt").read_text(encoding="utf-8")
    lines = (text if with_companies else text.partition("===BEGIN PRIVATE DOMAINS===")[0]).split("\n")
    listed = [line.strip() for line in lines if line.strip() and not line.startswith("//")]
    wild, exempt = ([rule.removeprefix(mark) for rule in listed if rule[0] == mark[0]] for mark in ("*.", "!"))
    names = _plain([rule for rule in listed if rule[0] not in "*!"])
    n_labels = 1 + max(name.count(".") for name in listed)
    return SuffixRules(names, _plain(wild), _plain(exempt), n_labels)


def _plain(names: list[str]) -> frozenset[str]:
    return frozenset(plain_host(name.encode()).decode() for name in names)
