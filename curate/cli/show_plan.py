"""What the terminal shows of a plan: phases with their stages, columns, and the forecast."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from curate import languages
from curate.cli import show_standing
from curate.cli.console import OUT, many, styled
from curate.cli.show_standing import duration
from curate.plan import AnyPhase, MapPhase, MergePhase, Plan, ReducePhase, StageRef, record
from curate.report.escaping import one_line
from curate.report.figures import size
from curate.report.wrapping import wrapped
from curate.runs import redaction
from curate.runs.layout import JUDGEMENTS, phase_title
from curate.spec import Case
from curate.stage import Kind


def plan_summary(plan: Plan, forecast: Any = None, standings: Sequence[Any] | None = None) -> dict[str, Any]:
    """Return a plan as JSON-like data, without secrets.

    Args:
        standings: how far each phase has been done, as `engine.standing.PhaseStanding`.
    """
    n_bytes = sum(split.end - split.start for shard in plan.shards for split in shard.splits)
    found = {
        "name": plan.spec.name,
        "executor": plan.spec.executor.executor.name,
        "input": {
            "files": len({split.url for shard in plan.shards for split in shard.splits}),
            "bytes": n_bytes,
            "shards": len(plan.shards),
        },
        "phases": [
            {
                "folder": phase.folder,
                "tasks": phase.n_tasks,
                "stages": [
                    {
                        "label": ref.label,
                        "kind": ref.find(phase.modules).kind.word,
                        "params": dict(ref.params),
                        **({"only": list(ref.only)} if ref.only else {}),
                        **({"cases": [asdict(case) for case in ref.cases]} if ref.cases else {}),
                        **({"forecast": list(_forecast_of(phase, ref))} if _emits(phase, ref) else {}),
                    }
                    for ref in phase.refs
                ],
                **({"standing": show_standing.summary(standing)} if standing else {}),
            }
            for phase, standing in zip(plan.phases, standings or [None] * len(plan.phases), strict=True)
        ],
        "columns": list(plan.columns),
        "left_out": list(plan.left_out),
        "judgements": _record(plan, forecast),
        **({"forecast": asdict(forecast)} if forecast else {}),
    }
    return redaction.hidden(found, redaction.secrets_of(plan.spec.resolved))


def print_plan(plan: Plan, forecast: Any = None, standings: Sequence[Any] | None = None) -> None:
    """Print the phases with their stages, how far they are done, the columns of the output, and the forecast if there is one."""
    data = plan_summary(plan, forecast, standings)
    read = data["input"]
    OUT.print(
        styled(data["name"], "bold"),
        f"  {many(read['files'], 'input file')}, {read['bytes'] / (1 << 20):,.1f} MiB, "
        f"{many(read['shards'], 'shard')}, executor {data['executor']}\n",
    )
    for phase, described in zip(plan.phases, data["phases"], strict=True):
        OUT.print(
            styled(described["folder"], "bold"),
            f"  {many(described['tasks'], 'task')}{show_standing.words(described.get('standing'))}",
        )
        for ref, shown in zip(phase.refs, described["stages"], strict=True):
            stage = ref.find(phase.modules)
            defaults = {p.name: p.default for p in stage.params.values()}
            changed = {
                name: shown["params"][name] for name, value in ref.params.items() if value != defaults.get(name, value)
            }
            if ref.name != ref.label.partition("#")[0]:
                changed = {"source": ref.name, **changed}
            if ref.only:
                changed["only"] = ", ".join(ref.only)
            kind = f"{stage.kind.word}{_part_of_barrier(phase, ref) if stage.kind is Kind.BARRIER else ''}"
            OUT.print(f"    {ref.label:<32} {kind:<22} {_short(changed)}".rstrip())
            for case in ref.cases:
                special = _short(_special(case, ref, defaults)) or "as above"
                OUT.print(f"        {_documents(case):<28} {special}", style="dim")
            if ref.cases and ref.cases[-1].when:
                OUT.print("        all others                   pass", style="dim")
            for line in _forecast_of(phase, ref) if _emits(phase, ref) else ():
                OUT.print(f"        {line}", style="dim")
    if hint := _checkpoint_hint(plan):
        OUT.print(f"\n{hint}")
    OUT.print(f"\n{many(len(data['columns']), 'column')} come out")
    for line in wrapped([one_line(column) for column in data["columns"]], "    "):
        OUT.print(line)
    if data["left_out"]:
        are = "is" if len(data["left_out"]) == 1 else "are"
        OUT.print(f"{many(len(data['left_out']), 'column')} {are} left out; `columns` under `output` chooses")
    for line in _record_lines(_record(plan, forecast)):
        OUT.print(line)
    if forecast:
        OUT.print()
        for line in _forecast_lines(forecast):
            OUT.print(line)
    elif standings:
        OUT.print(f"\nNothing was run. {show_standing.to_do([each['standing'] for each in data['phases']])}")
    else:
        OUT.print("\nNothing was run. A phase or task whose recipe, code and input are unchanged will not run again.")


def _checkpoint_hint(plan: Plan) -> str:
    """Return what a checkpoint would save where rules are in one phase with extraction or language identification; else nothing."""
    for phase in plan.phases:
        slow: list[str] = []
        for ref in phase.refs:
            stage = ref.find(phase.modules)
            columns = stage.columns(ref.variants[0].typed(stage, phase.modules))
            if "html" in columns.removes or languages.COLUMN in columns.makes:
                slow.append(ref.label)
            elif slow and stage.kind is Kind.RULES:
                return (
                    f"A `checkpoint` before {ref.label} would let a changed threshold rerun the rules without {' and '.join(slow)}, "
                    "for the space of the documents at that point."
                )
    return ""


def _documents(case: Case) -> str:
    """Return which documents are in a case."""
    fits = (f"{column}: {', '.join(map(str, values))}" for column, values in case.when.items())
    return "; ".join(fits) or "all others"


def _special(case: Case, ref: StageRef, defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters of a case that are not those of all its stage's documents."""
    usual = {**defaults, **ref.params}
    return {name: value for name, value in case.params.items() if value != usual.get(name)}


