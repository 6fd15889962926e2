"""What a backend is: a kind of classifier, how its files are recognised and opened, and how one is trained.

The table of those that ship with curate is `curate.classifiers.backends.BACKENDS`. A module of yours adds one: a subclass
of `Backend`, an instance of it in a public variable, and a subclass of `curate.classifiers.model.Model` that scores texts.
The commands take the module as `--module NAME`, `open_model` and `train` as `modules=["NAME"]`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.errors import SpecError

if TYPE_CHECKING:
    from curate.classifiers.examples import Examples
    from curate.classifiers.model import Model


class Backend(ABC):
    """A kind of classifier.

    Import heavy packages inside the methods, because the help of the command line reads the table.

    Args:
        name: what `--backend` and the model card call it.
        suffixes: of the paths that it writes, such as `.npz`; an empty one means a folder.
        writes: what it writes, as error messages say it: `a fastText file, .bin or .ftz`.
    """

    name: str
    suffixes: tuple[str, ...]
    writes: str

    @abstractmethod
    def recognises(self, path: Path) -> bool:
        """Return whether a file or folder contains a model of this backend, from its content and not from its name."""

    @abstractmethod
    def load(self, path: Path) -> Model:
        """Open a model. Nothing that its files contain may be run: no pickles, no code.

        Raises:
            InputError: it is damaged, or a package is not installed.
        """

    def labels(self, path: Path) -> tuple[str, ...] | None:
        """Return the labels of a model without loading all of it; None, as by default, if only `load` finds them.

        Raises:
            InputError: it is damaged, or a package is not installed.
        """
        return None

    @abstractmethod
    def settings(self, *, quantise: bool = False, base: str = "") -> Any:
        """Return the usual settings of the fit, a dataclass.

        Args:
            quantise: write a smaller model that is a little less accurate.
            base: the folder of a pretrained model to start from; empty for none.

        Raises:
            SpecError: the backend cannot quantise, or cannot start from a pretrained model.
        """

    @abstractmethod
    def fit(
        self,
        train: Examples,
        validation: Examples,
        weights: tuple[float, float],
        settings: Any,
        seed: int,
        out: Path,
    ) -> Mapping[str, Any]:
        """Train a model and write it to `out`.

        Args:
            train: the texts to learn from.
            validation: the texts to choose and calibrate on.
            weights: of a negative and of a positive text in the loss, above 0.
            settings: of the class that `settings` returns.
            seed: of everything random, 0 to 2**32 - 1.
            out: a path that `check_out` accepted; its folder exists.
        Returns:
            what the fit chose, as JSON-like data for the model card: epochs, validation losses.
        Raises:
            InputError: a package is not installed.
            RunError: the fit failed.
        """

    def check_out(self, out: Path, settings: Any) -> None:
        """Check that a model with these settings can be written to `out`.

        Raises:
            SpecError: the suffix of `out` is not one of this backend.
        """
        if out.suffix not in self.suffixes:
            raise SpecError(f"--model {out}: the backend {self.name} writes {self.writes}.  Rename the output.")

    def files(self, path: Path) -> list[Path]:
        """Return the files of a model, sorted; their content is its digest."""
        return [path] if path.is_file() else sorted(each for each in path.rglob("*") if each.is_file())
