"""`curate classifier train | eval | label`: parse, call, print."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="classifier",
    help="Make and judge a quality or safety model of your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[
    list[str], typer.Argument(metavar="DATA...", help="Labelled texts: parquet or JSON lines, files or globs.")
]
TextColumn = Annotated[str, typer.Option("--text", help="The column of texts; metadata.x for one inside another.")]
LabelColumn = Annotated[str, typer.Option("--label", help="The column of labels.")]
Positive = Annotated[
    str | None,
    typer.Option("--positive", help="The label that is looked for, all others being the rest; not needed for 0 and 1."),
]
Slices = Annotated[
    list[str] | None,
    typer.Option("--slice", help="A column whose values are judged one by one. Repeatable; source and language are."),
]
Chunk = Annotated[int, typer.Option(min=0, help="Characters in a chunk of a long text; 0 scores texts whole.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Backend(StrEnum):
    """What a model is made of."""

    linear = "linear"
    fasttext = "fasttext"
    encoder = "encoder"


class Aggregate(StrEnum):
    """How the chunks of a long text are put together."""

    max = "max"
    mean = "mean"


class Weights(StrEnum):
    """How the labels are weighed in training."""

    balanced = "balanced"
    none = "none"


@app.command()
def train(
    data: Data,
    *,
    model: Annotated[str, typer.Option("--model", metavar="OUT", help=".npz, .bin, .ftz, or a folder (encoder).")],
    text: TextColumn = "text",
    label: LabelColumn = "label",
    positive: Positive = None,
    backend: Annotated[Backend, typer.Option(help="What the model is made of.")] = Backend.linear,
    group: Annotated[
        str | None,
        typer.Option(help="A column whose equal values stay in one part of the split: page, author, thread."),
    ] = None,
    slice: Slices = None,
    seed: Annotated[int, typer.Option(help="Of the split and the fit.")] = 0,
    class_weights: Annotated[Weights, typer.Option(help="Weigh both labels alike, or each text.")] = Weights.balanced,
    quantise: Annotated[bool, typer.Option("--quantise", help="Half the size (linear), a tenth (fastText).")] = False,
    base: Annotated[str, typer.Option(help="The folder of the pretrained encoder that an encoder starts from.")] = "",
    as_json: AsJson = False,
) -> None:
    """Train a model, judge it once on texts held out, and write it with its card (OUT.md)."""
    from curate.classifiers import evaluation
    from curate.classifiers.examples import read_examples
    from curate.classifiers.training import settings_of
    from curate.classifiers.training import train as train_model
    from curate.cli import show_evaluation
    from curate.cli.console import print_json
    from curate.report.classifier_card import card

    examples = read_examples(
        data, text=text, label=label, positive=positive, group=group, slices=("source", "language", *(slice or ()))
    )
    settings = settings_of(backend.value, quantise=quantise, base=base)
    made = train_model(
        examples, model, backend=backend.value, settings=settings, class_weights=class_weights.value, seed=seed
    )
    test = made.parts["test"]
    figures = evaluation.evaluate(evaluation.score(made.model, test), test)
    written = made.path.with_suffix(".md")
    written.write_text(card(made, figures), encoding="utf-8")
    print(f"{made.path} and its card {written}; figures of the {len(test):,} texts held out:", file=sys.stderr)
    if as_json:
        print_json({"model": str(made.path), "digest": made.model.digest, **figures})
    else:
        show_evaluation.print_figures(figures)


@app.command(name="eval")
def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundled model, a path, or hf://owner/repo/file.")],
    data: Data,
    *,
    text: TextColumn = "text",
    label: LabelColumn = "label",
    positive: Positive = None,
    model_label: Annotated[
        str | None, typer.Option(help="The model's label to score; its positive one otherwise.")
    ] = None,
    compare: Annotated[str | None, typer.Option(metavar="OTHER", help="A second model, on the same texts.")] = None,
    slice: Slices = None,
    threshold: Annotated[float, typer.Option(help="Where precision, recall and slices are measured.")] = 0.5,
    precision: Annotated[float, typer.Option(min=0, max=1, help="Look for the threshold with this precision.")] = 0.9,
    chunk: Chunk = 2000,
    aggregate: Annotated[Aggregate, typer.Option(help="How chunks are put together.")] = Aggregate.max,
    html: Annotated[str | None, typer.Option(metavar="FILE", help="Write one HTML file with the curves.")] = None,
    as_json: AsJson = False,
) -> None:
    """Judge a model on labelled texts: figures with intervals, curves, slices; or two models on the same texts."""
    from curate.classifiers import evaluation, open_model
    from curate.classifiers.examples import read_examples
    from curate.cli import show_evaluation
    from curate.cli.console import print_json
    from curate.report.classifier_report import page

    examples = read_examples(
        data, text=text, label=label, positive=positive, slices=("source", "language", *(slice or ()))
    )
    models = {name: open_model(name, model_label) for name in dict.fromkeys([model, *([compare] if compare else [])])}
    scores = {name: evaluation.score(m, examples, chunk, aggregate.value) for name, m in models.items()}
    judged = {
        name: evaluation.evaluate(s, examples, threshold=threshold, precision=precision) for name, s in scores.items()
    }
    compared = evaluation.compare(*scores.values(), examples) if len(scores) == 2 else None
    if html:
        Path(html).write_text(page(f"{' and '.join(judged)} on {', '.join(data)}", judged, compared), encoding="utf-8")
        print(f"{html}: the curves, opens offline.", file=sys.stderr)
    if as_json:
        digests = {name: m.digest for name, m in models.items()}
        print_json({"models": judged, "digests": digests, "comparison": compared})
        return
    for name, figures in judged.items():
        show_evaluation.print_figures(figures, name)
    if compared:
        show_evaluation.print_comparison(f"{compare} minus {model}", compared)


@app.command()
def label(
    data: Data,
    *,
    rubric: Annotated[str, typer.Option(metavar="FILE", help="The instructions, with a line `labels: a, b`.")],
    endpoint: Annotated[str, typer.Option(metavar="URL", help="An OpenAI-compatible endpoint: http://host:8000/v1.")],
    model: Annotated[str, typer.Option(metavar="NAME", help="What the language model is called there.")],
    out: Annotated[str, typer.Option(metavar="FILE", help="The answers, JSON lines; an earlier run goes on.")],
    text: TextColumn = "text",
    human: Annotated[str | None, typer.Option(help="A column of human labels to compare the answers with.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Label at most this many texts; 0 for all.")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Questions that are open at a time.")] = 8,
    key_variable: Annotated[
        str,
        typer.Option(metavar="NAME", help="The environment variable that holds the endpoint's key, if it wants one."),
    ] = "OPENAI_API_KEY",
    as_json: AsJson = False,
) -> None:
    """Have a language model label texts by a rubric, keep its reasons, and compare it with people."""
    import os

    from curate.classifiers import labelling
    from curate.classifiers.examples import read_texts
    from curate.cli import show_evaluation
    from curate.cli.console import print_json
    from curate.cli.progress import counting
    from curate.llm.endpoint import Endpoint

    asked = labelling.Rubric.read(rubric)
    rows = read_texts(data, text=text, human=human)
    rows = rows[:limit] if limit else rows
    where = Endpoint(endpoint, model, os.environ.get(key_variable))
    with counting("texts", len(rows)) as tick:
        records = labelling.label(rows, asked, where, out, concurrency=concurrency, tick=tick)
    found = labelling.agreement(records)
    counts = {name: sum(r["label"] == name for r in records) for name in asked.labels}
    if as_json:
        print_json({"out": out, "n": len(records), "labels": counts, **({"agreement": found} if human else {})})
        return
    show_evaluation.print_answers(out, len(records), {**counts, "malformed": found["malformed"]})
    if human:
        show_evaluation.print_agreement(found)
