"""The head of the report: how many documents came and were kept, and warnings."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from curate.report.finished_run import FinishedRun
from curate.report.funnel import balance, size
from curate.report.section import Section


class Summary(Section):
    """Name, totals, warnings."""

    name = "summary"

    def html(self, run: FinishedRun) -> Iterator[str]:
        manifest, ledger = run.manifest, run.ledger
        yield f"<h1>{escape(manifest['name'])}</h1>"
        if manifest["description"]:
            yield f"<p>{escape(manifest['description'])}</p>"
        if manifest["limit"]:
            yield f"<p><b>A trial run: at most {manifest['limit']:,} documents were read.</b></p>"
        share = ledger.n_out / max(1, ledger.n_born)
        n_bytes = ledger.stages[-1].bytes_out if ledger.stages else 0
        yield '<div class="big">'
        for number, what in (
            (f"{ledger.n_born:,}", "documents in"),
            (f"{ledger.n_out:,}", "kept"),
            (f"{share:.1%}", "of all"),
            (size(n_bytes), "of text kept"),
        ):
            yield f"<div><b>{number}</b><span class=soft>{what}</span></div>"
        yield "</div>"
        for warning in manifest["warnings"]:
            yield f"<p><b>Warning.</b> {escape(warning)}</p>"
        yield f"<p class=soft>{balance(ledger)}. Every dropped document is in <code>rejects/</code> with its stage, reason and value.</p>"


SUMMARY = Summary()
