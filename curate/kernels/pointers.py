"""Read bytes by address, one or eight at a time: the building blocks of the inner loops of the text kernels.

When numba passes an array to a function, it counts a reference at each call; in a loop over bytes this costs
several times more than the work itself. So the helpers of a kernel take the address of the text, and the kernel that
received the array keeps it alive. Nothing here checks bounds; the caller must.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
EACH = np.uint64(0x0101010101010101)  # one in each byte
HIGH = np.uint64(0x8080808080808080)  # the highest bit of each byte


@intrinsic
def address_of(typing_context, array):
    """Return the address of the first element of a contiguous array, as `intp`."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, ir.IntType(64))

    return types.intp(array), generate


def _load(builder, arguments, bits: int):
    address, at = arguments
    kind = ir.IntType(bits)
    place = builder.add(address, builder.mul(at, ir.Constant(ir.IntType(64), bits // 8 if bits < 64 else 1)))
    value = builder.load(builder.inttoptr(place, kind.as_pointer()))
    value.align = 1
    return value if bits == 64 else builder.zext(value, ir.IntType(64))


@intrinsic
def byte_at(typing_context, address, at):
    """Return byte `at` of the uint8[] at an address, as `int64`."""

    def generate(context, builder, signature, arguments):
        return _load(builder, arguments, 8)

    return types.int64(types.intp, types.intp), generate


@intrinsic
def short_at(typing_context, address, at):
    """Return element `at` of the uint16[] at an address, as `int64`."""

    def generate(context, builder, signature, arguments):
        return _load(builder, arguments, 16)

    return types.int64(types.intp, types.intp), generate


@intrinsic
def eight_at(typing_context, address, at):
    """Return the eight bytes from byte `at` of the uint8[] at an address, aligned or not, as `uint64`."""

    def generate(context, builder, signature, arguments):
        return _load(builder, arguments, 64)

    return types.uint64(types.intp, types.intp), generate


@intrinsic
def copy(typing_context, target, source, n):
    """Copy bytes from one address to another; the two ranges may overlap.

    Args:
        target, source: addresses of uint8[>= n].
        n: number of bytes.
    """

    def generate(context, builder, signature, arguments):
        byte = ir.IntType(8).as_pointer()
        to, source, n = arguments
        cgutils.raw_memmove(builder, builder.inttoptr(to, byte), builder.inttoptr(source, byte), n, 1)
        return context.get_dummy_value()

    return types.void(types.intp, types.intp, types.intp), generate


@intrinsic
def trailing_zeros(typing_context, value):
    """Return how many of the lowest bits of a `uint64` are zero, as `int64`; 64 for zero."""

    def generate(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), generate


@intrinsic
def ones(typing_context, value):
    """Return how many bits of a `uint64` are one, as `int64`."""

    def generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), generate


@njit(cache=True, nogil=True, forceinline=True)
def bytes_equal(eight, byte):
    """Return the highest bit of each of eight bytes that equals `byte`, as `uint64`."""
    other = eight ^ EACH * np.uint64(byte)
    return ~((other & ~HIGH) + ~HIGH | other) & HIGH


@njit(cache=True, nogil=True)
def count_byte(text, start, end, byte):
    """Count how often a byte occurs.

    Args:
        text: address of uint8[m].
        start, end: byte bounds.
        byte: 0 to 255.
    Returns:
        the number of occurrences.
    """
    count = 0
    while start + 8 <= end:
        count += ones(bytes_equal(eight_at(text, start), byte))
        start += 8
    for at in range(start, end):
        count += byte_at(text, at) == byte
    return count
