"""What the terminal shows of a finished run: the sections of the report, warnings, and where the files are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from curate.cli.console import OUT, styled
from curate.report import finished_run, sections
from curate.report.finished_run import FinishedRun
from curate.report.section import Section, printed
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


def print_run(url: str, modules: Sequence[str] = ()) -> None:
    """Print the sections of a finished run that are brief, and where things are.

    Args:
        modules: modules of the user's that bring sections.
    """
    run = finished_run.read(url)
    print_sections(run, [section for section in sections.with_modules(modules) if section.is_brief])
    print_places(url, run)


def print_sections(run: FinishedRun, chosen: Iterable[Section]) -> None:
    """Print sections of the report on a finished run."""
    for section in chosen:
        lines = printed(section, run)
        for line in lines:
            OUT.print(styled(line, "dim" if line.startswith(" ") else ""))
        if lines:
            OUT.print()


def print_places(url: str, run: FinishedRun) -> None:
    """Print the warnings of a finished run, and where its files are."""
    for warning in run.manifest["warnings"]:
        OUT.print(styled("warning", "bold"), f"  {warning}\n")
    base = url.rstrip("/")
    OUT.print(f"  curated  {base}/{DATA}/\n  rejects  {base}/{REJECTS}/\n  record   {base}/{JUDGEMENTS}/")
    evidence = [output["path"] for output in run.manifest["outputs"] if output["role"] == Role.EVIDENCE]
    for folder in dict.fromkeys(path.partition("/")[0] for path in evidence):
        OUT.print(f"  evidence {base}/{folder}/")
    OUT.print(f"  report   {base}/{REPORT}")
