"""`curate classifier train | eval | label`: parse, call, print."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from curate.classifiers.backends import BACKENDS
from curate.errors import SpecError

app = typer.Typer(
    name="classifier",
    help="Train and evaluate a quality or safety model of your own.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    rich_markup_mode=None,
)

BACKEND_NAMES = ", ".join(backend.name for backend in BACKENDS)
OUTPUTS = "; ".join(f"{backend.name} writes {backend.writes}" for backend in BACKENDS)
ALWAYS_SLICED = ("source", "language")

Data = Annotated[
    list[str], typer.Argument(metavar="DATA...", help="Labelled texts: Parquet or JSON lines, files or globs.")
]
Texts = Annotated[list[str], typer.Argument(metavar="DATA...", help="Texts: Parquet or JSON lines, files or globs.")]
TextColumn = Annotated[
    str, typer.Option("--text", metavar="COLUMN", help="The column of texts; `metadata.x` is a field of `metadata`.")
]
LabelColumn = Annotated[str, typer.Option("--label", metavar="COLUMN", help="The column of labels.")]
Positive = Annotated[
    str | None,
    typer.Option(
        "--positive",
        metavar="LABEL",
        help="The positive label; all others are negative. Omit it for labels 0 and 1.",
    ),
]
Slices = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="COLUMN",
        help="Report metrics per value of this column. Repeatable; `source` and `language` are always included.",
    ),
]
Modules = Annotated[
    list[str] | None,
    typer.Option(
        "--module",
        metavar="NAME",
        help="A Python module of yours, installed or in this folder, that defines a backend or a file format. Repeatable.",
    ),
]
ClientModules = Annotated[
    list[str] | None,
    typer.Option(
        "--module",
        metavar="NAME",
        help="A Python module of yours, installed or in this folder, that defines a chat client or a file format. Repeatable.",
    ),
]
Chunk = Annotated[
    int,
    typer.Option(min=0, help="Characters per chunk of a long text, at most; 0 scores texts whole."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Replace = Annotated[bool, typer.Option("--replace", help="Overwrite output that exists.")]


class Aggregate(StrEnum):
    """How the scores of a text's chunks become the score of the text."""

    max = "max"
    mean = "mean"


class Weights(StrEnum):
    """How the labels are weighted in training."""

    balanced = "balanced"
    none = "none"


@app.command()
def train(
    data: Data,
    *,
    model: Annotated[str, typer.Option("--model", metavar="OUT", help=f"The output: {OUTPUTS}.")],
    text: TextColumn = "text",
    label: LabelColumn = "label",
    positive: Positive = None,
    backend: Annotated[
        str,
        typer.Option(metavar="NAME", help=f"The kind of model: {BACKEND_NAMES}, or one that a --module defines."),
    ] = "linear",
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Texts with equal values in this column stay in the same part of the split: page, author, thread.",
        ),
    ] = None,
    slice: Slices = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Seed of the split and of the training.")] = 0,
    class_weights: Annotated[
        Weights, typer.Option(help="balanced: both labels weigh the same in the loss; none: every text does.")
    ] = Weights.balanced,
    quantise: Annotated[
        bool,
        typer.Option("--quantise", help="Write a smaller model: half the size for linear, a tenth for fasttext."),
    ] = False,
    base: Annotated[
        str, typer.Option(metavar="DIR", help="The pretrained encoder to start from; only for encoder.")
    ] = "",
    module: Modules = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Train a model, evaluate it once on texts held out, and write it with its model card (OUT.md)."""
    from curate.classifiers import backends, evaluation, training
    from curate.classifiers.examples import read_examples
    from curate.cli import show_evaluation
    from curate.cli.console import ERR, print_json
    from curate.report.classifier_card import card

    for output in (Path(model), _card_of(model)):
        _refuse_existing("--model", output, replace=replace)
    modules = _importable(module)
    settings = backends.named(backend, modules).settings(quantise=quantise, base=base)
    examples = read_examples(
        data,
        text=text,
        label=label,
        positive=positive,
        group=group,
        slices=(*ALWAYS_SLICED, *(slice or ())),
        modules=modules,
    )
    trained = training.train(
        examples,
        model,
        backend=backend,
        settings=settings,
        class_weights=class_weights.value,
        seed=seed,
        modules=modules,
    )
    test = trained.parts["test"]
    figures = evaluation.evaluate(evaluation.score(trained.model, test), test)
    written = _card_of(model)
    written.write_text(card(trained, figures), encoding="utf-8")
    ERR.print(f"{trained.path} and its card {written}; figures of the {len(test):,} texts held out:")
    if as_json:
        print_json({"model": str(trained.path), "digest": trained.model.digest, **figures})
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
        str | None,
        typer.Option(metavar="LABEL", help="The label of the model to score. Omit it for the model's positive label."),
    ] = None,
    compare: Annotated[
        str | None, typer.Option(metavar="OTHER", help="A second model, to compare on the same texts.")
    ] = None,
    slice: Slices = None,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="The score from which a text counts as positive, in the metrics.")
    ] = 0.5,
    precision: Annotated[
        float, typer.Option(min=0, max=1, help="Report the lowest threshold that reaches this precision.")
    ] = 0.9,
    chunk: Chunk = 2000,
    aggregate: Annotated[
        Aggregate, typer.Option(help="The score of a long text: the maximum or the mean over its chunks.")
    ] = Aggregate.max,
    html: Annotated[
        str | None, typer.Option(metavar="FILE", help="Also write an HTML page with tables and curves.")
    ] = None,
    module: Modules = None,
    replace: Replace = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a model on labelled texts: metrics with intervals, curves, slices. Or compare two models."""
    from curate.classifiers import evaluation, open_model
    from curate.classifiers.examples import read_examples
    from curate.cli import show_evaluation
    from curate.cli.console import ERR, print_json
    from curate.report.classifier_report import page

    if html:
        if any(Path(html).exists() and Path(name).exists() and Path(html).samefile(name) for name in (*data, model)):
            raise SpecError(f"--html: {html} is what this command reads.  Name another file.")
        _refuse_existing("--html", Path(html), replace=replace)
    modules = _importable(module)
    names = dict.fromkeys([model, *([compare] if compare else [])])
    models = {name: open_model(name, model_label, modules) for name in names}
    slices = (*ALWAYS_SLICED, *(slice or ()))
    examples = read_examples(data, text=text, label=label, positive=positive, slices=slices, modules=modules)
    scores = {name: evaluation.score(m, examples, chunk, aggregate.value) for name, m in models.items()}
    evaluated = {
        name: evaluation.evaluate(s, examples, threshold=threshold, precision=precision) for name, s in scores.items()
    }
    compared = evaluation.compare(*scores.values(), examples) if len(scores) == 2 else None
    if html:
        title = f"{' and '.join(evaluated)} on {', '.join(data)}"
        Path(html).parent.mkdir(parents=True, exist_ok=True)
        Path(html).write_text(page(title, evaluated, compared), encoding="utf-8")
        ERR.print(f"{html}: the curves, opens offline.")
    if as_json:
        digests = {name: m.digest for name, m in models.items()}
        print_json({"models": evaluated, "digests": digests, "comparison": compared})
        return
    for name, figures in evaluated.items():
        show_evaluation.print_figures(figures, name)
    if compared:
        show_evaluation.print_comparison(f"{compare} minus {model}", compared)


