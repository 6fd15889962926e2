"""The backend `encoder`: sequence classifiers of transformers, in a folder that `save_pretrained` wrote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from curate.classifiers.backend import Backend
from curate.errors import SpecError

if TYPE_CHECKING:
    from curate.classifiers.encoder import EncoderModel
    from curate.classifiers.examples import Examples
    from curate.classifiers.fit_encoder import EncoderSettings

FILES = re.compile(
    r"config\.json|model[\w.-]*\.safetensors(\.index\.json)?|tokenizer[\w.]*|vocab\.\w+|.*\.model|merges\.txt|special_tokens_map\.json"
)
"""The files of a folder that are read; none of them can contain code."""


class EncoderBackend(Backend):
    """The most accurate and the slowest backend; it is made for a GPU."""

    name = "encoder"
    suffixes = ("",)
    writes = "a folder, whose name has no suffix"

    def recognises(self, path: Path) -> bool:
        return path.is_dir() and any(each.name.endswith(".safetensors") for each in self.files(path))

    def load(self, path: Path) -> EncoderModel:
        from curate.classifiers.encoder import EncoderModel

        return EncoderModel.load(path)

    def labels(self, path: Path) -> tuple[str, ...] | None:
        from curate.classifiers import encoder

        return encoder.labels(path)

    def settings(self, *, quantise: bool = False, base: str = "") -> EncoderSettings:
        from curate.classifiers.fit_encoder import EncoderSettings

        if quantise:
            raise SpecError("--quantise: an encoder cannot be quantised.  Omit --quantise.")
        return EncoderSettings(base=base)

    def fit(
        self,
        train: Examples,
        validation: Examples,
        weights: tuple[float, float],
        settings: EncoderSettings,
        seed: int,
        out: Path,
    ) -> Mapping[str, Any]:
        from curate.classifiers import fit_encoder

        return fit_encoder.fit(train, validation, weights, settings, seed, out)

    def files(self, path: Path) -> list[Path]:
        return sorted(each for each in path.iterdir() if FILES.fullmatch(each.name) and each.is_file())


BACKEND = EncoderBackend()
