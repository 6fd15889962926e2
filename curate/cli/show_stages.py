"""What the terminal shows of the catalogue of stages, and of one stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from curate.cli.console import OUT
from curate.stage import Stage, spell


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
