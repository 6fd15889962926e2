"""Turn raw web crawl into training data for language models, and prove what was done.

    curate.run("pipelines/wanjuan_cc.yaml")                  run a recipe
    curate.step("filters.gopher.quality", min_words=30)      one of our stages in a datatrove pipeline
    curate.Doc, Batch, Verdicts, Rules                       what your own stages are made of
    curate.Barrier, Emitted, Reduction, Columns, Places      what your own barriers are made of

Importing this loads nothing heavy; each name is imported when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.barrier import Barrier, Emitted, Reduction
    from curate.batch import Batch, Columns, Doc, Places, Verdicts
    from curate.engine.datatrove.step import step
    from curate.engine.run import run
    from curate.rules import Rules, at_least, at_most

_HOME = {
    "Barrier": "curate.barrier",
    "Batch": "curate.batch",
    "Columns": "curate.batch",
    "Doc": "curate.batch",
    "Emitted": "curate.barrier",
    "Places": "curate.batch",
    "Reduction": "curate.barrier",
    "Rules": "curate.rules",
    "Verdicts": "curate.batch",
    "at_least": "curate.rules",
    "at_most": "curate.rules",
    "run": "curate.engine.run",
    "step": "curate.engine.datatrove.step",
}

__all__ = [
    "Barrier",
    "Batch",
    "Columns",
    "Doc",
    "Emitted",
    "Places",
    "Reduction",
    "Rules",
    "Verdicts",
    "__version__",
    "at_least",
    "at_most",
    "run",
    "step",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("curate")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'curate' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
