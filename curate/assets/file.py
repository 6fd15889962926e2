"""What a recipe may name a file by, and the files behind it."""

from __future__ import annotations

from typing import Any

from curate.assets.cache import find
from curate.assets.catalogue import PREFIX
from curate.errors import InputError


class File(str):
    """A parameter's file, glob, fsspec URL or `asset:NAME` whose content takes part in what the stage computes.

    Plain text everywhere else, so that it goes through JSON; a recipe that names it has another fingerprint when the
    files behind it change. One that stands for no file is refused where it is written.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_after_validator_function(cls, core_schema.str_schema(strict=True))

    def find(self) -> list[str]:
        """Return the files it stands for, sorted, as fsspec opens them.

        Raises:
            InputError: there are none.
        """
        if self.startswith(PREFIX):
            return [str(find(self))]
        import fsspec

        try:
            fs, path = fsspec.core.url_to_fs(self)
            names = [path] if fs.exists(path) else fs.glob(path)
            found = sorted(name for name in names if fs.isfile(name))
        except Exception as error:  # each file system has errors of its own
            raise InputError(f"{self}: cannot be listed: {error}") from error
        if not found:
            what = "is a folder, expected files; try /* after it" if names else "no such file, and none that matches"
            raise InputError(f"{self}: {what}.")
        return found if "file" in fs.protocol else [fs.unstrip_protocol(name) for name in found]
