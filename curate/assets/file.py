"""Define the parameter types for places and for files, and find the files."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Self

from curate.assets.cache import find
from curate.assets.catalogue import PREFIX
from curate.errors import InputError


class Location(str):
    """A path, glob or fsspec URL in a recipe. In the file of the recipe, a relative path begins in the folder of that file.

    It is a string, so it can be written as JSON.

    Attributes:
        written: as it stands in the recipe. Fingerprints have it, so that a project can be moved.
    """

    __slots__ = ("written",)

    written: str

    def __new__(cls, value: str, written: str = "") -> Self:
        made = super().__new__(cls, value)
        made.written = written or (value.written if isinstance(value, Location) else str(value))
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def typed(value: Any, check: Callable[[Any], str]) -> Location:
            checked = check(value)
            return cls(checked, value.written if isinstance(value, Location) else checked).settled()

        return core_schema.no_info_wrap_validator_function(typed, core_schema.str_schema(strict=True))

    def settled(self) -> Self:
        """Return the name of what it stands for today, where that may change; most kinds stay as they are."""
        return self

    def is_relative(self) -> bool:
        """Return whether it is a local path, or a glob, whose beginning is not said: no URL, nor absolute or below `~`."""
        import fsspec

        protocol, path = fsspec.core.split_protocol(self)
        return protocol is None and not os.path.isabs(os.path.expanduser(path))


class File(Location):
    """A path, glob, fsspec URL or `asset:NAME` of files that the stage reads.

    The content of the files is part of the fingerprint of the recipe. If there are no such files, the recipe is refused,
    with the line of the parameter.
    """

    __slots__ = ()

    def is_relative(self) -> bool:
        return not self.startswith(PREFIX) and super().is_relative()

    def using(self, modules: Sequence[str]) -> File:
        """Return the name with the modules of the user's that may say what kind of file it is; most kinds need none."""
        return self

    def readers(self) -> tuple[type, ...]:
        """Return the classes that read the files, where these depend on the files; their code counts as the content does."""
        return ()

    def find(self) -> list[str]:
        """Return the matching files, sorted, as paths that fsspec can open.

        Raises:
            InputError: no file matches, or they cannot be listed.
        """
        if self.startswith(PREFIX):
            return [str(find(self))]
        import fsspec

        try:
            fs, path = fsspec.core.url_to_fs(self)
            names = [path] if fs.exists(path) else fs.glob(path)
            files = sorted(name for name in names if fs.isfile(name))
        except Exception as error:  # every file system raises its own errors
            raise InputError(f"{self}: cannot be listed: {error}") from error
        if not files:
            what = "is a folder, expected files.  Append /*" if names else "no such file, and none that matches"
            raise InputError(f"{self}: {what}.")
        return files if "file" in fs.protocol else [fs.unstrip_protocol(name) for name in files]
