"""The part of the report on near-duplicates: how many, how sure, from which sources, and what banding finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.section import Section
from curate.report.wrapping import sentences

STAGE = "dedup.minhash"
"""The stage whose metrics are shown here."""

N_SOURCES = 20
"""Sources that are shown."""


class NearDuplicates(Section):
    """What each `dedup.minhash` of the run reported."""

    name = "near-duplicates"
    template = "near_duplicates.html"

    def claims(self, run: FinishedRun) -> set[str]:
        return {label for label in run.metrics if run.name_of(label) == STAGE}

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        stages = [_described(label, run.metrics[label]) for label in sorted(self.claims(run))]
        return {"stages": stages} if stages else None

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


def _described(label: str, metrics: Mapping[str, Any]) -> dict[str, Any]:
    by_loss = sorted(metrics.get("sources", {}).items(), key=lambda pair: (-pair[1]["dropped"], pair[0]))
    return {
        "label": label,
        "sentences": [line for line in (sentence(metrics), precision(metrics), recall(metrics)) if line],
        "threshold": metrics.get("threshold"),
        "curve": _curve(metrics) if metrics.get("s_curve") else None,
        "sources": [
            {"name": name, **n, "share": n["dropped"] / max(1, n["documents"])} for name, n in by_loss[:N_SOURCES]
        ],
        "largest_clusters": list(metrics.get("largest_clusters", ())),
    }


def _curve(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return which share of pairs banding finds at each similarity, as the data of a chart."""
    line = {"points": metrics["s_curve"], "color": "kept", "has_dots": False}
    return {"size": [460, 200], "lines": [line], "has_diagonal": False, "threshold": metrics["threshold"]}


NEAR_DUPLICATES = NearDuplicates()
