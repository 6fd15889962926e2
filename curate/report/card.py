"""The dataset card (README.md of a run), generated from the manifest and the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate import formats
from curate.formats import Format
from curate.ledger import Ledger
from curate.report.escaping import code, markdown, one_line
from curate.report.figures import size
from curate.report.finished_run import FinishedRun
from curate.report.funnel import balance, rows
from curate.runs import Role
from curate.runs.layout import DATA, JUDGEMENTS

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (1_000_000_000, "100M<n<1B"),
)


def card(run: FinishedRun, kinds: Sequence[Format]) -> str:
    """Return the card as Markdown with the front matter that the Hugging Face hub reads.

    Args:
        kinds: the file formats known; they say how the data is loaded.
    """
    return "\n".join(_lines(run.manifest, run.ledger, kinds)) + "\n"


def _lines(manifest: Mapping[str, Any], ledger: Ledger, kinds: Sequence[Format]) -> Iterator[str]:
    data = [output["path"] for output in manifest["outputs"] if output["role"] == Role.DATA]
    files = f"{DATA}/*.{data[0].partition('.')[2]}" if data else f"{DATA}/*"
    kind = formats.of_file(data[0], kinds) if data else None
    yield "---"
    yield f"pretty_name: {manifest['name']}"
    yield f"size_categories: ['{_size(ledger.n_out)}']"
    yield "task_categories: [text-generation]"
    yield "task_ids: [language-modeling]"
    yield "configs:"
    yield "- config_name: default"
    yield f"  data_files: [{{split: train, path: '{files}'}}]"
    yield f"- config_name: {JUDGEMENTS}"
    yield f"  data_files: [{{split: train, path: '{JUDGEMENTS}/*.parquet'}}]"
    yield "---"
    yield f"# {manifest['name']}"
    yield ""
    if manifest["description"]:
        yield markdown(manifest["description"].strip())
        yield ""
    if manifest["limit"]:
        yield f"**A trial run: at most {manifest['limit']:,} documents were read.**"
        yield ""
    yield f"Made with curate {manifest['curate']}. {balance(ledger)}."
    yield ""
    if "tokens" in manifest:  # manifests of earlier versions have none
        yield from (_sizes(manifest), "")
    if kind is not None and kind.loader:
        yield "```python"
        yield "from datasets import load_dataset"
        yield ""
        yield f'data = load_dataset("{kind.loader}", data_files="{files}", split="train")'
        yield "```"
        yield ""
    yield "## What was done"
    yield ""
    yield "| stage | documents in | dropped | out | left of all | most frequent reasons |"
    yield "|---|---:|---:|---:|---:|---|"
    for row in rows(ledger):
        reasons = ", ".join(f"{markdown(one_line(reason))} {n:,}" for reason, n in row.reasons[:4])
        yield f"| {markdown(one_line(row.stage))} | {row.n_in:,} | {row.n_dropped:,} | {row.n_out:,} | {row.share_left:.1%} | {reasons} |"
    yield ""
    yield "## Parameters"
    yield ""
    for stage in manifest["stages"]:
        params = ", ".join(f"{name}={value!r}" for name, value in stage["params"].items())
        yield f"* {code(stage['label'])}{f': {markdown(one_line(params))}' if params else ''}"
    yield ""
    yield from _record(manifest["judgements"])
    yield "## Inputs"
    yield ""
    names = list(dict.fromkeys(split["name"] for split in manifest["inputs"]))
    shown = ", ".join(code(name) for name in names[:20])
    yield f"{len(names)} files: {shown}{' and more' if len(names) > 20 else ''}. Digests are in `manifest.json`."
    yield ""
    yield "Every dropped document is in `rejects/` with its stage, reason and measured value, and with all that was measured in `judgements/`; the numbers above are in `ledger.json`."


def _sizes(manifest: Mapping[str, Any]) -> str:
    tokens, n_bytes = manifest["tokens"], manifest["bytes"]
    how = "counted" if tokens["counted"] else "estimated from bytes"
    return (
        f"{size(n_bytes['in'])} of text in, {size(n_bytes['out'])} kept; about {tokens['in']:,} tokens in, "
        f"{tokens['out']:,} kept ({how}: {tokens['bytes_per_token']:.2f} bytes a token, {markdown(tokens['source'])}). "
        f"Made on {manifest['ended'][:10]} in {manifest['seconds']:,.0f} s."
    )


def _record(columns: Sequence[Mapping[str, str]]) -> Iterator[str]:
    yield f"## The record of judgements, `{JUDGEMENTS}/`"
    yield ""
    yield "A row for each document, kept or dropped, without its text. What was not measured is null."
    yield ""
    yield "| column | type | content |"
    yield "|---|---|---|"
    for column in columns:
        name = code(column["name"]).replace("|", "\\|")  # a table's cell ends at a bar, also inside a code span
        yield f"| {name} | {markdown(column['type'])} | {markdown(one_line(column['about']))} |"
    yield ""


def _size(n: int) -> str:
    return next((label for limit, label in _SIZES if n < limit), "n>1B")
