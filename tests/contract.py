"""`check_stage`: what every stage of the catalogue promises, as checks that run.

A stage's docstring holds examples, which are executed here:

    Kept:     "a text" * 50                         the text (or, for a stage that reads html, the bytes) is kept
    Dropped:  "a text" with min_words=3 -> reason   dropped for this reason, with these parameters
    Edited:   "a  text" -> "a text"                 the text comes out like this
    Dropped:  "a text" | "A text" -> reason         of several documents, the last is dropped for this reason

An example with several documents, separated by `|`, says what happens to the last one. In `Dropped:` and `Edited:`, all
others are kept. The examples of a barrier are executed by a run of the barrier alone, with one shard; if it needs a
signal, `text.measure` measures it before.
"""

from __future__ import annotations

import ast
import io
import json
import pickle
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import curate
from curate import Batch, registry, signals
from curate.engine.tasks import stage_runners
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import SpecError
from curate.plan import StageRef
from curate.stage import Kind, Stage

TEXTS = [
    "The harbour was quiet on the morning of the vote, and nobody had slept. " * 8,
    "Kurz.",
    "",
    "Das Boot lag im Hafen, und die Leute gingen nach Hause, weil es regnete. " * 6,
    "港口在投票的早晨很安静，没有人睡觉。" * 12,
    "BUY NOW!!! " * 40,
    "a\u2028b\u0085c\x00d \u200b \U0001f600 e\u0301",
    "# # # ...\n- one\n- two\n- three …",
] * 3

RUNS = (Kind.RULES, Kind.DOC_FILTER, Kind.BATCH_FILTER, Kind.DOC_EDIT, Kind.BATCH_EDIT, Kind.STREAM)


def check_stage(name: str, modules: tuple[str, ...] = (), params: Mapping[str, Any] | None = None) -> None:
    """Check one stage by name; fails with an assertion that says which promise was broken.

    Args:
        params: values for parameters that have no default, and files of the user's; a stage that cannot do without
            one is run only where this gives it.
    """
    stage = registry.find(name, modules)
    stage = replace(
        stage, params={k: replace(p, default=(params or {}).get(k, p.default)) for k, p in stage.params.items()}
    )
    _documented(stage)
    _travels(stage)
    _refuses_unknown_parameters(stage, modules)
    needs = {p.name for p in stage.params.values() if p.is_required}
    if stage.kind in RUNS and needs <= (params or {}).keys():
        _examples(stage, modules, params or {})
        _runs(stage, modules, params or {})
    if stage.kind is Kind.BARRIER:
        _examples(stage, modules, params or {})


# ---------------------------------------------------------------------- promises


def _documented(stage: Stage) -> None:
    help = stage.help
    assert stage.summary.endswith("."), f"{stage.name}: the first line of the docstring is a sentence"
    described = _entries(help.get("Args", ""))
    for parameter in stage.params:
        assert parameter in described, f"{stage.name}: `Args:` does not describe {parameter}"
    assert described <= stage.params.keys(), (
        f"{stage.name}: `Args:` describes {described - stage.params.keys()}, which are not parameters"
    )
    if stage.kind in (Kind.SOURCE, Kind.SINK):
        return
    assert help.get("Why"), f"{stage.name}: the docstring has no `Why:`"
    if stage.kind is Kind.RULES and not list(stage.target(**_defaults(stage))):  # it measures, and drops nobody
        assert help.get("Kept"), f"{stage.name}: one kept example is missing"
    elif stage.kind in (Kind.RULES, Kind.DOC_FILTER, Kind.BATCH_FILTER):
        assert help.get("Kept") and help.get("Dropped"), f"{stage.name}: one kept and one dropped example are missing"
    elif stage.kind is Kind.BARRIER:
        has_change = help.get("Dropped") or help.get("Edited")
        assert help.get("Kept") and has_change, f"{stage.name}: one kept and one dropped or edited example are missing"
    if stage.kind is Kind.RULES:
        for reason, _ in stage.target(**_defaults(stage)):
            assert reason in _entries(help.get("Drops", "")), f"{stage.name}: `Drops:` does not explain {reason}"
            assert re.fullmatch(r"[a-z0-9_]+", reason)


def _travels(stage: Stage) -> None:
    defaults = _defaults(stage)
    ref = StageRef(stage.name, stage.name, {k: str(v) if hasattr(v, "parts") else v for k, v in defaults.items()})
    assert pickle.loads(pickle.dumps(ref)) == ref
    assert json.loads(json.dumps(ref.params)) == ref.params, f"{stage.name}: a default is not plain data"


