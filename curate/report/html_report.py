"""One self-contained HTML file about a finished run: the funnel, the reasons, examples, what ran. Opens offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from curate.ledger import Ledger, StageLedger
from curate.report import duplicates, lists, page_shell, published
from curate.report.funnel import Row, balance, rows, size


def page(manifest: Mapping[str, Any], ledger: Ledger, examples: Sequence[Mapping[str, Any]]) -> str:
    """Return the report.

    Args:
        manifest, ledger: of the finished run.
        examples: some rejects, each with id, url, stage, reason, value, evidence and text.
    """
    body = [
        *_head(manifest, ledger),
        *_funnel(ledger),
        *published.section(manifest, ledger),
        *_reasons(ledger, examples),
        *lists.section(ledger, examples),
        *_barriers(manifest),
        *_counts(ledger),
        *_provenance(manifest),
    ]
    return page_shell.page(manifest["name"], body)


def _head(manifest: Mapping[str, Any], ledger: Ledger) -> Iterator[str]:
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


def _funnel(ledger: Ledger) -> Iterator[str]:
    yield "<h2>Funnel</h2><table><tr><th>stage<th class=n>in<th class=n>dropped<th class=n>out<th class=n>left of all<th><th class=n>seconds</tr>"
    for row in rows(ledger):
        yield (
            f"<tr><td>{escape(row.stage)}<td class=n>{row.n_in:,}<td class=n>{_dropped(row)}<td class=n>{row.n_out:,}<td class=n>{row.share_left:.1%}"
            f'<td class=cell><div class="bar" style="width:{row.share_left:.2%}"></div><td class=n>{row.seconds:,.1f}</tr>'
        )
    yield "</table>"


def _dropped(row: Row) -> str:
    return f"{row.n_dropped:,} <span class=soft>({row.share_dropped:.0%})</span>" if row.n_dropped else ""


def _reasons(ledger: Ledger, examples: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One fold a stage and reason: how many it dropped, how many broke the rule at all, and what they look like."""
    yield "<h2>Why documents were dropped</h2>"
    yield "<p class=soft>A document is counted under the first rule it broke; “broke it in all” counts every document that broke the rule. Unfold for examples.</p>"
    most = max((n for entry in ledger.stages for n in entry.dropped.values()), default=0)
    for entry in ledger.stages:
        for reason, n in sorted(entry.dropped.items(), key=lambda pair: (-pair[1], pair[0])):
            shown = [e for e in examples if (e["stage"], e["reason"]) == (entry.stage, reason)]
            yield from _reason(entry, reason, n, most, shown)


def _reason(entry: StageLedger, reason: str, n: int, most: int, shown: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    broke = entry.failed.get(reason, n)
    in_all = f", {broke:,} broke it in all" if broke != n else ""
    yield f'<details><summary>{escape(entry.stage)} · <b>{escape(reason)}</b><span class=n>{n:,}{in_all}</span><div class="bar lost" style="width:{n / most:.1%}"></div></summary>'
    for example in shown:
        value = "" if example["value"] is None or example["value"] != example["value"] else f" · {example['value']:g}"
        evidence = f" · {escape(example['evidence'])}" if example["evidence"] else ""
        yield f'<p class="id">{escape(example["id"])}{value}{evidence}<br>{escape(example["url"] or "")}</p>'
        if example["text"]:
            yield f"<pre>{escape(example['text'])}</pre>"
    if not shown:
        yield "<p class=soft>None is at hand.</p>"
    yield "</details>"


def _barriers(manifest: Mapping[str, Any]) -> Iterator[str]:
    for label, told in manifest["told"].items():
        if "recall" in told:
            yield from duplicates.section(label, told)


def _counts(ledger: Ledger) -> Iterator[str]:
    counted = [
        (entry.stage, name, n)
        for entry in ledger.stages
        for name, n in sorted(entry.counts.items())
        if not name.startswith(lists.COUNT)
    ]
    if counted:
        yield "<h2>Also counted</h2><p class=soft>What stages noticed or mended without dropping the document.</p><table>"
        yield from (f"<tr><td>{escape(stage)}<td>{escape(name)}<td class=n>{n:,}</tr>" for stage, name, n in counted)
        yield "</table>"


def _provenance(manifest: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>What ran</h2><table>"
    for stage in manifest["stages"]:
        params = ", ".join(f"{name}={value!r}" for name, value in stage["params"].items() if name != "paths")
        yield f"<tr><td>{escape(stage['label'])}<td><code>{escape(params)}</code></tr>"
    yield "</table><h2>From what</h2>"
    names = list(dict.fromkeys(split["name"] for split in manifest["inputs"]))
    yield f"<p>{len(names):,} input files: {', '.join(f'<code>{escape(name)}</code>' for name in names[:30])}{' and more' if len(names) > 30 else ''}</p>"
    packages = ", ".join(f"{name} {version}" for name, version in manifest["packages"].items())
    yield f"<p class=soft>curate {escape(manifest['curate'])}, Python {escape(manifest['python'])}; {escape(packages)}.<br>Output digest <code>{manifest['output_digest']}</code></p>"