def _record(plan: Plan, forecast: Any) -> dict[str, Any]:
    """Return how large the record of judgements will be, as JSON-like data.

    `bytes_per_document` has a number for each phase that drops documents, or keeps them at its end: what each of these
    takes. `bytes`, for all documents, is there with a forecast only.
    """
    ends = [phase for phase in plan.phases if isinstance(phase, MapPhase) and not phase.only_emits]
    of_phase = {phase_title(phase.folder): record.bytes_per_document(phase.judgements) for phase in ends}
    found: dict[str, Any] = {"columns": len(ends[-1].judgements), "bytes_per_document": of_phase}
    if forecast:
        came = {phase.phase: phase.documents.value for phase in forecast.phases if phase.documents}
        n = [came[title] for title in of_phase] + [0]
        ended = (max(0, here - later) for here, later in pairwise(n))
        found["bytes"] = round(sum(each * size for each, size in zip(ended, of_phase.values(), strict=True)))
    return found


def _record_lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"\nthe record in {JUDGEMENTS}/ has {many(found['columns'], 'column')}; a document takes about"
    *dropped, (last, of_last) = found["bytes_per_document"].items()
    for title, n_bytes in dropped:
        yield f"    {n_bytes:>4} bytes if {title} drops it"
    yield f"    {of_last:>4} bytes if it comes to {last}"
    if "bytes" in found:
        yield f"    {size(found['bytes'])} for all documents"


def _forecast_lines(forecast: Any) -> Iterator[str]:
    tried, total = forecast.tried_bytes, forecast.all_bytes
    read = f"{many(forecast.tried_documents, 'document')} of {many(forecast.tried_files, 'file')}"
    if forecast.is_exact:
        yield f"the probe ran on all {size(total)} of input ({read}): documents and sizes are exact, times are as measured"
    else:
        is_open = any(phase.kept and phase.kept.low is None for phase in forecast.phases)
        more = "; deduplication finds more in more data" * is_open
        yield f"forecast for {size(total)} of input, from a probe of {size(tried)} ({read}), with 95 % intervals{more}"
    head = ("phase", "documents", "kept", "written", "core time")
    rows = [head]
    for phase in forecast.phases:
        counts = (_interval(each, _count) if each else "" for each in (phase.documents, phase.kept))
        rows.append((phase.phase, *counts, _interval(phase.n_bytes, _bytes), _interval(phase.seconds, duration)))
    n_bytes, seconds = (sum(each.value for each in column) for column in zip(*((p.n_bytes, p.seconds) for p in forecast.phases), strict=True))  # fmt: skip
    rows.append(("all", "", "", _bytes(n_bytes), duration(seconds)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *rest in rows:
        cells = (f"{each:>{width}}" for each, width in zip(rest, widths[1:], strict=True))
        yield f"    {name:<{widths[0]}}  {'  '.join(cells)}"
    yield f"    memory of a worker: about {size(forecast.peak_bytes)}"


def _interval(estimate: Any, spelled: Callable[[float], str]) -> str:
    """Return an estimate with its interval: `926 (810 to 1,042)`, or `926 (up to 1,042)`; alone if it is exact."""
    value, low, high = (
        spelled(each) if each is not None else None for each in (estimate.value, estimate.low, estimate.high)
    )
    if value == high:
        return value
    return f"{value} ({f'{low} to' if low is not None else 'up to'} {high})"


def _count(value: float) -> str:
    return f"{round(value):,}"


def _bytes(value: float) -> str:
    return size(round(value))


def _emits(phase: AnyPhase, ref: StageRef) -> bool:
    return isinstance(phase, MapPhase) and phase.emit is not None and phase.emit.barrier is ref


def _forecast_of(phase: AnyPhase, ref: StageRef) -> Sequence[str]:
    """Return what a global stage says about its cost before anything runs."""
    return ref.construct(phase.modules).forecast()


def _part_of_barrier(phase: AnyPhase, ref: StageRef) -> str:
    if isinstance(phase, MergePhase):
        return ", merges"
    return ", reduces" if isinstance(phase, ReducePhase) else ", emits" if _emits(phase, ref) else ", decides"


def _short(params: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return text if len(text) < 120 else text[:117] + "..."
