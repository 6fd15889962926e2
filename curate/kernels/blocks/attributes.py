"""Read the attributes of a tag: where their values are, and what classes and ids hint at."""

from __future__ import annotations

import numpy as np

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks import tags
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.elements import equals
from curate.kernels.blocks.groups import HIDDEN_BIT, boundary, groups_at, step
from curate.kernels.blocks.tags import attribute_of, hash_next, hash_start, lower

_NONE = np.frombuffer(b"display:none", np.uint8).copy()
_NONE_SPACED = np.frombuffer(b"display: none", np.uint8).copy()
_INVISIBLE = np.frombuffer(b"visibility:hidden", np.uint8).copy()
_TRUE = np.frombuffer(b"true", np.uint8).copy()


@inlined
def read_attributes(t, at):
    """Record where the values of a tag's attributes are; return the byte after the `>` of the tag, at most N_BYTES.

    If a name occurs twice, the first one counts, as in browsers. An attribute without a value has an empty value.
    """
    data, values, n = t.data, t.values, t.state[at_.N_BYTES]
    values[:] = -1
    while at < n:
        byte = data[at]
        if byte == 0x3E:  # >
            return at + 1
        if byte == 0x2F or byte <= 0x20:  # / and white space
            at += 1
            continue
        value, at = hash_next(hash_start(), lower(byte)), at + 1
        while at < n:
            byte = data[at]
            if byte == 0x3D or byte == 0x3E or byte == 0x2F or byte <= 0x20:
                break
            value = hash_next(value, lower(byte))
            at += 1
        name = attribute_of(value)
        while at < n and data[at] <= 0x20:
            at += 1
        start = end = at
        if at < n and data[at] == 0x3D:
            start, end, at = _value(data, at + 1, n)
        if name >= 0 and values[name, 0] < 0:
            values[name, 0], values[name, 1] = start, end
    return n


@inlined
def _value(data, at, n):
    """Return `(start, end, byte to go on from)` of a value."""
    while at < n and data[at] <= 0x20:
        at += 1
    if at < n and (data[at] == 0x22 or data[at] == 0x27):
        quote, start = data[at], at + 1
        at = start
        while at < n and data[at] != quote:
            at += 1
        return start, at, min(at + 1, n)
    start = at
    while at < n and data[at] > 0x20 and data[at] != 0x3E:
        at += 1
    return start, at, at


@compiled
def groups_of_tag(t):
    """Return the groups, as bits, that class, id, role and itemprop of the current tag hint at, and whether it is hidden."""
    found = np.uint64(0)
    for name in range(tags.ITEMPROP + 1):
        start, end = t.values[name, 0], t.values[name, 1]
        if start >= 0:
            found |= _groups(t.data, start, end)
    if _hides(t):
        found |= HIDDEN_BIT
    return found


@inlined
def _groups(data, start, end):
    found, state, was_small = np.uint64(0), boundary(0), False
    for at in range(start, end):
        byte = np.int64(data[at])
        if was_small and 65 <= byte <= 90:
            state = boundary(state)
            found |= groups_at(state)
        state = step(state, byte)
        found |= groups_at(state)
        was_small = 97 <= byte <= 122
    return found | groups_at(boundary(state))


@inlined
def _hides(t):
    values, data = t.values, t.data
    if values[tags.HIDDEN, 0] >= 0:
        return True
    start, end = values[tags.ARIA_HIDDEN, 0], values[tags.ARIA_HIDDEN, 1]
    if start >= 0 and end - start == 4 and equals(data, start, _TRUE):
        return True
    for at in range(values[tags.STYLE, 0], values[tags.STYLE, 1] - 11):
        byte = data[at] | 32
        if byte == 0x64 and (equals(data, at, _NONE) or equals(data, at, _NONE_SPACED)):
            return True
        if byte == 0x76 and equals(data, at, _INVISIBLE):
            return True
    return False


@inlined
def read_classes(t, element):
    """Store for an element what the current tag has: groups, hashes of classes and ids, the signature."""
    own = t.elements[element]
    t.groups[element] = groups_of_tag(t)
    own[at_.CLASS_START], own[at_.CLASS_END] = t.values[tags.CLASS, 0], t.values[tags.CLASS, 1]
    signature = np.uint64(own[at_.TAG] + 1)
    for name in range(tags.ITEMPROP + 1):
        if t.values[name, 0] >= 0:
            signature = _tokens(t, own, signature, t.values[name, 0], t.values[name, 1])
    own[at_.SIGNATURE] = np.int32(signature & np.uint64(0x7FFFFFFF))


@inlined
def _tokens(t, own, signature, start, end):
    """Add the words of one value to the tokens of an element; all runs of digits in them are equal."""
    data, at = t.data, start
    while at < end:
        while at < end and data[at] <= 0x20:
            at += 1
        first, value, in_number = at, hash_start(), False
        while at < end and data[at] > 0x20:
            byte = lower(data[at])
            is_digit = 48 <= byte <= 57
            if not (is_digit and in_number):
                value = hash_next(value, 48 if is_digit else byte)
            in_number = is_digit
            at += 1
        if at == first or own[at_.END_TOKEN] - own[at_.FIRST_TOKEN] >= at_.TOKENS_EACH:
            break
        value ^= value >> np.uint64(29)
        t.tokens[own[at_.END_TOKEN]] = np.uint32(value & np.uint64(0xFFFFFFFF))
        own[at_.END_TOKEN] += 1
        t.state[at_.TOKENS] += 1
        signature = (signature ^ value) * np.uint64(0x9E3779B97F4A7C15)
        signature ^= signature >> np.uint64(31)
    return signature
