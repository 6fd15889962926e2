"""What the terminal shows of a finished run: the sections of the report, warnings, and where the files are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curate.cli.console import OUT, styled
from curate.report import finished_run, sections
from curate.report.section import printed
from curate.report.sections import published
from curate.runs import Role
from curate.runs.layout import DATA, JUDGEMENTS, REJECTS, REPORT


def summary(url: str) -> dict[str, Any]:
    """Return the numbers of a finished run as JSON-like data."""
    run = finished_run.read(url)
    kept = {
        key: run.manifest[key] for key in ("name", "curate", "documents", "output_digest", "rejects_digest", "metrics")
    }
    return {"run": url, **kept, "published": published.comparison(run), **run.ledger.to_json()}


def print_run(url: str, modules: Sequence[str] = (), *, is_brief: bool) -> None:
    """Print the sections of a finished run, and where things are.

    Args:
        modules: modules of the user's that bring sections.
        is_brief: leave out the sections that only `curate stats` shows.
    """
    run = finished_run.read(url)
    for section in sections.with_modules(modules):
        lines = printed(section, run) if section.is_brief or not is_brief else []
        for line in lines:
            OUT.print(styled(line, "dim" if line.startswith(" ") else ""))
        if lines:
            OUT.print()
    for warning in run.manifest["warnings"]:
        OUT.print(styled("warning", "bold"), f"  {warning}\n")
    base = url.rstrip("/")
    OUT.print(f"  curated  {base}/{DATA}/\n  rejects  {base}/{REJECTS}/\n  record   {base}/{JUDGEMENTS}/")
    evidence = [output["path"] for output in run.manifest["outputs"] if output["role"] == Role.EVIDENCE]
    for folder in dict.fromkeys(path.partition("/")[0] for path in evidence):
        OUT.print(f"  evidence {base}/{folder}/")
    OUT.print(f"  report   {base}/{REPORT}")
