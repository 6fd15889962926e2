"""`text.mask_pii`: personal data and secrets give way to placeholders.

A kernel passes over the bytes of a batch and returns spots where something may stand; only there are patterns tried,
so that a text without such spots costs one look at each byte, and one without finds keeps its buffer.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np
import pyarrow as pa

from curate.batch import Batch
from curate.kernels import pii_candidates
from curate.stages.text import _pii_addresses, _pii_keys, _pii_numbers, _pii_phones
from curate.stages.text._pii import Finder

Type = Literal["email", "phone", "ip_address", "card", "iban", "national_id", "key"]
TYPES: tuple[Type, ...] = ("email", "phone", "ip_address", "card", "iban", "national_id", "key")

FINDERS = (*_pii_keys.FINDERS, *_pii_numbers.FINDERS, *_pii_addresses.FINDERS, *_pii_phones.FINDERS)
"""All there is to find. Where finds overlap, that of the finder which stands first is taken."""


def mask_pii(batch: Batch, *, types: list[Type] = list(TYPES)) -> Batch:  # noqa: B006
    """Replace personal data and secrets by placeholders: <EMAIL>, <PHONE>, <IP_ADDRESS> and so on; drop nothing.

    `pii_count` says how many pieces were found in each text. All around them keeps its bytes.

    Why:
        A model repeats what it has read. Addresses, numbers and keys of people teach it nothing and may harm them.
    Args:
        types: what to mask.
            `email`: also `name [at] host [dot] org`; the domain must end in a country's code or a known generic name.
            `phone`: with a country code, in the usual forms of some thirty countries, or any number of 7 to 15 digits
            that words before it call a phone (fifteen languages).
            `ip_address`: public ones of both versions, no ranges (`/24`), no versions (`v85.1.2.3`), none whose parts
            are mostly below 32, as those of versions and section numbers are, unless called an address.
            `card`: issuer, length and check digit (Luhn).
            `iban`: the length of its country and check digits.
            `national_id`: US social security, UK national insurance, Chinese resident, German tax, French NIR, Spanish
            DNI and NIE, Italian codice fiscale, Brazilian CPF, South Korean and Swedish numbers, with check digits
            where they have them; and, if named just before, Indian Aadhaar, Polish PESEL, Dutch BSN, Canadian SIN.
            `key`: tokens that begin as those of AWS, Google, GitHub, GitLab, Slack, Stripe, OpenAI and others do, JSON
            web tokens, private keys, user and password in a URL.
    Needs: text
    Makes: text, pii_count
    Cost:
        `python -m tests.bench pii`, one core, texts cut to 3,500 characters, documents/s of curate and of datatrove's
        PIIFormatter (e-mail and IPv4 only), with a made-up piece of data planted in every second text:

            | texts                     | as they are    | planted        |
            |---------------------------|----------------|----------------|
            | Wikipedia                 | 52,700 : 2,100 | 21,700 : 2,200 |
            | web pages (2.8 KB)        | 56,700 : 3,000 | 18,900 : 2,600 |
            | PowerShell's manual       | 17,200 : 1,700 | 10,800 : 1,700 |

        A labelled set of our own (`tests/stages/text/pii_examples.py`, 1,111 examples, 274 of them without any data,
        exact spans) is what the patterns were mended against: recall and precision are 1.00 for every type there and
        were .94 and more before. A second set, of 93 pieces, was tried once before mending: phones .78 found, one e-mail
        of 14 missed, all else found. Finds read in real text before mending: phones 191 of 200 right, IP addresses 19 of 28,
        national ids 2 of 7, e-mail 249 of 253. In text of other origin, after: phones 13 of 13, e-mail 21 of 21, IP addresses
        24 of 24. Cards and keys did not occur.
        Weak: national numbers without a word before them in countries whose form is not known; bare Chinese mobile
        numbers; e-mail at generic domains few people have.
    Edited:
        "Ask ana@example.org, tel. 030 5550123." -> "Ask <EMAIL>, tel. <PHONE>."
        "anna [at] example [dot] org logged in from 85.34.56.178" -> "<EMAIL> logged in from <IP_ADDRESS>"
        "version 85.34.56.178, ISBN 978-3-16-148410-0, 2019-2020" -> "version 85.34.56.178, ISBN 978-3-16-148410-0, 2019-2020"
        "Tel. 030 5550123, ana@example.org" with types=["email"] -> "Tel. 030 5550123, <EMAIL>"
    Source:
        WanJuan-CC (2402.19282) masks personal data with regular expressions; which kinds, and by what, is not
        confirmed. datatrove's PIIFormatter masks e-mail and public IPv4 addresses, with a few examples of each in turn;
        typed placeholders say what stood there and leave no address that looks real. The patterns here are ours.
        Names, street addresses, dates of birth and passwords in prose are not masked, nor digits of other scripts.
    """
    offsets, data = batch.text_buffers()
    finders = [finder for finder in FINDERS if finder.type in types]
    covers, count = find_pii(offsets, data, finders)
    found = np.bincount(covers[:, 2], minlength=len(TYPES))
    batch = batch.with_columns({"pii_count": pa.array(count, pa.int32())})
    if len(covers):
        offsets, data = pii_candidates.replace_spans(offsets, data, covers, *_placeholders())
        batch = batch.with_text(pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data)))
    return batch.counted({f"pii.{type}": found[k] for k, type in enumerate(TYPES) if type in types})


def find_pii(
    offsets: np.ndarray, data: np.ndarray, finders: Sequence[Finder] = FINDERS
) -> tuple[np.ndarray, np.ndarray]:
    """Find personal data in texts.

    Args:
        offsets, data: int64[n + 1] and uint8[m], see `Batch.text_buffers`.
        finders: what to look for; where finds overlap, the first of these wins.
    Returns:
        `(covers int64[k, 3], count int32[n])`: byte bounds in the data and the number of the type in `TYPES`, in
        order, none overlapping; how many each text has.
    """
    by_sign = [
        [(rank, finder) for rank, finder in enumerate(finders) if finder.sign == sign]
        for sign in range(pii_candidates.N_SIGNS)
    ]
    count = np.zeros(len(offsets) - 1, np.int32)
    covers: list[tuple[int, int, int]] = []
    places = pii_candidates.find_candidates(offsets, data, pii_candidates.CLASSES).tolist()
    for row, of_row in groupby(places, key=lambda place: place[pii_candidates.TEXT]):
        first = int(offsets[row])
        text = data[first : offsets[row + 1]].tobytes()
        found = [
            (rank, start, stop)
            for _, left, right, sign, digits in of_row
            for rank, finder in by_sign[sign]
            if digits >= finder.digits
            for start, stop in finder.find(text, left - first, right - first)
        ]
        taken = _apart(found)
        count[row] = len(taken)
        covers += [(first + start, first + stop, TYPES.index(finders[rank].type)) for start, stop, rank in taken]
    return np.array(covers, np.int64).reshape(-1, 3), count


def _apart(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return `(start, stop, rank)` of finds that do not overlap, in order; those of lower rank go first, then the left."""
    taken: list[tuple[int, int, int]] = []
    for rank, start, stop in sorted(found):
        at = bisect(taken, (start, stop, rank))
        if (at == 0 or taken[at - 1][1] <= start) and (at == len(taken) or stop <= taken[at][0]):
            taken.insert(at, (start, stop, rank))
    return taken


def placeholder(type: Type) -> str:
    """Return what stands for personal data of a type."""
    return f"<{type.upper()}>"


def _placeholders() -> tuple[np.ndarray, np.ndarray]:
    names = [placeholder(type).encode() for type in TYPES]
    return np.frombuffer(b"".join(names), np.uint8), np.cumsum([0, *map(len, names)])
