"""What the command line prints: the funnel, the plan, a document's fate, the catalogue, progress."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from curate.ledger import Ledger
from curate.plan import Phase, Plan, StageRef
from curate.report import duplicates, lists, published
from curate.report.funnel import balance, rows, size
from curate.runs import EVIDENCE, LEDGER, MANIFEST
from curate.stage import Kind, Stage, spell

OUT = Console(highlight=False, soft_wrap=True)


# ---------------------------------------------------------------------- a run


def summary(url: str) -> dict[str, Any]:
    """Return the numbers of a finished run as JSON-like data."""
    from curate.report.fate import finished

    folder = finished(url)
    manifest, ledger = folder.read_json(MANIFEST), folder.read_json(LEDGER)
    kept = {key: manifest[key] for key in ("name", "curate", "documents", "output_digest", "rejects_digest")}
    return {"run": url, **kept, "published": published.comparison(manifest, Ledger.from_json(ledger)), **ledger}


def print_run(url: str) -> None:
    """Print the funnel of a finished run, and where things are."""
    from curate.report.fate import finished

    folder = finished(url)
    ledger = Ledger.from_json(folder.read_json(LEDGER))
    for line in funnel_lines(ledger):
        is_reasons = line.startswith(" ")
        OUT.print(escape(line), style="dim" if is_reasons else None)
    OUT.print(f"\n{balance(ledger)}\n")
    if removed := list(lists.lines(ledger)):
        OUT.print(
            escape("\n".join(["what lists removed, of what came to the stage", *(f"    {line}" for line in removed)]))
            + "\n"
        )
    manifest = folder.read_json(MANIFEST)
    if beside := published.comparison(manifest, ledger):
        OUT.print(f"published: {escape(beside['source'])}")
        OUT.print("\n".join([*map(escape, published.lines(beside)), *_indented(escape(beside["remarks"]))]))
        OUT.print()
    for label, told in manifest["told"].items():
        if "recall" in told:
            OUT.print("\n".join(filter(None, [label, *_indented(duplicates.precision(told), duplicates.recall(told))])))
            OUT.print()
    for warning in manifest["warnings"]:
        OUT.print(f"[bold]warning[/]  {escape(warning)}\n")
    base = folder.url.rstrip("/")
    OUT.print(f"  curated  {base}/data/\n  rejects  {base}/rejects/")
    for part in EVIDENCE:
        if folder.files(part):
            OUT.print(f"  evidence {base}/{part}/")
    OUT.print(f"  report   {base}/report.html")


def print_counts(url: str) -> None:
    """Print what the stages of a finished run counted beside the documents they dropped."""
    from curate.report.fate import finished

    for line in counted_lines(Ledger.from_json(finished(url).read_json(LEDGER))):
        OUT.print(escape(line))


def _indented(*sentences: str) -> Iterator[str]:
    for sentence in filter(None, sentences):
        yield from _wrapped(sentence.split(" "), "    ", joint="")


def funnel_lines(ledger: Ledger) -> Iterator[str]:
    """Yield the funnel as text: a line a stage and, below it, why it dropped documents."""
    table = list(rows(ledger))
    width = max([5, *(len(row.stage) for row in table)])
    yield f"{'stage':<{width}} {'in':>12} {'dropped':>12} {'out':>12} {'left':>7} {'seconds':>9}"
    for row in table:
        dropped = f"{row.n_dropped:,}" if row.n_dropped else ""
        yield f"{row.stage:<{width}} {row.n_in:>12,} {dropped:>12} {row.n_out:>12,} {row.share_left:>7.1%} {row.seconds:>9.1f}"
        yield from _wrapped([f"{reason} {n:,}" for reason, n in row.reasons], "    ")


def counted_lines(ledger: Ledger) -> Iterator[str]:
    """Yield what stages counted that dropped nobody, as text."""
    counted = [row for row in rows(ledger) if row.counts]
    if counted:
        yield "\nalso counted"
    for row in counted:
        yield f"  {row.stage}"
        yield from _wrapped([f"{name} {n:,}" for name, n in row.counts], "    ")


def _wrapped(words: list[str], indent: str, width: int = 100, joint: str = ",") -> Iterator[str]:
    line = indent
    for k, word in enumerate(words):
        word += joint if k + 1 < len(words) else ""
        if len(line) + len(word) > width and line.strip():
            yield line.rstrip()
            line = indent
        line += word + " "
    if line.strip():
        yield line.rstrip()


# ---------------------------------------------------------------------- progress


@contextlib.contextmanager
def watching() -> Iterator[Callable]:
    """Give a watcher that shows a progress bar a phase on a terminal, and one line a phase elsewhere."""
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        yield _say
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=12),
        TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[note]}"),
        TextColumn("{task.elapsed:.0f} s"),
    )
    with Progress(*columns, console=console) as progress:
        bars: dict[str, Any] = {}

        def watch(event: Any) -> None:
            folder = event.phase.folder
            if event.kind == "compiling":
                progress.console.print(_COMPILING)
            elif event.kind == "began":
                bars[folder] = progress.add_task(folder[:-11], total=event.phase.n_tasks, note="tasks")
            elif event.kind == "moved":
                progress.update(
                    bars[folder],
                    completed=event.n_done,
                    note=f"tasks, {event.n_docs:,} documents" if event.n_docs else "tasks",
                )
            else:
                progress.update(bars[folder], completed=event.n_done, note=_phase_note(event).partition(" ")[2])

        yield watch


_COMPILING = "compiling kernels: a minute or two, once for this version of curate"


def _say(event: Any) -> None:
    """Print what is worth a line where there is no terminal to draw on; a reader who left does not stop the run."""
    if event.kind in ("compiling", "ended"):
        with contextlib.suppress(BrokenPipeError):
            print(_COMPILING if event.kind == "compiling" else _phase_line(event), file=sys.stderr, flush=True)


def _phase_line(event: Any) -> str:
    return f"{event.phase.folder[:-11]:<40} {_phase_note(event)}, {event.seconds:.1f} s"


def _phase_note(event: Any) -> str:
    if event.n_kept == event.n_done:
        return f"{_many(event.n_done, 'task')}, nothing to do"
    kept = f" ({event.n_kept} done before)" if event.n_kept else ""
    if event.phase.is_reduce:
        return f"{_many(event.n_done, 'task')}{kept}"
    stages = event.ledger.stages
    came = event.ledger.n_born or (stages[0].n_in if stages else 0)
    return f"{_many(event.n_done, 'task')}{kept}, {came:,} documents, {event.ledger.n_dropped:,} dropped"


# ---------------------------------------------------------------------- a plan


def plan_summary(plan: Plan, forecast: Any = None) -> dict[str, Any]:
    """Return a plan as JSON-like data."""
    n_bytes = sum(split.end - split.start for shard in plan.shards for split in shard.splits)
    return {
        "name": plan.spec.name,
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
                        "kind": ref.find(phase.modules).kind.value,
                        "params": dict(ref.params),
                        **({"forecast": ref.forecast(phase.modules)} if ref == phase.emit else {}),
                    }
                    for ref in phase.refs
                ],
            }
            for phase in plan.phases
        ],
        "columns": list(plan.columns),
        **({"forecast": asdict(forecast)} if forecast else {}),
    }


def print_plan(plan: Plan, forecast: Any = None) -> None:
    """Print phases with their stages, and the columns that come out."""
    data = plan_summary(plan)
    read = data["input"]
    OUT.print(
        f"[bold]{data['name']}[/]  {_many(read['files'], 'input file')}, {read['bytes'] / (1 << 20):,.1f} MiB, "
        f"{_many(read['shards'], 'shard')}\n"
    )
    for phase, described in zip(plan.phases, data["phases"], strict=True):
        OUT.print(f"[bold]{described['folder']}[/]  {_many(described['tasks'], 'task')}")
        for ref in phase.refs:
            stage = ref.find(phase.modules)
            defaults = {p.name: p.default for p in stage.params.values()}
            changed = {name: value for name, value in ref.params.items() if value != defaults.get(name, value)}
            changed.pop("paths", None)  # the first line says what is read
            kind = f"{stage.kind.value}{_part_of_barrier(phase, ref) if stage.kind is Kind.BARRIER else ''}"
            OUT.print(escape(f"    {ref.label:<32} {kind:<18} {_short(changed)}".rstrip()))
            if ref == phase.emit and not phase.is_reduce:
                for line in ref.forecast(phase.modules):
                    OUT.print(f"        {line}", style="dim")
    OUT.print(f"\n{_many(len(data['columns']), 'column')} come out")
    for line in _wrapped(data["columns"], "    "):
        OUT.print(line)
    if forecast:
        OUT.print()
        for line in _forecast_lines(forecast):
            OUT.print(line)
    else:
        OUT.print("\nNothing was run. A phase or task whose recipe, code and input are unchanged will not run again.")


def _forecast_lines(forecast: Any) -> Iterator[str]:
    tried, total = forecast.tried_bytes, forecast.all_bytes
    yield (
        f"forecast for {size(total)} of input, from a probe of {size(tried)} ({forecast.tried_documents:,} documents); "
        "deduplication finds more in more data"
    )
    width = max(len(phase.phase) for phase in forecast.phases)
    yield f"    {'phase':<{width}} {'documents':>14} {'written':>10} {'core time':>10}"
    for phase in forecast.phases:
        documents = f"{phase.n_documents:,}" if phase.n_documents else ""
        yield f"    {phase.phase:<{width}} {documents:>14} {size(phase.n_bytes):>10} {_time(phase.seconds):>10}"
    n_bytes, seconds = (sum(getattr(phase, name) for phase in forecast.phases) for name in ("n_bytes", "seconds"))
    yield f"    {'all':<{width}} {'':>14} {size(n_bytes):>10} {_time(seconds):>10}"
    yield f"    memory of a worker: about {size(forecast.peak_bytes)}"


def _time(seconds: float) -> str:
    for length, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _part_of_barrier(phase: Phase, ref: StageRef) -> str:
    return ", decides" if ref == phase.apply else ", reduces" if phase.is_reduce else ", asks"


def _many(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"


def _short(params: Mapping[str, Any]) -> str:
    text = ", ".join(f"{name}={value!r}" for name, value in params.items())
    return text if len(text) < 120 else text[:117] + "..."


# ---------------------------------------------------------------------- a document


def print_fate(found: Mapping[str, Any]) -> None:
    """Print what became of a document."""
    OUT.print(f"[bold]{escape(found['id'])}[/]  {escape(found.get('url') or '')}")
    if found["fate"] == "kept":
        OUT.print(f"kept, in {found['file']} row {found['row']}")
    else:
        OUT.print(f"dropped by {found['stage']}: {found['reason']}{_ground(found)}")
        broken = [rule for rule in found["failed"] if rule != f"{found['stage']} {found['reason']}"]
        if broken:
            OUT.print(f"also broke: {', '.join(rule.removeprefix(found['stage'] + ' ') for rule in broken)}")
        if found.get("kept_copy"):
            _print_kept_copy(found)
    for other in found["others"]:
        OUT.print(f"also {other['id']}: {other['reason'] or other['fate']}")
    if found["columns"]:
        OUT.print()
        for name, value in found["columns"].items():
            OUT.print(f"  {name:<36} {value:.4g}" if isinstance(value, float) else f"  {name:<36} {escape(str(value))}")
    if found.get("text"):
        OUT.print(f"\n{escape(found['text'][:1500])}{' ...' if len(found['text']) > 1500 else ''}")


def _print_kept_copy(found: Mapping[str, Any]) -> None:
    copy = found["kept_copy"]
    where = "  (reference data)" if copy.get("is_reference") else f"  {copy.get('url') or ''}"
    OUT.print(f"the copy that was kept: {escape(copy['id'])}{escape(where)}")
    if "differences" not in found:
        return
    if not found["differences"]:
        OUT.print("word for word the same, as far as compared (4,000 words)")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(1, 3, 0, 0))
    table.add_column("this one", ratio=1, overflow="fold")
    table.add_column("the kept one", ratio=1, overflow="fold")
    for place in found["differences"]:
        table.add_row(*(_around(place, place[side]) for side in ("this", "other")))
    OUT.print(table)


def _around(place: Mapping[str, str], words: str) -> str:
    before, after = escape(place["before"]), escape(place["after"])
    return f"[dim]... {before}[/] [bold]{escape(words) if words else '(nothing)'}[/] [dim]{after} ...[/]"


def _ground(found: Mapping[str, Any]) -> str:
    """Return the number or the evidence that a document was dropped on."""
    if rule := found.get("rule"):
        bounds = [
            f"{word} {rule[key]:g}"
            for word, key in (("at least", "at_least"), ("at most", "at_most"))
            if rule[key] is not None
        ]
        return f"\n{rule['signal']} is {found['value']:.4g}, expected {' and '.join(bounds)}"
    value = "" if found["value"] is None else f" ({found['value']:g})"
    is_place = bool(found.get("kept_copy"))
    return value + (f"  {escape(found['evidence'])}" if found.get("evidence") and not is_place else "")


# ---------------------------------------------------------------------- the catalogue


def stage_summary(stage: Stage) -> dict[str, Any]:
    """Return a stage as JSON-like data."""
    params = {
        p.name: {"type": spell(p.type), **({} if p.is_required else {"default": p.default})}
        for p in stage.params.values()
    }
    return {
        "name": stage.name,
        "kind": stage.kind.value,
        "summary": stage.summary,
        "params": params,
        "needs": stage.needs,
        "makes": stage.makes,
    }


def print_catalogue(catalogue: Mapping[str, Stage]) -> None:
    """Print every stage with its kind and first line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("stage", "kind", "what it does"):
        table.add_column(name)
    for stage in catalogue.values():
        table.add_row(stage.name, stage.kind.value, escape(stage.summary))
    OUT.print(table)
    OUT.print("\n`curate stages NAME` shows one. Your own functions and datatrove's blocks are stages too.")


def print_stage(stage: Stage) -> None:
    """Print a stage's parameters and its docstring."""
    import inspect

    OUT.print(f"[bold]{stage.name}[/]  {stage.kind.value}\n")
    for p in stage.params.values():
        default = "required" if p.is_required else f"= {p.default!r}"
        OUT.print(f"  {p.name}: {escape(spell(p.type))}  {escape(default)}")
    OUT.print(f"\n{escape(inspect.getdoc(stage.target) or '')}")