def _refuses_unknown_parameters(stage: Stage, modules: tuple[str, ...]) -> None:
    if stage.kind in RUNS:
        with pytest.raises(SpecError, match="no parameter"):
            curate.step(stage.name, modules=modules, no_such_parameter=1)


def _runs(stage: Stage, modules: tuple[str, ...], params: dict[str, Any]) -> None:
    """Empty batch, batch-split invariance, conservation, determinism."""
    batch = _batch_for(stage, TEXTS)
    whole, recorder = _through(stage, [batch], modules, params)
    again, _ = _through(stage, [batch], modules, params)
    split, split_recorder = _through(
        stage,
        [batch.slice(0, 5), batch.slice(5, 0), batch.slice(5, 1), batch.slice(6, len(batch) - 6)],
        modules,
        params,
    )
    assert _same(whole, again), f"{stage.name}: two runs differ"
    assert _same(whole, split), f"{stage.name}: the result depends on how documents are batched"
    assert repr(_rejected(recorder)) == repr(_rejected(split_recorder)), (
        f"{stage.name}: the rejects depend on how documents are batched"
    )
    recorder.ledger.check()
    nothing, _ = _through(stage, [batch.slice(0, 0)], modules, params)
    assert len(nothing) == 0 and nothing.rows.schema.equals(whole.rows.schema), (
        f"{stage.name}: an empty batch has other columns"
    )
    made = set(whole.names) - set(batch.names)
    columns = stage.columns({**_defaults(stage), **params})
    allowed = {*columns.makes, *_columns(stage, params)}
    assert made <= allowed, f"{stage.name} made {made - allowed}, which its docstring does not say"
    assert set(batch.names) - set(whole.names) == set(columns.removes), (
        f"{stage.name}: `Removes:` is not what it takes away"
    )
    kept = dict(zip(batch["id"].to_pylist(), batch.texts() if "text" in batch else [""] * len(batch), strict=True))
    if "text" not in columns.makes and stage.kind is not Kind.STREAM:
        assert all(kept[doc.id] == doc.text for doc in whole.docs()), (
            f"{stage.name} changed the text; its `Makes:` must say so"
        )


def _same(one: Batch, other: Batch) -> bool:
    """Compare as Arrow does, but with NaN equal to NaN."""
    return one.rows.schema.equals(other.rows.schema) and repr(one.rows.to_pylist()) == repr(other.rows.to_pylist())


def _examples(stage: Stage, modules: tuple[str, ...], always: dict[str, Any]) -> None:
    for section in ("Kept", "Dropped", "Edited"):
        for line in filter(None, (line.strip() for line in stage.help.get(section, "").split("\n"))):
            source, arrow, outcome = line.rpartition(" -> ") if section != "Kept" else (line, "", "")
            if section != "Kept":
                assert arrow, f"{stage.name}: `{section}: {line}` has no ` -> `"
            contents, given = _example(source)
            through = _by_a_run if stage.kind is Kind.BARRIER else _in_memory
            *others, last = through(stage, contents, modules, always | given)
            if section == "Dropped":
                explained = _entries(stage.help.get("Drops", ""))
                assert outcome.strip() in explained, f"{stage.name}: `Drops:` does not explain {outcome.strip()}"
                assert last.reason == outcome.strip(), f"{stage.name}: {line!r} gave {last.reason or 'kept'}"
            else:
                assert last.reason is None, f"{stage.name}: {line!r} was dropped as {last.reason}"
            if section == "Edited":
                assert last.text == eval(outcome), f"{stage.name}: {line!r} gave {last.text!r}"
            if section != "Kept":
                reasons = [other.reason for other in others]
                assert not any(reasons), f"{stage.name}: {line!r} also dropped others: {reasons}"


class Result(NamedTuple):
    """What a stage made of a document: why it was dropped, or its text if it was kept."""

    reason: str | None
    text: str | None


def _example(source: str) -> tuple[list[Any], dict[str, Any]]:
    """Return the documents and the parameters of an example."""
    documents, *given = re.split(r" with (?=\w+=)", source, maxsplit=1)

    def split(node: ast.expr) -> list[Any]:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return split(node.left) + split(node.right)
        return [eval(ast.unparse(node))]

    return split(ast.parse(documents, mode="eval").body), eval(f"dict({given[0]})") if given else {}


