"""Which column of a file becomes which column of a batch, for files that name their columns themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from curate.batch import CORE
from curate.errors import SpecError

Type = Literal["string", "int", "float", "bool"]
"""The types an extra column can be declared with."""

ARROW: Mapping[str, pa.DataType] = {"string": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}


def schema_of(fields: Mapping[str, str], extra: Mapping[str, Type]) -> pa.Schema:
    """Return the columns of every batch: the core ones, then the extra ones as declared.

    Nothing of it depends on a file, so that all shards of an input agree, whatever its files hold.

    Raises:
        SpecError: a column is mapped that is neither core nor extra, or an extra column is a core one.
    """
    for name in fields:
        if name not in CORE and name not in extra:
            raise SpecError(
                f'fields: "{name}" is no column.  Core columns are {", ".join(CORE)}; declare others: extra: {{{name}: string}}'
            )
    for name in extra:
        if name in CORE:
            raise SpecError(f'extra: "{name}" is a core column and always there; say in `fields` where the file has it')
    return pa.schema([*CORE.items(), *((name, ARROW[kind]) for name, kind in extra.items())])
