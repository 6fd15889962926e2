"""What the terminal shows of an evaluated classifier, and of labels that a language model gave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.cli.console import print_table
from curate.report.classifier_tables import comparison_rows, figure_rows, identity_rows, number, slice_rows


def print_figures(figures: Mapping[str, Any], name: str = "") -> None:
    """Print the figures of `evaluation.evaluate`, after the name of the model if one is given."""
    print_table(f"{name} {figures['positive']}".strip(), *figure_rows(figures))
    for column, slices in figures["slices"].items():
        print_table(f"by {column}", *slice_rows(slices))
    print_table("words that name groups of people", *identity_rows(figures["identity"]))


def print_comparison(names: str, compared: Mapping[str, Any]) -> None:
    """Print the figures of `evaluation.compare` for `names`, as `b minus a`."""
    print_table(f"{names}, on {compared['n']:,} texts that both score", *comparison_rows(compared))


def print_answers(out: str, n: int, counts: Mapping[str, int]) -> None:
    """Print how often each label was the answer for `n` texts; the answers are in the file `out`."""
    print_table(f"{out}: {n:,} texts", ("answer", "texts"), [(name, f"{k:,}") for name, k in counts.items()])


def print_agreement(found: Mapping[str, Any]) -> None:
    """Print the result of `labelling.agreement`: accuracy, kappa, and the confusion matrix."""
    rows = [(name, *(f"{n:,}" for n in line.values())) for name, line in found["confusion"].items()]
    title = f"human labels (down) and answers: accuracy {number(found['accuracy'])}, kappa {number(found['kappa'])}"
    print_table(title, ("", *found["confusion"]), rows)