def _in_memory(stage: Stage, contents: list[Any], modules: tuple[str, ...], params: dict[str, Any]) -> Iterator[Result]:
    batch = _batch_for(stage, contents)
    result, recorder = _through(stage, [batch], modules, params)
    texts = dict(zip(result["id"].to_pylist(), result.texts(), strict=True)) if "text" in result else {}
    return _results(batch, texts, _rejected(recorder))


def _rejected(recorder: TaskRecorder) -> list[dict[str, Any]]:
    file = io.BytesIO()
    recorder.rejects.write(file)
    return pq.read_table(file).to_pylist()


def _by_a_run(stage: Stage, contents: list[Any], modules: tuple[str, ...], params: dict[str, Any]) -> Iterator[Result]:
    """Run a barrier alone over the documents: a real run in this process, in a folder that is removed after it."""
    batch = _batch_for(stage, contents)
    measured = [name for name in stage.columns({**_defaults(stage), **params}).needs if name in signals.SIGNALS]
    stages = [{"text.measure": {"signals": measured}}] if measured else []
    with tempfile.TemporaryDirectory() as folder:
        docs, recipe = Path(folder, "docs.jsonl"), Path(folder, "recipe.yaml")
        docs.write_text("".join(f"{json.dumps(row)}\n" for row in batch.rows.to_pylist()))
        source = {"sources.jsonl": {"paths": [str(docs)], "fields": {"id": "id"}}}
        stages.append({stage.name: params})
        recipe.write_text(
            yaml.safe_dump({"name": "example", "modules": list(modules), "inputs": source, "stages": stages})
        )
        run = Path(curate.run(str(recipe), output=f"{folder}/run", workers=1))
        kept, rejects = (
            [row for path in sorted(run.glob(f"{name}/*.parquet")) for row in pq.read_table(path).to_pylist()]
            for name in ("data", "rejects")
        )
    return _results(batch, {row["id"]: row["text"] for row in kept}, rejects)


def _results(batch: Batch, texts: dict[str, str], rejects: list[dict]) -> Iterator[Result]:
    reasons = {row["id"]: row["reason"] for row in rejects}
    assert len(reasons) == len(rejects), "a document was dropped twice"
    return (Result(reasons.get(id), texts.get(id)) for id in batch["id"].to_pylist())


def _entries(section: str) -> set[str]:
    """Return the names that a section explains: `name: ...` or `name, other: ...`."""
    found = re.finditer(r"^(\w+(?:,\s+\w+)*):\s+\S", section, re.MULTILINE)
    return {name for match in found for name in re.split(r",\s+", match[1])}


# ---------------------------------------------------------------------- helpers


def _batch_for(stage: Stage, contents: list[Any]) -> Batch:
    ids = [f"doc/{i}" for i in range(len(contents))]
    places = {
        "url": [f"https://a.example/{i}" for i in range(len(contents))],
        "date": ["2024-03-01T00:00:00Z"] * len(contents),
        "source": ["a"] * len(contents),
    }
    if "html" in stage.documented_columns.needs:
        pages = [c if isinstance(c, bytes) else f"<html><body><p>{c}</p></body></html>".encode() for c in contents]
        none = pa.nulls(len(pages), pa.string())
        return Batch.from_columns(
            {
                "id": ids,
                **places,
                "html": pa.array(pages, pa.large_binary()),
                "content_type": none,
                "http_charset": none,
            }
        )
    return Batch.from_columns(
        {"id": ids, "text": [c.decode() if isinstance(c, bytes) else c for c in contents], **places}
    )


def _defaults(stage: Stage) -> dict[str, Any]:
    return {p.name: p.default for p in stage.params.values() if not p.is_required}


def _columns(stage: Stage, params: Mapping[str, Any]) -> dict[str, str]:
    rules = stage.target(**{**_defaults(stage), **params}) if stage.kind is Kind.RULES else None
    return {signal: signal for signal in rules.signals} if rules else {}


def _through(
    stage: Stage, batches: list[Batch], modules: tuple[str, ...], params: dict[str, Any] | None = None
) -> tuple[Batch, TaskRecorder]:
    params = params or {}
    ref = StageRef(stage.name, stage.name, {**_defaults(stage), **params}, _columns(stage, params))
    recorder = TaskRecorder("text")

    def entered() -> Iterator[Batch]:
        for batch in batches:
            yield Batch(batch.rows)

    out = list(stage_runners.through([ref], modules, entered(), recorder))
    table = pa.Table.from_batches([batch.rows for batch in out]).combine_chunks()
    rows = table.to_batches()
    return Batch(rows[0] if rows else out[0].rows), recorder
