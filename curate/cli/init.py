"""`curate init`: write a recipe for the user's files; without files, list the recipes that ship with curate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curate.inputs.found import Found

FOR_PAGES, FOR_TEXTS = "wanjuan_cc", "clean_jsonl"
"""The recipes whose stages are taken where the user names none: for web pages, and for texts."""


def init(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...", help="Files, folders, globs or URLs that the recipe is to read.", show_default=False
        ),
    ] = None,
    like: Annotated[
        str,
        typer.Option(
            metavar="RECIPE",
            help=f"Take the stages of this recipe. By default {FOR_PAGES} for web pages, {FOR_TEXTS} for texts.",
            show_default=False,
        ),
    ] = "",
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The new recipe. By default RECIPE.yaml.", show_default=False
        ),
    ] = "",
) -> None:
    """Write a recipe for your files, with the keys found in them and the stages of a recipe that ships with curate.

    Without PATH, list these recipes.
    """
    from curate.inputs import found
    from curate.spec import draft, shipped

    if like:
        shipped.source_of(like)  # refuse a wrong name before looking at the files
    if not paths:
        if like or output:
            raise typer.BadParameter("name the files that the recipe is to read", param_hint="PATH")
        _print_recipes()
        return
    looked = found.look(paths)
    like = like or (FOR_PAGES if any(each.has_pages for each in looked) else FOR_TEXTS)
    output = output or f"{like}.yaml"
    draft.write(output, like, looked)
    _print_found(looked)
    _print_next(output, like, draft.variables_of_inputs(like))


def _print_recipes() -> None:
    from curate.cli.console import OUT
    from curate.spec import shipped

    names = list(shipped.recipes())
    OUT.print_table(["recipe", "makes"], [[name, shipped.description_of(name)] for name in names], is_wide=True)
    OUT.print("\n`curate init PATH... --like RECIPE` writes one for your files.")


def _print_found(found: Sequence[Found]) -> None:
    from curate.cli.console import OUT, many, quoted, styled

    for each in found:
        OUT.print(", ".join(each.paths), ": ", many(each.n_files, "file"), f", {each.n_bytes / (1 << 20):,.1f} MiB, ", styled(each.source.name, "bold"))  # fmt: skip
        for field in each.fields:
            OUT.print(f"    {field.column:<6}", quoted(f"{field.key:<20}"), "  ", quoted(field.example[:60]))
        if each.other_keys:
            OUT.print("    extra ", quoted(", ".join(each.other_keys)[:200]))
        if each.left_out:
            which = many(len(each.left_out), "other file")
            OUT.print(f"    left out: {which}, such as ", quoted(each.left_out[0]), "; to read them too, name them")
        if each.no_files:
            OUT.print("    ", quoted(each.no_files))


def _print_next(output: str, like: str, variables: Sequence[str]) -> None:
    from shlex import quote

    from curate.cli.console import OUT

    OUT.print(f"\n{output} reads them, with the stages of {like}. Next:")
    for variable in variables:
        OUT.print(
            f"    in {output}, put {variable} where its value stands in the paths; without it, every run reads all files"
        )
    OUT.print(f"    curate plan {quote(output)}")
    OUT.print(f"    curate run {quote(output)} --limit 1000")
