"""The command line. `pipelines`, `inspect`, `classifier` and `assets` define the commands; each `show_*` file prints one kind of thing."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from curate.cli import assets, classifier, inspect, jobs, pipelines
from curate.cli.init import init
from curate.cli.stats import stats


def _print_version(is_asked: bool) -> None:
    if is_asked:
        import curate
        from curate.cli.console import OUT

        OUT.print(f"curate {curate.__version__}")
        raise typer.Exit


app = typer.Typer(
    name="curate",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def curate(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version, and exit.")
    ] = False,
) -> None:
    """Turn raw web crawl into training data for language models, and prove what was done."""


for verb in (
    init,
    pipelines.run,
    pipelines.plan,
    stats,
    inspect.explain,
    inspect.show,
    inspect.diff,
    pipelines.stages,
    jobs.status,
    jobs.logs,
    jobs.cancel,
):
    app.command()(verb)
app.add_typer(classifier.app)
app.add_typer(assets.app)

_UsageError = typer.BadParameter.__bases__[0]
"""What is raised for a wrong command line; typer gives it no public name."""


def main() -> None:
    """Run the command line; an error that the user can correct ends in a message, not in a traceback."""
    from curate.cli.console import ERR
    from curate.errors import CurateError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # the terminal may not be UTF-8
    try:
        _refuse_what_is_not_text(sys.argv)
        sys.exit(app(standalone_mode=False))
    except CurateError as error:
        ERR.print(f"curate: {error}" if "\n" not in str(error) else str(error))
        sys.exit(error.exit_code)
    except _UsageError as error:
        message = io.StringIO()
        error.show(file=message)
        ERR.print(message.getvalue().rstrip("\n"))
        sys.exit(error.exit_code)
    except typer.Abort:
        sys.exit(1)
    except KeyboardInterrupt:
        ERR.print("curate: stopped.")
        sys.exit(130)
    except OSError as error:
        place = error.filename2 or error.filename
        where = f"{os.fsdecode(place)}: " if isinstance(place, (str, bytes)) else ""
        ERR.print(f"curate: {where}{error.strerror or error}.  Make room, or change the permissions, and run again.")
        sys.exit(1)


def _refuse_what_is_not_text(arguments: list[str]) -> None:
    """Refuse bytes that are not UTF-8: what names them could be written neither to JSON nor to a terminal."""
    from curate.errors import SpecError

    for argument in arguments:
        if not argument.isascii() and any("\ud800" <= character <= "\udfff" for character in argument):
            raise SpecError(f"the argument {argument} is not UTF-8.  Rename the file, or the folder.")
