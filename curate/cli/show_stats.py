"""The views of `curate stats`, in one table: what each finds, and what prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.cli import show_examples, show_funnel, show_groups, show_overview, show_run, show_signal
from curate.cli.console import OUT, many, print_json
from curate.cli.opened import Opened
from curate.errors import SpecError
from curate.report import sections
from curate.report.sections.funnel_table import FUNNEL
from curate.statistics.corpus import Corpus


@dataclass(frozen=True, slots=True)
class View:
    """What an option shows.

    Args:
        find: returns the numbers for the value of the option as JSON-like data; it is given the corpus, the value, and the
            user's modules.
        show: prints them.
        needs_run: it has no meaning for a data set.
    """

    find: Callable[[Corpus, str, Sequence[str]], Any]
    show: Callable[[Any, Corpus], None]
    needs_run: bool = False


def _study(corpus: Corpus, column: str, _: Sequence[str]) -> dict[str, Any]:
    from curate.statistics import signal

    return signal.study(corpus, column)


def _count(corpus: Corpus, column: str, _: Sequence[str]) -> dict[str, Any]:
    from curate.statistics import groups

    return groups.count(corpus, column)


def _examples(corpus: Corpus, reason: str, modules: Sequence[str]) -> list[dict[str, Any]]:
    from curate.statistics import examples

    return examples.of_reason(corpus, reason, modules)


def _near(corpus: Corpus, address: str, modules: Sequence[str]) -> list[dict[str, Any]]:
    from curate.statistics import examples

    return examples.near(corpus, address, modules)


VIEWS: Mapping[str, View] = {
    "--signal": View(_study, lambda found, corpus: show_signal.print_signal(found, is_run=corpus.is_run)),
    "--by": View(_count, lambda found, corpus: show_groups.print_groups(found, is_run=corpus.is_run)),
    "--examples": View(_examples, lambda found, _: show_examples.print_examples(found), needs_run=True),
    "--near": View(_near, lambda found, _: show_examples.print_examples(found), needs_run=True),
}
"""Option -> what it shows."""


def chosen(asked: Mapping[str, str]) -> Callable[..., None]:
    """Return what shows a run or a data set as asked for: the overview if nothing is.

    Args:
        asked: option -> its value.

    Raises:
        SpecError: more than one view is asked for.
    """
    if len(asked) > 1:
        raise SpecError(f"{' and '.join(asked)} are different views.  Ask for one at a time.")
    if not asked:
        return _overview

    ((option, value),) = asked.items()

    def show(opened: Opened, modules: Sequence[str], *, is_all: bool, as_json: bool) -> None:
        _view(opened, modules, option, value, as_json=as_json)

    return show


def _view(opened: Opened, modules: Sequence[str], option: str, value: str, *, as_json: bool) -> None:
    view, corpus = VIEWS[option], opened.corpus
    if view.needs_run and not corpus.is_run:
        raise SpecError(f"{corpus.url}: is a data set, and {option} is about what a run dropped.  `curate init {corpus.url}` writes a recipe to run.")  # fmt: skip
    found = view.find(corpus, value, modules)
    margins = [found["margin"]] if isinstance(found, dict) and found.get("margin") is not None else []
    sample = corpus.sampled.described(margins) if corpus.sampled else None
    if as_json:
        body = {"entries": found} if isinstance(found, list) else found
        print_json({"missing": list(corpus.missing), "sample": sample, **body}, is_document=True)
        return
    show_overview.print_missing(corpus)
    show_overview.print_sample(sample)
    view.show(found, corpus)


def _overview(opened: Opened, modules: Sequence[str], *, is_all: bool, as_json: bool) -> None:
    corpus, run = opened.corpus, opened.run
    if as_json:
        print_json({**_summary(opened), **show_overview.data(corpus, is_all=is_all)})
        return
    if run is not None:
        _print_finished(opened, modules)
    elif corpus.is_run:
        show_funnel.print_funnel(corpus.ledger, is_finished=False)
    else:
        n_unread = corpus.ledger.n_dropped
        OUT.print(f"{corpus.url}: {many(corpus.ledger.n_out, 'document')} measured", f", {n_unread:,} could not be read" * bool(n_unread))  # fmt: skip
        OUT.print()
    show_overview.print_missing(corpus)
    show_overview.print_reasons(corpus)
    show_overview.print_distributions(corpus, is_all=is_all)
    if run is not None:
        show_run.print_places(corpus.url, run)


def _print_finished(opened: Opened, modules: Sequence[str]) -> None:
    chosen = sections.with_modules(modules)
    is_narrow = OUT.width is not None and OUT.width < show_funnel.WIDEST
    if is_narrow:
        show_funnel.print_funnel(opened.corpus.ledger, is_finished=True)
    show_run.print_sections(opened.run, [section for section in chosen if section is not FUNNEL or not is_narrow])


def _summary(opened: Opened) -> dict[str, Any]:
    corpus = opened.corpus
    if opened.run is not None:
        return {"kind": "finished run", **show_run.summary(corpus.url)}
    kind, at = ("unfinished run", "run") if corpus.is_run else ("data set", "dataset")
    ledger = corpus.ledger
    documents = {"in": ledger.n_born, "dropped": ledger.n_dropped, "left": ledger.n_born - ledger.n_dropped}
    return {"kind": kind, at: corpus.url, "documents": documents, **ledger.to_json()}
