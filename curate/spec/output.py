"""What a recipe may say of its output, whichever sink writes it: which columns come out, and how large files are."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from typing_extensions import TypedDict

from curate import params
from curate.batch import CORE
from curate.errors import SpecError
from curate.params import AboveZero, Positive

ALWAYS = ("id", "text")
"""Columns that always come out under their names: loaders, `curate explain` and later runs rely on them."""

SIZES = ("file_mib", "file_docs", "files")
"""The three ways to say how large files are."""


class ColumnsOfOutput(TypedDict, total=False):
    """`keep`: patterns (as in a shell: `words.*`) of the columns that come out, instead of the default; `add`: of columns that
    come out besides; `drop`: of columns that do not; `rename`: column -> its name in the output, where it then comes out."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (pydantic reads it so)

    keep: list[str]
    add: list[str]
    drop: list[str]
    rename: dict[str, str]


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Which columns come out, and under which names; the default is all but measurements.

    Args:
        keep: patterns; None for the default. add, drop: patterns. rename: column -> name.
    """

    keep: tuple[str, ...] | None = None
    add: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict)

    def of(self, names: Iterable[str], measured: Collection[str]) -> dict[str, str]:
        """Return the columns that come out, in their order, with their names in the output.

        Args:
            names: all columns. measured: those of them that are measurements.
        """
        return {name: self.rename.get(name, name) for name in names if self._is_chosen(name, measured)}

    def _is_chosen(self, name: str, measured: Collection[str]) -> bool:
        if name in ALWAYS or name in self.rename:
            return True
        is_kept = name not in measured if self.keep is None else fits(name, self.keep)
        return (is_kept or fits(name, self.add)) and not fits(name, self.drop)


@dataclass(frozen=True, slots=True)
class FileSizes:
    """How the whole output is divided into files: exactly one of these is given.

    Args:
        n_bytes, n_docs: content bytes, or documents, of a file; the last has the rest. n_files: all files have as many
            documents, give or take one.
    """

    n_bytes: int | None = None
    n_docs: int | None = None
    n_files: Positive | None = None


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """What a recipe says of its output, whichever sink writes it.

    Args:
        columns: which come out.
        sizes: of the files of the whole output; None lets each task write files of its own.
        where: the position of `columns` in the recipe, for errors.
    """

    columns: ColumnChoice = ColumnChoice()
    sizes: FileSizes | None = None
    where: str = ""

    @classmethod
    def of(
        cls,
        *,
        columns: ColumnsOfOutput = {},  # noqa: B006
        file_mib: AboveZero | None = None,
        file_docs: Positive | None = None,
        files: Positive | None = None,
    ) -> OutputSpec:
        """Return the specification; these keywords are what YAML may say beside the sink's own parameters.

        Args:
            columns: which columns come out; by default all but signals and other measurements.
            file_mib: about how many MiB of uncompressed content a file has.
            file_docs: how many documents a file has.
            files: how many files there are, all of the same number of documents, give or take one.

        Raises:
            SpecError: several sizes are given.
        """
        sizes = dict(zip(SIZES, (file_mib, file_docs, files), strict=True))
        given = {name: size for name, size in sizes.items() if size is not None}
        if len(given) > 1:
            raise SpecError(f"{' and '.join(given)} contradict each other.  Keep one of them.")
        n_bytes = max(1, int(file_mib * (1 << 20))) if file_mib is not None else None
        return cls(_choice(columns), FileSizes(n_bytes, file_docs, files) if given else None)


OUTPUT_PARAMS = params.of("output", OutputSpec.of, skip=0)
"""What YAML may say of every output, beside the parameters of its sink."""


def fits(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a column's name fits one of these patterns of a shell."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _choice(given: ColumnsOfOutput) -> ColumnChoice:
    keep, add, drop = (given.get(key) for key in ("keep", "add", "drop"))
    choice = ColumnChoice(
        tuple(keep) if keep is not None else None, tuple(add or ()), tuple(drop or ()), dict(given.get("rename", {}))
    )
    for name in ALWAYS:
        if name in choice.rename:
            raise SpecError(f"columns > rename > {name}: `id` and `text` always come out under these names.")
        for pattern in choice.drop:
            if fnmatchcase(name, pattern):
                raise SpecError(f"columns > drop: `{pattern}` drops the column `{name}`, which always comes out.")
    for old, new in choice.rename.items():
        if not new:
            raise SpecError(f"columns > rename > {old}: a column needs a name.")
        if new in CORE:
            raise SpecError(
                f"columns > rename > {old}: `{new}` is a core column, by which documents are found.  Map a column of the files "
                f"to it with `fields: {{{new}: {old}}}` at the source."
            )
        for pattern in choice.drop:
            if fnmatchcase(old, pattern):
                raise SpecError(f"columns > drop: `{pattern}` drops the column `{old}`, which `rename` names.")
    return choice
