"""From the name of a model to the model: a bundled one, a file, a folder, or one of a model hub.

What a file is, is read from its first bytes, not from its name, and everything but the three known formats is refused.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from curate.assets import File
from curate.classifiers import hub
from curate.classifiers.model import Model
from curate.errors import InputError

BUNDLED = Path(__file__).resolve().parent.parent / "models"
SUFFIXES = (".npz", ".ftz", ".bin")
ENCODER_FILES = re.compile(
    r"config\.json|model[\w.-]*\.safetensors(\.index\.json)?|tokenizer[\w.]*|vocab\.\w+|.*\.model|merges\.txt|special_tokens_map\.json"
)
"""The files of a transformers folder that are read; none of them can hold code."""

_PICKLE = "is or holds a pickle, which runs code when it is opened; nothing is ever unpickled here"


class ModelName(File):
    """The name of a model as a parameter: it takes part in what a stage computes with the content of its files.

    A name of a hub becomes one that names the commit it stands for today, so that every worker, and every later run of
    the resolved recipe, reads the same bytes.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def pinned(name: str) -> ModelName:
            return cls(hub.pinned(name) if name.startswith(hub.PREFIX) else name)

        return core_schema.no_info_after_validator_function(pinned, core_schema.str_schema(strict=True))

    def find(self) -> list[str]:
        """Return the files of the model, sorted.

        Raises:
            InputError: there is no such model.
        """
        path = find(self)
        if path.is_file():
            return [str(path)]
        found = sorted(str(each) for each in path.iterdir() if ENCODER_FILES.fullmatch(each.name))
        if not any(name.endswith(".safetensors") for name in found):
            raise InputError(
                f"{self}: a folder without model.safetensors; an encoder is a folder that `save_pretrained` wrote.{_has_pickle(path)}"
            )
        return found


def find(name: str) -> Path:
    """Return where a model lies, fetching it from its hub if need be.

    Raises:
        InputError: there is no such model; the message names the bundled ones.
    """
    if name.startswith(hub.PREFIX):
        return hub.fetch(name)
    path = Path(name).expanduser()
    if path.is_file() or (path.is_dir() and not _bundled(name)):
        return path
    if bundled := _bundled(name):
        return bundled
    names = sorted({each.stem for each in BUNDLED.iterdir() if each.suffix in SUFFIXES} - {"extraction"})
    raise InputError(
        f"no model {name}: there is no such file, and the bundled ones are {', '.join(names) or 'none'}.  "
        "Others are named by path, or as hf://owner/repo/file."
    )


def open_model(name: str, label: str | None = None) -> Model:
    """Open a model.

    Args:
        name: a bundled model (`toxicity`), the path of a file or folder, or `hf://owner/repo[@revision][/file]`.
        label: the label to score; only needed where the model does not say which is the positive one.

    Raises:
        InputError: there is no such model, or it is damaged, a pickle, or of a kind not known here.
        SpecError: the model has no such label, or needs one to be named.
    """
    from curate.errors import SpecError

    files = ModelName(name).find()
    path = find(name)
    model = _opened(path)
    model.origin, model.digest = name, _digest(files)
    if label is not None:
        return model.named(label)
    if not model.positive:
        names = ", ".join(model.labels[:20]) + (" ..." if len(model.labels) > 20 else "")
        raise SpecError(f"label: {name} does not say which of its labels is to be scored; choose one of {names}.")
    return model


def _opened(path: Path) -> Model:
    if path.is_dir():
        from curate.classifiers.encoder import EncoderModel

        return EncoderModel.load(path)
    with open(path, "rb") as file:
        head = file.read(64)
    if head[:4] == (793712314).to_bytes(4, "little"):
        from curate.classifiers.fasttext import FastTextModel

        return FastTextModel.load(path)
    if head[:2] == b"PK":
        import zipfile

        try:
            names = zipfile.ZipFile(path).namelist()
        except (zipfile.BadZipFile, OSError) as error:
            raise InputError(f"{path}: a damaged archive, probably cut off: {error}") from None
        if any(each.endswith((".pkl", ".pickle", ".joblib")) for each in names):
            raise InputError(f"{path} {_PICKLE}.")
        from curate.classifiers.linear import LinearModel

        return LinearModel.load(path)
    raise InputError(f"{path} {_what_it_is(head, path.name)}")


def _what_it_is(head: bytes, name: str) -> str:
    if head[:1] == b"\x80" or name.endswith((".pkl", ".pickle", ".joblib")) or head[:2] in (b"\x1f\x8b", b"x\x9c"):
        return f"{_PICKLE}.  Train it again with `curate classifier train`, or export it as safetensors."
    if b'{"' in head[8:16]:
        return "is a safetensors file; name the folder it lies in, with its config.json and tokenizer."
    if not head:
        return "is empty."
    return "is no model of a kind known here: a .npz of `curate classifier train`, a fastText .bin or .ftz, or a transformers folder."


def _has_pickle(folder: Path) -> str:
    found = [each.name for each in folder.iterdir() if each.suffix in (".bin", ".pt", ".pth", ".pkl")]
    return f"  {found[0]} {_PICKLE}." if found else ""


def _bundled(name: str) -> Path | None:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        return None
    return next((path for suffix in SUFFIXES if (path := BUNDLED / f"{name}{suffix}").is_file()), None)


def _digest(files: list[str]) -> str:
    state = hashlib.sha256()
    for name in files:
        with open(name, "rb") as file:
            state.update(Path(name).name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return state.hexdigest()
