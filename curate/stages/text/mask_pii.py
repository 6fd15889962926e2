"""`text.mask_pii`: replace personal data and secrets with placeholders.

A kernel scans the bytes of a batch once and returns candidates; patterns are matched only in these. A batch
in which nothing is found keeps its text buffer.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np
import pyarrow as pa

from curate.batch import Batch, Remark, Seen
from curate.kernels import pii_candidates
from curate.stages.text import _pii_addresses, _pii_keys, _pii_numbers, _pii_phones
from curate.stages.text._pii import Finder

Type = Literal["email", "phone", "ip_address", "card", "iban", "national_id", "key"]
TYPES: tuple[Type, ...] = ("email", "phone", "ip_address", "card", "iban", "national_id", "key")

FINDERS = (*_pii_keys.FINDERS, *_pii_numbers.FINDERS, *_pii_addresses.FINDERS, *_pii_phones.FINDERS)
"""All finders, by priority: of overlapping matches, the one of the earlier finder is used."""


class mask_pii:
    """Replace personal data and secrets with placeholders: <EMAIL>, <PHONE>, <IP_ADDRESS> and so on; drop nothing.

    `pii_count` is the number of replacements in each text. The rest of the text does not change.

    Why:
        A language model can repeat its training data. Addresses, numbers and keys of people have no value for training,
        and publishing them may harm these people.
    Args:
        types: the types to mask.
            `email`: also `name [at] host [dot] org`; the top-level domain must be that of a country or a known
            generic one.
            `phone`: with a country code, in the usual formats of about thirty countries, or any number of 7 to 15
            digits after a word that means telephone (fifteen languages).
            `ip_address`: public IPv4 and IPv6 addresses; not ranges (`/24`) and not version numbers (`v85.1.2.3`). An
            address with mostly parts below 32, like a version or section number, needs a word such as "IP" before it.
            `card`: valid issuer, length and check digit (Luhn).
            `iban`: valid length for its country and valid check digits.
            `national_id`: US social security, UK national insurance, Chinese resident, German tax, French NIR, Spanish
            DNI and NIE, Italian codice fiscale, Brazilian CPF, South Korean and Swedish numbers, with valid check
            digits if they have any; Indian Aadhaar, Polish PESEL, Dutch BSN and Canadian SIN only if the name of the
            number stands directly before it.
            `key`: tokens with the prefixes of AWS, Google, GitHub, GitLab, Slack, Stripe, OpenAI and others, JSON web
            tokens, private keys, user and password in a URL.
    Needs: text
    Makes: text
    Measures: pii_count: int32
    Cost:
        `python -m tests.bench pii`, one core, texts cut to 3,500 characters: documents/s of curate and of datatrove's
        PIIFormatter (e-mail and IPv4 only). In the last column, every second text contains one synthetic item:

            | texts                     | unchanged      | with items     |
            |---------------------------|----------------|----------------|
            | Wikipedia                 | 52,700 : 2,100 | 21,700 : 2,200 |
            | web pages (2.8 KB)        | 56,700 : 3,000 | 18,900 : 2,600 |
            | PowerShell's manual       | 17,200 : 1,700 | 10,800 : 1,700 |

        The patterns were developed on a labelled set of our own (`tests/stages/text/pii_examples.py`, 1,111 examples,
        274 of them without personal data, exact spans): recall and precision are 1.00 for every type on this set;
        before the corrections they were .94 or more. A second set of 93 items was tested once, before the corrections:
        recall was .78 for phones, 13 of 14 for e-mail and 1.00 for all other types. Precision on real text, found by
        reading the matches, before the corrections: phones 191 of 200, IP addresses 19 of 28, national ids 2 of 7,
        e-mail 249 of 253. After them, on text from other sources: phones 13 of 13, e-mail 21 of 21, IP addresses 24 of
        24. There were no cards and no keys in these texts.
        Limitations: national phone numbers in unsupported formats without a word before them; Chinese mobile numbers
        without separators; e-mail addresses with rare generic top-level domains.
    Edited:
        "Ask ana@example.org, tel. 030 5550123." -> "Ask <EMAIL>, tel. <PHONE>."
        "anna [at] example [dot] org logged in from 85.34.56.178" -> "<EMAIL> logged in from <IP_ADDRESS>"
        "version 85.34.56.178, ISBN 978-3-16-148410-0, 2019-2020" -> "version 85.34.56.178, ISBN 978-3-16-148410-0, 2019-2020"
        "Tel. 030 5550123, ana@example.org" with types=["email"] -> "Tel. 030 5550123, <EMAIL>"
    Source:
        WanJuan-CC (2402.19282) masks personal data with regular expressions; which types and with which placeholders is
        not confirmed. datatrove's PIIFormatter replaces e-mail and public IPv4 addresses with a few example addresses
        in turn. Differences: placeholders name the type and cannot be mistaken for real addresses; the patterns are our
        own. Not masked: names, street addresses, dates of birth, passwords in prose, and digits of other scripts.
    """

    def __init__(self, *, types: list[Type] = list(TYPES)):  # noqa: B006
        self.types = types
        self._finders = [finder for finder in FINDERS if finder.type in types]

    def __call__(self, batch: Batch) -> Batch:
        offsets, data = batch.text_buffers()
        covers, count = find_pii(offsets, data, self._finders)
        found = np.bincount(covers[:, 2], minlength=len(TYPES))
        batch = batch.with_columns({"pii_count": pa.array(count, pa.int32())})
        if len(covers):
            masked = pii_candidates.replace_spans(offsets, data, covers, *_placeholders())
            buffers = (pa.py_buffer(each) for each in masked)
            batch = batch.with_text(pa.LargeStringArray.from_buffers(len(batch), *buffers))
        return batch.counted({f"pii.{type}": found[k] for k, type in enumerate(TYPES) if type in self.types})

    def remarks(self, document: Seen) -> list[Remark]:
        """Return which spans of a text are masked and where, never what was there.

        If the text before is known and nothing else has changed it, these are exactly the spans that were replaced; else every
        placeholder in the text counts, also one that its author wrote.
        """
        if document.after is None or not document.columns.get("pii_count", 1):
            return []
        found = self._replaced(document.before, document.after)
        is_exact = found is not None
        spans = placeholders_in(document.after, self.types) if found is None else found
        note = "" if is_exact else ", or written so"
        return [
            Remark(
                f"{placeholder(kind)} at character {start:,}{note}",
                {"type": kind, "start": start, "end": start + len(placeholder(kind)), "is_exact": is_exact},
            )
            for kind, start in spans
        ]

    def _replaced(self, before: str | None, after: str) -> list[tuple[Type, int]] | None:
        """Return the type and the place in the masked text of each replaced span; None if the texts differ in more than these."""
        if before is None:
            return None
        batch = Batch.from_columns({"id": ["0"], "text": [before]})
        if self(batch).texts()[0] != after:
            return None
        covers, _ = find_pii(*batch.text_buffers(), self._finders)
        raw, spans, shift = before.encode(), [], 0
        for start, end, kind in covers.tolist():
            spans.append((TYPES[kind], len(raw[:start].decode()) + shift))
            shift += len(placeholder(TYPES[kind])) - len(raw[start:end].decode())
        return spans


def placeholders_in(text: str, types: Sequence[Type]) -> list[tuple[Type, int]]:
    """Return the type and the place of each placeholder in a text, in order."""
    found = ((_OF_PLACEHOLDER[match[0]], match.start()) for match in _PLACEHOLDER.finditer(text))
    return [(kind, start) for kind, start in found if kind in types]


def find_pii(
    offsets: np.ndarray, data: np.ndarray, finders: Sequence[Finder] = FINDERS
) -> tuple[np.ndarray, np.ndarray]:
    """Find personal data in texts.

    Args:
        offsets, data: int64[n + 1] and uint8[m], see `Batch.text_buffers`.
        finders: the finders to use, by priority.
    Returns:
        `(covers int64[k, 3], count int32[n])`: start, end (bytes of the data) and index in `TYPES` of each match,
        ascending and without overlaps; the number of matches in each text.
    """
    by_sign = [
        [(rank, finder) for rank, finder in enumerate(finders) if finder.sign == sign]
        for sign in range(pii_candidates.N_SIGNS)
    ]
    count = np.zeros(len(offsets) - 1, np.int32)
    covers: list[tuple[int, int, int]] = []
    candidates = pii_candidates.find_candidates(offsets, data, pii_candidates.CLASSES).tolist()
    for row, of_row in groupby(candidates, key=lambda candidate: candidate[pii_candidates.TEXT]):
        first = int(offsets[row])
        text = data[first : offsets[row + 1]].tobytes()
        found = [
            (rank, start, stop)
            for _, left, right, sign, digits in of_row
            for rank, finder in by_sign[sign]
            if digits >= finder.digits
            for start, stop in finder.find(text, left - first, right - first)
        ]
        taken = _without_overlaps(found)
        count[row] = len(taken)
        covers += [(first + start, first + stop, TYPES.index(finders[rank].type)) for start, stop, rank in taken]
    return np.array(covers, np.int64).reshape(-1, 3), count


def _without_overlaps(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return `(start, stop, rank)` of matches without overlaps, in order. Lower rank has priority, then lower start."""
    taken: list[tuple[int, int, int]] = []
    for rank, start, stop in sorted(found):
        at = bisect(taken, (start, stop, rank))
        if (at == 0 or taken[at - 1][1] <= start) and (at == len(taken) or stop <= taken[at][0]):
            taken.insert(at, (start, stop, rank))
    return taken


def placeholder(type: Type) -> str:
    """Return the placeholder for a type."""
    return f"<{type.upper()}>"


_OF_PLACEHOLDER = {placeholder(kind): kind for kind in TYPES}
_PLACEHOLDER = re.compile("|".join(map(re.escape, _OF_PLACEHOLDER)))


def _placeholders() -> tuple[np.ndarray, np.ndarray]:
    names = [placeholder(type).encode() for type in TYPES]
    return np.frombuffer(b"".join(names), np.uint8), np.cumsum([0, *map(len, names)])
