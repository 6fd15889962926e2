"""The output columns of sources whose files have their own column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from curate.batch import CORE
from curate.errors import SpecError

ExtraType = Literal["string", "int", "float", "bool"]
"""The types that an extra column can be declared with."""

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
}


def schema_of(fields: Mapping[str, str], extra: Mapping[str, ExtraType]) -> pa.Schema:
    """Return the columns of every batch: the core columns, then the declared extra columns.

    The schema does not depend on the files, so all shards of an input have the same columns.

    Args:
        fields: output column -> column or key in the file.
        extra: extra column -> its type.
    Raises:
        SpecError: `fields` maps a column that is neither core nor extra, or `extra` declares a core column.
    """
    for name in fields:
        if name not in CORE and name not in extra:
            raise SpecError(
                f'fields: "{name}" is not a column; expected {", ".join(CORE)} or a column declared in `extra`.  '
                f"To declare it, write extra: {{{name}: string}}"
            )
    for name in extra:
        if name in CORE:
            raise SpecError(f'extra: "{name}" is a core column, so do not declare it.  Map it in `fields`')
    return pa.schema([*CORE.items(), *((name, ARROW_TYPES[kind]) for name, kind in extra.items())])
