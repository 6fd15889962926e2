"""What the terminal shows of a run or a data set at a glance: reasons by share, and a line of blocks for each column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from curate.cli import drawing
from curate.cli.console import OUT, Piece, many, quoted, styled
from curate.statistics import overview
from curate.statistics.corpus import Corpus

REASONS = 12
"""Reasons that are shown."""

GAP = 2
"""Spaces between the columns of a table."""

_LEAST_WIDTHS = (0, 0, 100, 115, 0, 70)
"""Of the table of reasons, from which width of the terminal on each column is shown."""


def data(corpus: Corpus, *, is_all: bool) -> dict[str, Any]:
    """Return the numbers as JSON-like data.

    Args:
        is_all: of all columns, not only of those that matter most.
    """
    names = _chosen(corpus, is_all)[0] if corpus.record else []
    found = overview.glance(corpus, names) if names else {"sample": None, "distributions": []}
    return {"missing": list(corpus.missing), "reasons": overview.reasons(corpus), **found}


def print_missing(corpus: Corpus) -> None:
    """Print what is not in the numbers."""
    for sentence in corpus.missing:
        OUT.print(styled("note", "bold"), f"  {sentence}\n")


def print_reasons(corpus: Corpus) -> None:
    """Print why documents were dropped, the most frequent reason first."""
    found = overview.reasons(corpus)
    if not found:
        return
    OUT.print(styled("reasons, of all documents read", "bold"))
    most = found[0]["documents"]
    heads, rows = ["documents", "share", "broke it in all", "", "reason", "stage"], []
    for each in found[:REASONS]:
        numbers = [f"{each['documents']:>9,}", f"{drawing.share(each['share']):>6}", f"{each['broke']:>15,}"]
        rows.append([*numbers, _bar(each["documents"] / most), quoted(each["reason"]), quoted(each["stage"], "dim")])
    shown = [k for k, least in enumerate(_LEAST_WIDTHS) if OUT.columns >= least]
    OUT.print_table([heads[k] for k in shown], [[row[k] for k in shown] for row in rows])
    if len(found) > REASONS:
        rest = found[REASONS:]
        OUT.print(f"{sum(each['documents'] for each in rest):>9,} for {many(len(rest), 'other reason')}")
    OUT.print()


def _bar(share: float) -> Piece:
    full, width = ("▇" if OUT.is_unicode else "="), 12
    return styled(f"{full * max(1, round(width * share)):<{width}}", drawing.DROPPED)


def print_distributions(corpus: Corpus, *, is_all: bool) -> None:
    """Print a line for each column: how its values are distributed in kept and in dropped documents."""
    if corpus.record is None:
        return
    names, n_left = _chosen(corpus, is_all)
    if not names:
        return
    fit = _Fit.of(OUT.columns, names, is_run=corpus.is_run)
    found = overview.glance(corpus, names, fit.bins)
    OUT.print(styled("distributions" + (", kept and dropped on one axis" if corpus.is_run else ""), "bold"), *_marks(corpus))  # fmt: skip
    print_sample(found["sample"])
    there = [each for each in found["distributions"] if each["kept"]["documents"] or each["dropped"]["documents"]]
    fit = fit.to(there, OUT.columns)
    OUT.print_table(fit.heads, [fit.row(each) for each in there])
    if empty := [each["column"] for each in found["distributions"] if each not in there]:
        OUT.print(quoted(f"without values: {', '.join(empty)}", "dim"))
    more = f"{many(n_left, 'other column')}: --all.  " if n_left else ""
    OUT.print(styled(f"{more}Of one in detail: --signal NAME.", "dim"))
    OUT.print()


def _marks(corpus: Corpus) -> list[Piece]:
    mark = drawing.MARK if OUT.is_unicode else drawing.PLAIN_MARK
    return [styled(f"; {mark} is a bound", "dim")] if any(True for _ in corpus.rulebook) else []


def print_sample(sample: dict[str, Any] | None) -> None:
    """Print that the numbers are those of a sample, and how far they may be off."""
    if sample is None:
        return
    of = "an unknown number of" if sample["of"] is None else f"{'about ' * sample['of_is_estimate']}{sample['of']:,}"
    OUT.print(styled("sample", "bold"), f": {sample['documents']:,} of {of} documents, {sample['how']}.")
    margin = sample["margin"]
    if margin is None:
        return
    if margin < 0.5:
        which = "the" if sample["is_of_one"] else "a"
        said = f"With 95 % confidence, {which} median lies between the percentiles {50 - 100 * margin:.1f} and {50 + 100 * margin:.1f} of all documents"
        said += "." if sample["is_of_one"] else "; of a column that few documents have, it is less sure."
    else:
        said = "It is too small to say where a median lies; --sample N measures more documents."
    OUT.print(said, style="dim")


def _chosen(corpus: Corpus, is_all: bool) -> tuple[Sequence[str], int]:
    """Return the columns that are shown, and how many are not."""
    names = overview.columns(corpus)
    chosen = names if is_all or not corpus.is_run else overview.brief(corpus, names)
    return chosen, len(names) - len(chosen)


@dataclass(frozen=True, slots=True)
class _Fit:
    """What fits into the width of the terminal.

    Args:
        name: characters of a column's name. bins: blocks of a histogram.
        percentiles: that are shown of each side. has_bounds: whether bounds are written out.
        is_run: whether there are dropped documents, too.
        bound: characters of the bounds that are written out.
    """

    name: int
    bins: int
    percentiles: tuple[str, ...]
    has_bounds: bool
    is_run: bool
    bound: int = 18

    @classmethod
    def of(cls, width: int, names: Sequence[str], *, is_run: bool) -> _Fit:
        name = min(max(map(len, names)), max(20, width // 3))
        percentiles = ("p5", "p50", "p95") if width >= 110 or (not is_run and width >= 76) else ("p50",) if width >= 76 else ()  # fmt: skip
        has_bounds = is_run and width >= 96
        sides = 2 if is_run else 1
        left = width - name - (GAP + 18 if has_bounds else 0) - sides * (GAP + (GAP + 7) * len(percentiles))
        return cls(name, max(5, min(28, left // sides - 4)), percentiles, has_bounds, is_run)

    def to(self, found: Sequence[dict[str, Any]], width: int) -> _Fit:
        """Return what fits beside the histograms as they have become: marks and bounds make them wider than was asked."""
        drawn = max((len(each[side]["shares"]) + len(each["bounds"]) for each in found for side, _ in self.sides), default=0)  # fmt: skip
        left = width - len(self.sides) * (GAP + drawn + (GAP + 7) * len(self.percentiles))
        longest = max((len(each["column"]) for each in found), default=0)
        if not self.has_bounds:
            return replace(self, name=max(8, min(longest, left)))
        written = max((len(_bounds(each)) for each in found), default=0)
        bound = max(5, min(written, max(self.bound, left - longest - GAP)))
        return replace(self, name=max(8, min(longest, left - bound - GAP)), bound=bound)

    @property
    def sides(self) -> list[tuple[str, str]]:
        both = [("kept", drawing.KEPT), ("dropped", drawing.DROPPED)]
        return both if self.is_run else [("kept", "")]

    @property
    def heads(self) -> list[str]:
        found = ["column"]
        for side, _ in self.sides:
            names = [{"p50": "median"}.get(name, name) for name in self.percentiles]
            found += [side if self.is_run else "values", *(f"{name:>7}" for name in names)]
        return [*found, "bound"] if self.has_bounds else found

    def row(self, found: dict[str, Any]) -> list[Piece]:
        row: list[Piece] = [quoted(drawing.shortened(found["column"], self.name))]
        for side, style in self.sides:
            row.append(drawing.histogram(found[side]["shares"], found["edges"], found["bounds"], style))
            row += [f"{drawing.number(found[side][name]):>7}" for name in self.percentiles]
        if self.has_bounds:
            written = _bounds(found)
            row.append(written if len(written) <= self.bound else f"{written[: self.bound - 1]}~")
        return row


def _bounds(found: dict[str, Any]) -> str:
    return "; ".join(dict.fromkeys(map(drawing.bounds, found["rules"])))
