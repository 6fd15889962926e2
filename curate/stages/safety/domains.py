"""`safety.domains`: drop documents from listed domains and URLs."""

from __future__ import annotations

import numpy as np

from curate.assets import File
from curate.batch import KEEP, Batch, ListHits, Verdicts
from curate.errors import InputError, SpecError
from curate.kernels import urls
from curate.stages import _hosts
from curate.stages.safety import _blocklists, _files

DEFAULT = {"adult": File("asset:url-filter")}
REASONS = ("listed_domain", "listed_url")


class domains:
    """Drop documents whose URL is on a block list.

    A listed domain matches all its subdomains: `example.co.uk` matches `www.example.co.uk`. A listed URL matches itself
    and its extensions after a `/`, `?` or `&`, on the same host only, with or without `www.`. Scheme, user, port, case
    and the encoding of letters outside ASCII are ignored. A document without a URL is kept, and counted in the ledger.

    A list is a text file with one domain or URL per line, or a hosts file. Comments, blank lines, `*.` and leading and
    trailing dots are ignored. Public suffixes (`com`, `co.uk`) and lines that are neither a domain nor a URL are
    skipped, and counted in the ledger.

    Why:
        The site says more about a page than a classifier of its words, and looking up a URL is cheap. Lists are curated
        by hand and go out of date when domains change owners, so every drop names the entry and the list, and the
        report shows the share of documents that each list drops.
    Args:
        lists: mapping of a name to a file, glob, URL or `asset:NAME` (`curate assets list`), optionally compressed
            (.gz, .tar.gz). Evidence and report show the name. By default, the adult domains from datatrove's package.
    Needs: url
    Drops:
        listed_domain: the host, or a domain above it, is listed; value: the number of lists it is on, evidence: the
            entry and the lists.
        listed_url: the URL begins with a listed URL; value and evidence: the same.
    Raises:
        SpecError: `lists` is empty.
        InputError: a list cannot be read, or has no entry.
    Cost:
        579,000 URLs/s against ten million domains on one core; datatrove's URLFilter with its own 4.6 million domains:
        21,500 URLs/s in the same run (`python -m tests.bench lists`). The table is built once per list content (7.6 s,
        500 MB of memory), cached on disk (107 MB) and memory-mapped, so that workers share it. Opening it takes 0.2 s,
        to compute the digest of the list.
    Dropped:
        "any text" with lists={"ours": "tests/stages/safety/listed.txt"} -> listed_domain
    Kept:
        "any text"
    Source:
        RefinedWeb (2306.01116, appendix G.1) and FineWeb filter with the block lists of Université Toulouse Capitole
        (UT1). Differences from datatrove's URLFilter: it looks up the registered domain and the full host, but no
        domain between them, and matches a listed URL only if it is identical; it splits hosts by the list of public
        suffixes, so a host below `blogspot.com` has no registered domain. Its lists of words in URLs have no
        counterpart here.

        Entries are compared by 64-bit hashes: with ten million entries, one false match is expected per 1.8 trillion
        look-ups; a URL needs three. UT1's adult lists contain some sites on sex education and some art museums: read
        the examples in the report.
    """

    def __init__(self, *, lists: dict[str, File] = DEFAULT):
        if not lists:
            raise SpecError(
                "lists: expected a name and a file, got none.  Remove the stage, or omit `lists` to use the default."
            )
        self.lists = lists

    def check_setup(self) -> None:
        """Look whether the lists are text files with entries."""
        for url in (url for file in self.lists.values() for url in file.find()):
            if not _files.may_have_entry(url):
                raise InputError(f"{url}: has no entry.  Expected one domain or URL per line, or a hosts file.")

    def setup(self) -> None:
        """Open the tables; the first process builds those that are not cached."""
        self._tables = [(name, _blocklists.load(url)) for name, file in self.lists.items() for url in file.find()]
        self._unreported = self._ignored()

    def warm_up(self) -> None:
        """Build the tables and compile the kernels."""
        self.setup()
        self(Batch.from_columns({"id": ["a", "b"], "url": ["http://a.example/b?c", "http://[::1]/"]}))

    def __call__(self, batch: Batch) -> Batch:
        n = len(batch)
        hits = _Hits(n, len(self.lists))
        offsets, data = batch.text_buffers("url")
        is_odd = self._look(offsets, data, np.arange(n), hits)
        if is_odd.any():
            rows = np.flatnonzero(is_odd)
            plain = _hosts.rewrite([data[offsets[i] : offsets[i + 1]].tobytes() for i in rows])
            joined = np.frombuffer(b"".join(plain), np.uint8)
            self._look(np.cumsum([0, *map(len, plain)]), joined, rows, hits)
        counts, self._unreported = self._unreported, {}
        counts["without_url"] = int(
            (batch["url"].is_null().to_numpy(zero_copy_only=False) | (np.diff(offsets) == 0)).sum()
        )
        return batch.judged(hits.verdicts(list(self.lists))).counted(counts)

    def _look(self, offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, hits: _Hits) -> np.ndarray:
        """Look URLs up in all lists and record the matches; return which hosts need normalising: bool[n]."""
        bounds, hashes, starts, ends, is_odd = urls.host_suffixes(offsets, data)
        prefix_bounds, prefixes, prefix_starts, prefix_ends = urls.url_prefixes(offsets, data)
        names = list(self.lists)
        for name, table in self._tables:
            found = urls.first_found(table.domains, bounds, hashes)
            for i in np.flatnonzero(found >= 0):
                hits.add(rows[i], 0, names.index(name), data[starts[found[i]] : ends[i]].tobytes())
            found = urls.first_found(table.urls, prefix_bounds, prefixes)
            for i in np.flatnonzero(found >= 0):
                hits.add(rows[i], 1, names.index(name), data[prefix_starts[i] : prefix_ends[found[i]]].tobytes())
        return is_odd

    def _ignored(self) -> dict[str, int]:
        """Return ledger counts of ignored entries, once per task."""
        counts: dict[str, int] = {}
        for name, table in self._tables:
            kinds = {
                "repeated": table.n_repeated,
                "public suffix": table.n_suffixes,
                "no domain or URL": table.n_refused,
            }
            for kind, n in kinds.items():
                if n:
                    counts[f"ignored in {name}: {kind}"] = counts.get(f"ignored in {name}: {kind}", 0) + n
        return counts


class _Hits:
    """The matches of the rows of a batch.

    Args:
        n, n_lists: number of rows, and of lists.
    """

    def __init__(self, n: int, n_lists: int):
        self.code = np.full(n, KEEP, np.int16)
        self.lists = np.zeros((n, n_lists), bool)
        self.entries: dict[int, str] = {}

    def add(self, row: int, code: int, number: int, entry: bytes) -> None:
        """Record that a list has an entry for a row. The evidence is the first entry; a domain precedes a URL."""
        self.lists[row, number] = True
        if self.code[row] == KEEP or code < self.code[row]:
            self.code[row] = code
            self.entries[row] = entry.decode("utf-8", "replace").lower()

    def verdicts(self, names: list[str]) -> Verdicts:
        """Return the verdicts, with the number of lists as value and the entry as evidence."""
        n_lists = self.lists.sum(axis=1)
        value = np.where(n_lists > 0, n_lists, np.nan).astype(np.float32)
        evidence = np.full(len(value), None, object)
        for row, entry in self.entries.items():
            evidence[row] = entry
        return Verdicts(REASONS, self.code, value, evidence, lists=ListHits(tuple(names), self.lists))
