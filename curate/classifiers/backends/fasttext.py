"""The backend `fasttext`: supervised models of the fastText library, whole (`.bin`) or quantised (`.ftz`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.classifiers.backend import Backend
from curate.errors import SpecError

if TYPE_CHECKING:
    from curate.classifiers.examples import Examples
    from curate.classifiers.fasttext import FastTextModel
    from curate.classifiers.fit_fasttext import FastTextSettings


class FastTextBackend(Backend):
    """Models that are published in this format, and your own."""

    name = "fasttext"
    suffixes = (".bin", ".ftz")
    writes = "a file, .ftz if it is quantised (--quantise) and .bin if not"

    def recognises(self, path: Path) -> bool:
        from curate.classifiers import fasttext_file

        return fasttext_file.has_magic(path)

    def load(self, path: Path) -> FastTextModel:
        from curate.classifiers.fasttext import FastTextModel

        return FastTextModel.load(path)

    def labels(self, path: Path) -> tuple[str, ...]:
        from curate.classifiers import fasttext_file

        return fasttext_file.labels(path)

    def settings(self, *, quantise: bool = False, base: str = "") -> FastTextSettings:
        from curate.classifiers.fit_fasttext import FastTextSettings

        if base:
            raise SpecError(f"--base {base}: a fastText model cannot start from a pretrained model.  Omit --base.")
        return FastTextSettings(quantise=quantise)

    def check_out(self, out: Path, settings: FastTextSettings) -> None:
        super().check_out(out, settings)
        if settings.quantise != (out.suffix == ".ftz"):
            raise SpecError(f"--model {out}: the backend {self.name} writes {self.writes}.  Rename the output.")

    def fit(
        self,
        train: Examples,
        validation: Examples,
        weights: tuple[float, float],
        settings: FastTextSettings,
        seed: int,
        out: Path,
    ) -> Mapping[str, Any]:
        from curate.classifiers import fit_fasttext

        return fit_fasttext.fit(train, validation, weights, settings, seed, out)


BACKEND = FastTextBackend()
