"""The command line. `pipelines`, `classifier` and `assets` define the commands; each `show_*` file prints one kind of thing."""

from __future__ import annotations

import sys

import typer

from curate.cli import assets, classifier, pipelines

app = typer.Typer(
    name="curate",
    help="Turn raw web crawl into training data for language models, and prove what was done.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for verb in (pipelines.run, pipelines.plan, pipelines.stats, pipelines.explain, pipelines.stages):
    app.command()(verb)
app.add_typer(classifier.app)
app.add_typer(assets.app)


def main() -> None:
    """Run the command line; an error that the user can correct ends in a message, not in a traceback."""
    from curate.errors import CurateError

    try:
        app()
    except CurateError as error:
        print(f"curate: {error}" if "\n" not in str(error) else str(error), file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(141)
