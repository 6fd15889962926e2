"""`curate explain | show | diff`: look at one document of a run, at its record in the input, and at two runs."""

from __future__ import annotations

from typing import Annotated

import typer

from curate.cli.pipelines import AsJson, Modules, RunUrl, importable

What = Annotated[
    str,
    typer.Argument(
        metavar="WHAT",
        help="The id of the document or its URL, with or without https://; a domain; or a part of an id or URL.",
    ),
]

Number = Annotated[
    int,
    typer.Option(
        "--number",
        min=0,
        metavar="N",
        help="Of several documents, such as those with one id, the N-th that `explain` names; 0 is the one that came furthest.",
        show_default=False,
    ),
]


def explain(
    run: RunUrl,
    what: What,
    module: Modules = None,
    number: Number = 0,
    as_json: AsJson = False,
) -> None:
    """Show what happened to one document, stage by stage: values beside their bounds, edits, copies, ranks; or list those of a domain."""
    from curate.cli import show_document
    from curate.cli.console import print_json
    from curate.report import fate

    found = fate.find(run, what, importable(module), number)
    if as_json:
        print_json(found, is_document=True)
    else:
        show_document.print_found(found, run)


def show(
    run: RunUrl,
    what: What,
    module: Modules = None,
    number: Number = 0,
    *,
    raw: Annotated[
        bool, typer.Option("--raw", help="The record of the input, as stored, decompressed; a row of a table as JSON.")
    ] = False,
    html: Annotated[bool, typer.Option("--html", help="The page, as the server sent it, without compression.")] = False,
    text: Annotated[
        bool, typer.Option("--text", help="The text as it was kept, or as far as it came. This is the default.")
    ] = False,
) -> None:
    """Print one document: its record in the input, its page, or its text."""
    from curate.cli import show_record
    from curate.cli.console import ERR, quoted
    from curate.report import fate, finished_run, stored_document

    if raw + html + text > 1:
        raise typer.BadParameter("choose one of --raw, --html and --text")
    document = stored_document.find(run, what, importable(module), number)
    if note := finished_run.another_version(document.run.manifest, run):
        ERR.print(f"note: {note}")
    if document.hit.n_of_id > 1:
        ERR.print("note: ", quoted(fate.repeated(document.hit)), "" if number else "  Another one: --number 2.")
    if raw or html:
        record = stored_document.record_of(document)
        show_record.print_bytes(record.data if raw else stored_document.page_in(record, document))
        return
    found = stored_document.text_of(document)
    if found is None:
        found = show_record.extracted_again(document)
    show_record.print_text(found)


def diff(
    a: Annotated[str, typer.Argument(metavar="A", help="The folder of a finished run: a path or a URL.")],
    b: Annotated[str, typer.Argument(metavar="B", help="The folder of the run to compare it with.")],
    examples: Annotated[
        int,
        typer.Option("--examples", min=0, max=1000, metavar="N", help="Documents shown of each of the largest groups."),
    ] = 2,
    module: Modules = None,
    as_json: AsJson = False,
) -> None:
    """Compare two runs: what the recipes do otherwise, and which documents B gained, lost, or dropped for another reason."""
    from curate.cli import show_difference
    from curate.cli.console import print_json
    from curate.report import run_difference

    found = run_difference.compare(a, b, examples, importable(module))
    if as_json:
        print_json(found, is_document=True)
    else:
        show_difference.print_difference(found)
