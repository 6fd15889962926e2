"""The part of the report on near-duplicates: how many, how sure, from which sources, and what banding finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.section import Section
from curate.report.wrapping import sentences

STAGE = "dedup.minhash"
"""The stage whose metrics are shown here."""


def _html(label: str, metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the HTML of one stage that put on record what `dedup.minhash` does."""
    yield f"<h2>{escape(label)}</h2><p>{escape(sentence(metrics))}</p>"
    for line in (precision(metrics), recall(metrics)):
        if line:
            yield f"<p>{escape(line)}</p>"
    yield "<p class=soft>Every pair is in <code>dedup/edges.parquet</code>, every cluster in <code>dedup/clusters.parquet</code>.</p>"
    if metrics.get("s_curve"):
        yield _curve(metrics)
    yield "<table><tr><th>source<th class=n>documents<th class=n>dropped<th class=n>share</tr>"
    by_loss = sorted(metrics.get("sources", {}).items(), key=lambda pair: -pair[1]["dropped"])
    for name, n in by_loss[:20]:
        share = n["dropped"] / max(1, n["documents"])
        yield f"<tr><td>{escape(name)}<td class=n>{n['documents']:,}<td class=n>{n['dropped']:,}<td class=n>{share:.1%}</tr>"
    yield "</table>"
    if metrics.get("largest_clusters"):
        yield "<p class=soft>The largest clusters, by the document that was kept:</p><table>"
        for cluster in metrics["largest_clusters"]:
            yield f"<tr><td class=id>{escape(cluster['kept_id'])}<td class=n>{cluster['n_copies']:,} copies</tr>"
        yield "</table>"


class NearDuplicates(Section):
    """What each `dedup.minhash` of the run reported."""

    name = "near-duplicates"

    def claims(self, run: FinishedRun) -> set[str]:
        return {label for label in run.metrics if run.name_of(label) == STAGE}

    def html(self, run: FinishedRun) -> Iterator[str]:
        for label in sorted(self.claims(run)):
            yield from _html(label, run.metrics[label])

    def lines(self, run: FinishedRun) -> Iterator[str]:
        for label in sorted(self.claims(run)):
            yield label
            yield from sentences(precision(run.metrics[label]), recall(run.metrics[label]))


def sentence(metrics: Mapping[str, Any]) -> str:
    """Return a sentence: how many documents were dropped, and for how many."""
    n_reference = metrics.get("reference_documents")
    reference = f" ({n_reference:,} more documents are reference data)" if n_reference else ""
    return (
        f"{metrics['dropped']:,} of {metrics['documents']:,} documents{reference} are near-duplicates of one of "
        f"{metrics['clusters']:,} kept documents; {metrics['edges']:,} pairs are similar."
    )


def precision(metrics: Mapping[str, Any]) -> str:
    """Return a sentence: how similar dropped documents are to the kept ones; empty if that was not measured."""
    found = metrics.get("precision")
    if not found:
        return ""
    exact = found["exact_similarity"]
    return (
        f"Measured again on the texts of {found['sampled']:,} dropped documents: {found['share']:.1%} have a similarity of "
        f"at least {found['similarity_at_least']:g} to the kept copy (the threshold less the error of an estimate; 95 % "
        f"interval {found['interval'][0]:.1%} to {found['interval'][1]:.1%}); median {exact['p50']:.2f}, lowest {exact['p0']:.2f}."
    )


def recall(metrics: Mapping[str, Any]) -> str:
    """Return a sentence: of how many similar pairs at least one document was dropped; empty if that was not measured."""
    found = metrics.get("recall")
    if not found:
        return ""
    if not found["pairs"]:
        return f"{found['probes']:,} documents compared with all others: no pair is similar."
    return (
        f"{found['probes']:,} documents compared with all others: of {found['pairs']:,} similar pairs, "
        f"in {found['share']:.1%} a copy was dropped (95 % interval {found['interval'][0]:.1%} to {found['interval'][1]:.1%})."
    )


def _curve(metrics: Mapping[str, Any]) -> str:
    """Draw which share of pairs banding finds at each similarity."""
    width, height, left, top = 460, 190, 40, 12
    points = " ".join(f"{left + width * j:.1f},{top + height * (1 - p):.1f}" for j, p in metrics["s_curve"])
    lines = "".join(
        f'<text stroke="none" x="{left - 6}" y="{top + height * (1 - p) + 4:.0f}" text-anchor="end">{p:.0%}</text>'
        f'<line x1="{left}" x2="{left + width}" y1="{top + height * (1 - p):.0f}" y2="{top + height * (1 - p):.0f}"/>'
        for p in (0, 0.5, 1)
    )
    ticks = "".join(
        f'<text x="{left + width * j:.0f}" y="{top + height + 16}" text-anchor="middle">{j:g}</text>'
        for j in (0, 0.2, 0.4, 0.6, 0.8, 1)
    )
    at = left + width * metrics["threshold"]
    return (
        f"<p class=soft>Share of pairs that banding finds, by their similarity; the line is the threshold {metrics['threshold']:g}.</p>"
        f'<svg viewBox="0 0 {width + left + 20} {height + 36}" width="{width + left + 20}" font-size="11" fill="currentColor" role="img">'
        f'<g stroke="var(--line)">{lines}</g>{ticks}<line x1="{at}" x2="{at}" y1="{top}" y2="{top + height}" stroke="var(--lost)"/>'
        f'<polyline points="{points}" fill="none" stroke="var(--kept)" stroke-width="2"/></svg>'
    )


NEAR_DUPLICATES = NearDuplicates()
