"""The model card of a classifier, in Markdown: its data, its training, its figures on held-out texts, its limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.classifiers.training import Trained
from curate.report.classifier_tables import figure_rows, identity_rows, number, slice_rows, table
from curate.report.escaping import code, markdown
from curate.runs.redaction import hidden


def card(trained: Trained, figures: Mapping[str, Any], *, use: str = "", limits: str = "") -> str:
    """Return the card of a model.

    Args:
        trained: the model and how it was trained.
        figures: of `evaluation.evaluate` on the test part.
        use: what the model is for, in Markdown; empty for a general sentence.
        limits: where it fails, in Markdown; empty for a general sentence.
    Returns:
        Markdown.
    """
    model, test = trained.model, trained.parts["test"]
    share = number(figures["n_positive"] / figures["n"])
    parts = [
        f"# {markdown(trained.path.stem)}",
        f"A {model.backend} classifier of {code(test.positive)} against everything else. Content digest (SHA-256) "
        f"`{model.digest}`.",
        "## Data",
        _data(trained),
        "## Training",
        f"Seed {trained.seed}; weight of a negative text {trained.weights[0]:.3g}, of a positive one {trained.weights[1]:.3g}.",
        f"Settings: {_json(trained.settings)}. Chosen on the validation part: {_json(trained.history)}.",
        "## Figures on the test part",
        f"{figures['n']:,} texts, {share} of them positive, none seen in training. Intervals are 95 %.",
        table(*figure_rows(figures)),
        "## Calibration",
        f"Score and share of positive texts are {number(figures['calibration_error'])} apart on average.",
        table(("score", "texts", "share positive"), _reliability(figures)),
        "## Slices",
        *_slices(figures),
        "## Intended use",
        use
        or "To score texts like those it was trained on, as one signal among others. Its author gave no further description.",
        "## Limits",
        limits
        or "Its author described none. Expect lower figures on other sources, languages, dialects and lengths than those above; "
        "a split by hash does not show that.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _data(trained: Trained) -> str:
    whole = trained.parts["train"]
    files = [(Path(hidden(name)).name, digest) for name, digest in whole.origins.items()]
    sizes = [
        (name, f"{len(part):,}", f"{int(part.is_positive.sum()):,}", number(part.is_positive.mean()))
        for name, part in trained.parts.items()
    ]
    together = "groups" if whole.groups is not None else "texts that are equal but for case and white space"
    left_out = ", ".join(f"{reason}: {n:,}" for reason, n in whole.left_out.items())
    return "\n\n".join(
        [
            *([table(("file", "SHA-256"), files)] if files else ["Handed over in memory, not read from files."]),
            table(("part", "texts", "positive", "share"), sizes),
            f"Split by hash; {together} stay together." + (f" Left out: {left_out}." if left_out else ""),
        ]
    )


def _json(data: Mapping[str, Any]) -> str:
    return code(json.dumps(hidden(data), sort_keys=True))


def _reliability(f: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [(number(b["score"]), f"{b['n']:,}", number(b["positive"])) for b in f["reliability"]]


def _slices(f: Mapping[str, Any]) -> list[str]:
    found = [f"By {code(name)}:\n\n{table(*slice_rows(slices))}" for name, slices in f["slices"].items()]
    return [*found, f"Words that name groups of people:\n\n{table(*identity_rows(f['identity']))}"]
