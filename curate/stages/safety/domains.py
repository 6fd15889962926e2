"""`safety.domains`: drop documents from listed domains and addresses."""

from __future__ import annotations

import numpy as np

from curate.assets import File
from curate.batch import KEEP, Batch, ListHits, Verdicts
from curate.errors import SpecError
from curate.kernels import urls
from curate.stages.safety import _blocklists, _hosts

DEFAULT = {"adult": File("asset:url-filter")}
REASONS = ("listed_domain", "listed_url")


class domains:
    """Drop documents whose URL is on a block list.

    A listed domain takes in all hosts below it: `example.co.uk` is `www.example.co.uk`, too. A listed address takes in what
    follows it after a `/`, `?` or `&`, on its host alone, with and without `www.`. Scheme, user, port, case and the way in which
    letters outside ASCII are written make no difference. A document without a URL stays; the ledger counts it.

    A list is a text file, one domain or URL a line, or a hosts file; comments, blank lines, `*.` and dots before and after
    do no harm. Public suffixes (`com`, `co.uk`) do not count, nor do lines that are neither; the ledger says how many.

    Why:
        What a site is says more about a page than a classifier of its words, at the price of a look at its URL. Lists are
        made by hand and age: sites change hands, so every drop names the entry and the list, and the report the share of each.
    Args:
        lists: name -> a file, glob, URL or `asset:NAME` (`curate assets list`), packed as .gz or .tar.gz or not at all. The name
            is the one that evidence and report show. Without it, the adult domains that datatrove's package carries.
    Needs: url
    Drops:
        listed_domain: the host or one above it is listed; value: how many lists name it, evidence: the entry and the lists.
        listed_url: the URL begins with a listed one; the same.
    Cost:
        579,000 URLs/s against ten million domains on one core, datatrove's URLFilter with its own 4.6 million 21,500 in the same
        run (`python -m tests.bench lists`). The table is made once for a list's content (7.6 s, 500 MB of memory), kept in
        the cache folder (107 MB) and mapped, so that workers share it; opening it takes 0.2 s, to compute the list's digest.
    Dropped:
        "any text" with lists={"ours": "tests/stages/safety/listed.txt"} -> listed_domain
    Kept:
        "any text"
    Source:
        Black lists of the Université Toulouse Capitole, as filtered with by RefinedWeb (2306.01116, appendix G.1) and FineWeb.
        Compared with datatrove's URLFilter, which looks up the registered domain and the whole host, but no host between the two,
        and an address only if the URL is the same to the last character; it takes URLs apart with the list of public suffixes,
        so that a host below `blogspot.com` has no registered domain there. Its lists of words in URLs have no counterpart here.

        Entries are compared by hashes of 64 bits: with ten million entries a false hit is expected once in 1.8 trillion lookups,
        three for a URL. Lists that UT1 calls adult hold sites of sex education and art museums now and then: read the examples.
    """

    def __init__(self, *, lists: dict[str, File] = DEFAULT):
        if not lists:
            raise SpecError(
                "lists: expected a name and a file, got none.  Leave the stage out, or `lists` for the default."
            )
        self.lists = lists

    def setup(self) -> None:
        """Open the tables; the first process that needs one makes it."""
        self._tables = [(name, _blocklists.load(url)) for name, file in self.lists.items() for url in file.find()]
        self._untold = self._ignored()

    def warm_up(self) -> None:
        """Make the tables and compile what looks at URLs."""
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
        counts, self._untold = self._untold, {}
        counts["without_url"] = int(
            (batch["url"].is_null().to_numpy(zero_copy_only=False) | (np.diff(offsets) == 0)).sum()
        )
        return batch.judged(hits.verdicts(list(self.lists))).counted(counts)

    def _look(self, offsets: np.ndarray, data: np.ndarray, rows: np.ndarray, hits: _Hits) -> np.ndarray:
        """Look URLs up in all lists, note what is found for these rows, and return which of them are odd: bool[n]."""
        bounds, hashes, starts, ends, is_odd = urls.host_suffixes(offsets, data)
        prefix_bounds, prefixes, prefix_starts, prefix_ends = urls.url_prefixes(offsets, data)
        names = list(self.lists)
        for name, table in self._tables:
            found = urls.first_found(table.domains, bounds, hashes)
            for i in np.flatnonzero(found >= 0):
                hits.note(rows[i], 0, names.index(name), data[starts[found[i]] : ends[i]].tobytes())
            found = urls.first_found(table.urls, prefix_bounds, prefixes)
            for i in np.flatnonzero(found >= 0):
                hits.note(rows[i], 1, names.index(name), data[prefix_starts[i] : prefix_ends[found[i]]].tobytes())
        return is_odd

    def _ignored(self) -> dict[str, int]:
        """Return what lists hold that does not count, for the ledger, once in each task."""
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
    """What lists said about the rows of a batch.

    Args:
        n, n_lists: rows, and lists.
    """

    def __init__(self, n: int, n_lists: int):
        self.code = np.full(n, KEEP, np.int16)
        self.lists = np.zeros((n, n_lists), bool)
        self.entries: dict[int, str] = {}

    def note(self, row: int, code: int, number: int, entry: bytes) -> None:
        """Write down that a list has an entry for a row; the first entry of a domain is the one that is shown."""
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
