"""From the name of a model to the model: a bundled one, a file, a folder, or one of a model hub.

Which backend a file belongs to is read from its content, not from its name. Pickles are refused before any backend sees
them, and so is everything that no backend recognises.
"""

from __future__ import annotations

import functools
import hashlib
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from curate.assets import File, Location
from curate.classifiers import backends, hub
from curate.classifiers.backend import Backend
from curate.classifiers.model import Model, check_label
from curate.errors import InputError

BUNDLED = Path(__file__).resolve().parent.parent / "models"
CATALOGUE = BUNDLED / "catalogue.yaml"
SUFFIXES = tuple(suffix for backend in backends.BACKENDS for suffix in backend.suffixes if suffix)

_PICKLE = (
    "is a pickle or contains one, which would run code when it is opened.  Train the model again with "
    "`curate classifier train`, or export it as safetensors."
)
_PICKLE_SUFFIXES = (".pkl", ".pickle", ".joblib")
ZIP = b"PK"
_COMPRESSED = (b"\x1f\x8b", b"x\x9c")
"""gzip and zlib, in which joblib wraps its pickles."""


class ModelName(File):
    """The name of a model as a parameter: the content of its files is part of what a stage computes with.

    The name of a model on a hub becomes one that names today's commit, so that every worker, and every later run of the
    resolved recipe, reads the same bytes.

    Attributes:
        modules: modules of the user's that define further backends.
    """

    __slots__ = ("modules",)

    modules: tuple[str, ...]

    def __new__(cls, name: str, written: str = "", modules: Iterable[str] = ()) -> ModelName:
        made = super().__new__(cls, name, written)
        made.modules = tuple(modules)
        return made

    def using(self, modules: Iterable[str]) -> ModelName:
        """Return the name with the modules that define further backends."""
        return ModelName(self, modules=modules)

    def settled(self) -> ModelName:
        return ModelName(hub.pinned(self), modules=self.modules) if hub.is_on_hub(self) else self

    def is_relative(self) -> bool:
        return _bundled(self) is None and super().is_relative()

    def find(self) -> list[str]:
        """Return the files of the model, sorted.

        Raises:
            InputError: there is no such model, or it is a folder that no backend recognises.
        """
        path = find(self)
        return [str(each) for each in recognised(path, self.modules).files(path)]

    def readers(self) -> tuple[type, ...]:
        return (type(recognised(find(self), self.modules)),)


def find(name: str) -> Path:
    """Return the path of a model, after fetching it from its hub if necessary.

    Raises:
        InputError: there is no such model; the message lists the bundled ones.
    """
    if hub.is_on_hub(name):
        return hub.fetch(name)
    path = Path(name).expanduser()
    if path.is_file() or (path.is_dir() and not _bundled(name)):
        return path
    if bundled := _bundled(name):
        return bundled
    names = sorted({each.stem for each in BUNDLED.iterdir() if each.suffix in SUFFIXES} - {"extraction"})
    raise InputError(
        f"no model {Location(name).written}: there is no such file or folder, and the bundled models are {', '.join(names) or 'none'}.  "
        "Give a path, the name of a bundled model, or hf://owner/repo/file."
    )


def languages_of(name: str) -> tuple[str, ...]:
    """Return the languages that a model knows; empty if it is not said, as of models that are not bundled.

    Raises:
        InputError: the model does not exist.
    """
    path = None if hub.is_on_hub(name) else find(name)
    return _catalogue().get(path.stem, ()) if path and path.parent == BUNDLED else ()


def open_model(name: str, label: str | None = None, modules: Iterable[str] = ()) -> Model:
    """Open a model.

    Args:
        name: a bundled model (`toxicity`), the path of a file or folder, or `hf://owner/repo[@revision][/file]`.
        label: the label to score; only needed if the model does not say which is the positive one.
        modules: names of modules of yours that define further backends.

    Raises:
        InputError: there is no such model; or it is damaged, a pickle, or of a kind that no backend recognises.
        SpecError: the model has no such label, or needs one to be named; or a module cannot be imported.
    """
    path = find(name)
    backend = recognised(path, modules)
    model = backend.load(path)
    model.backend, model.origin, model.digest = backend.name, name, _digest(backend.files(path))
    model.languages = languages_of(name)
    if label is not None:
        return model.named(label)
    if not model.positive:
        check_label(name, model.labels, None)
    return model


def check_model(name: str, label: str | None = None, modules: Iterable[str] = ()) -> None:
    """Look whether a model can be opened, without loading all of it; arguments and errors as of `open_model`."""
    path = find(name)
    labels = recognised(path, modules).labels(path)
    if labels is not None:
        check_label(name, labels, label)


def recognised(path: Path, modules: Iterable[str] = ()) -> Backend:
    """Return the backend that a file or folder belongs to: the first in the table that recognises it.

    Raises:
        InputError: it is a pickle or contains one, or no backend recognises it; the message says what it is instead.
        SpecError: a module cannot be imported.
    """
    known = backends.table(modules)
    try:
        if path.is_file():
            _refuse_pickle(path)
        for backend in known.values():
            if backend.recognises(path):
                return backend
        raise InputError(f"{path} {_what_else(path, known.values())}")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.  Check its permissions.") from error


def _refuse_pickle(path: Path) -> None:
    head = _head(path)
    names = [path.name]
    if head[:2] == ZIP:
        try:
            with zipfile.ZipFile(path) as archive:
                names += archive.namelist()
        except (zipfile.BadZipFile, OSError) as error:
            raise InputError(f"{path}: a damaged archive, probably cut off: {error}.  Copy it again.") from None
    if head[:1] == b"\x80" or any(name.endswith(_PICKLE_SUFFIXES) for name in names):
        raise InputError(f"{path} {_PICKLE}")


def _what_else(path: Path, known: Iterable[Backend]) -> str:
    """Return what a path is that no backend recognises, and what to do about it."""
    if path.is_dir():
        pickles = [each.name for each in path.iterdir() if each.suffix in (".bin", ".pt", ".pth", ".pkl")]
        pickle = f"  {pickles[0]} {_PICKLE}" if pickles else ""
        return f"is a folder without model.safetensors; an encoder is a folder that `save_pretrained` wrote.{pickle}"
    head = _head(path)
    if not head:
        return "is empty.  Copy it again."
    if head[:2] in _COMPRESSED:
        return _PICKLE
    if b'{"' in head[8:16]:
        return "is a safetensors file.  Name the folder that contains it, its config.json and its tokenizer."
    return (
        f"is not a model that a backend recognises; the backends are {', '.join(each.name for each in known)}.  "
        "A module of yours that defines another is named under `modules:` in a recipe, with --module on the command line."
    )


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(64)


def _bundled(name: str) -> Path | None:
    if not re.fullmatch(r"[a-z0-9_]+", name):
        return None
    return next((path for suffix in SUFFIXES if (path := BUNDLED / f"{name}{suffix}").is_file()), None)


@functools.cache
def _catalogue() -> Mapping[str, tuple[str, ...]]:
    """Return the languages of each bundled classifier, by its name."""
    import yaml

    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return {name: tuple(entry["languages"]) for name, entry in entries.items()}


def _digest(files: Iterable[Path]) -> str:
    state = hashlib.sha256()
    for path in files:
        with open(path, "rb") as file:
            state.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return state.hexdigest()
