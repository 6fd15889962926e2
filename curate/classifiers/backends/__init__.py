"""The table of backends. Each stands in one file; a module of yours can add one (`curate.classifiers.backend`)."""

from __future__ import annotations

from collections.abc import Iterable

from curate import extensions
from curate.classifiers.backend import Backend
from curate.classifiers.backends import encoder, fasttext, linear
from curate.errors import SpecError

BACKENDS: tuple[Backend, ...] = (linear.BACKEND, fasttext.BACKEND, encoder.BACKEND)


def table(modules: Iterable[str] = ()) -> dict[str, Backend]:
    """Return all backends by name: those that ship with curate, then those of the user's modules.

    Raises:
        SpecError: a module cannot be imported, or two backends have the same name.
    """
    return extensions.table(Backend, BACKENDS, modules)


def named(name: str, modules: Iterable[str] = ()) -> Backend:
    """Return the backend of that name.

    Raises:
        SpecError: there is none of that name, or a module cannot be imported.
    """
    known = table(modules)
    if name not in known:
        raise SpecError(
            f'--backend "{name}": there is no such backend; expected one of {", ".join(known)}.  '
            "A module of yours that defines it is named with --module."
        )
    return known[name]
