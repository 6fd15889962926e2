"""Arrow arrays of lists and maps, taken apart in the same way for every kind of list."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_LISTS = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
    pa.types.is_map,
)


def is_list(kind: pa.DataType) -> bool:
    """Return whether values of a type are lists of any kind; a map is a list of structs with `key` and `value`."""
    return any(is_kind(kind) for is_kind in _LISTS)


def lengths_and_items(array: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Return the number of items of each list, 0 for null, as int64[n], and the items of all lists."""
    if pa.types.is_map(array.type):
        array = _map_as_list(array)
    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths, array.flatten()


def _map_as_list(array: pa.MapArray) -> pa.ListArray:
    offsets = array.offsets.to_numpy()  # into all keys, also if the array is a slice
    start, n = int(offsets[0]), int(offsets[-1] - offsets[0])
    parts = [array.keys.slice(start, n), array.items.slice(start, n)]
    entries = pa.StructArray.from_arrays(parts, fields=[array.type.key_field, array.type.item_field])
    return pa.ListArray.from_arrays(pa.array(offsets - start, pa.int32()), entries, mask=array.is_null())