@app.command()
def label(
    data: Texts,
    *,
    rubric: Annotated[
        str, typer.Option(metavar="FILE", help="A text file: the instructions, and a line `labels: a, b`.")
    ],
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="URL|NAME",
            help="An OpenAI-compatible endpoint (http://host:8000/v1), or a chat client that a --module defines.",
        ),
    ],
    out: Annotated[
        str, typer.Option(metavar="FILE", help="Output file (JSON lines); if it exists, labelling resumes.")
    ],
    model: Annotated[
        str, typer.Option(metavar="NAME", help="The language model's name at the endpoint; required with a URL.")
    ] = "",
    text: TextColumn = "text",
    human: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="A column of human labels to compare the answers with.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Label at most this many texts; 0 labels all.")] = 0,
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="Requests that are open at the same time.")] = 8,
    key_variable: Annotated[
        str,
        typer.Option(metavar="NAME", help="The environment variable with the endpoint's key; may be unset."),
    ] = "OPENAI_API_KEY",
    module: ClientModules = None,
    as_json: AsJson = False,
) -> None:
    """Have a language model label texts by a rubric, with a rationale each; compare the labels with human ones."""
    from curate.classifiers import labelling
    from curate.classifiers.examples import read_texts
    from curate.cli import show_evaluation
    from curate.cli.console import print_json
    from curate.cli.progress import counting

    modules = _importable(module)
    instructions = labelling.Rubric.read(rubric)
    client = _client(endpoint, model, key_variable, modules)
    rows = read_texts(data, text=text, human=human, modules=modules)
    rows = rows[:limit] if limit else rows
    with counting("texts", len(rows)) as moved:
        records = labelling.label(rows, instructions, client, out, concurrency=concurrency, tick=moved)
    found = labelling.agreement(records)
    counts = {name: sum(r["label"] == name for r in records) for name in instructions.labels}
    if as_json:
        print_json({"out": out, "n": len(records), "labels": counts, **({"agreement": found} if human else {})})
        return
    show_evaluation.print_answers(out, len(records), {**counts, "malformed": found["malformed"]})
    if human:
        show_evaluation.print_agreement(found)


def _card_of(model: str) -> Path:
    """Return where the card of a model is."""
    if not Path(model).name:
        raise SpecError(f'--model "{model}": expected the name of a file or folder.')
    return Path(model).with_suffix(".md")


def _refuse_existing(option: str, path: Path, *, replace: bool) -> None:
    """Refuse to write where something is, before any work is done."""
    if not replace and path.exists():
        raise SpecError(f"{option}: {path} exists.  Name another, or overwrite it with --replace.")
    if path.is_dir() and path.suffix:
        raise SpecError(f"{option}: {path} is a folder, expected a file.  Name another.")


def _importable(modules: list[str] | None) -> tuple[str, ...]:
    """Return the names of the user's modules; those in the current folder can be imported from now on."""
    from curate import extensions

    extensions.import_from(["."])
    return tuple(modules or ())


def _client(endpoint: str, model: str, key_variable: str, modules: tuple[str, ...]):
    """Return the chat client that `--endpoint` names."""
    import os

    from curate import extensions
    from curate.llm import ChatClient, HttpChatClient

    if client := extensions.table(ChatClient, (), modules).get(endpoint):
        if model not in ("", client.model):
            raise SpecError(f'--model {model}: the client "{endpoint}" uses {client.model}.  Omit --model.')
        return client
    found = HttpChatClient(endpoint, model, os.environ.get(key_variable))
    if not model:
        raise SpecError(f"--model is missing.  Give the language model's name at {endpoint}.")
    return found
