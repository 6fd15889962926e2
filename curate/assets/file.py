"""Define the parameter type for files, and find the files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from curate.assets.cache import find
from curate.assets.catalogue import PREFIX
from curate.errors import InputError


class File(str):
    """A path, glob, fsspec URL or `asset:NAME` of files that the stage reads.

    It is a string, so it can be written as JSON. The content of the files is part of the fingerprint of the recipe. If
    there are no such files, the recipe is refused, with the line of the parameter.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))

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
