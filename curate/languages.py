"""Language codes in the column `language`: ISO 639 (`en`, `yue`), with a script where a detector tells it (`zh-Hant`)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

COLUMN = "language"
"""The column in which `language.detect` puts the language of each document."""

UNKNOWN = "un"
"""The code for texts whose language the detector does not know, and for texts that are too short."""

UNSCORED = "no_score_other_language"
"""The ledger's count of documents without a score because its model does not know their language."""

TWO_LETTERS = frozenset(
    [
        "aa",
        "ab",
        "ae",
        "af",
        "ak",
        "am",
        "an",
        "ar",
        "as",
        "av",
        "ay",
        "az",
        "ba",
        "be",
        "bg",
        "bh",
        "bi",
        "bm",
        "bn",
        "bo",
        "br",
        "bs",
        "ca",
        "ce",
        "ch",
        "co",
        "cr",
        "cs",
        "cu",
        "cv",
        "cy",
        "da",
        "de",
        "dv",
        "dz",
        "ee",
        "el",
        "en",
        "eo",
        "es",
        "et",
        "eu",
        "fa",
        "ff",
        "fi",
        "fj",
        "fo",
        "fr",
        "fy",
        "ga",
        "gd",
        "gl",
        "gn",
        "gu",
        "gv",
        "ha",
        "he",
        "hi",
        "ho",
        "hr",
        "ht",
        "hu",
        "hy",
        "hz",
        "ia",
        "id",
        "ie",
        "ig",
        "ii",
        "ik",
        "io",
        "is",
        "it",
        "iu",
        "iw",
        "ja",
        "ji",
        "jv",
        "jw",
        "ka",
        "kg",
        "ki",
        "kj",
        "kk",
        "kl",
        "km",
        "kn",
        "ko",
        "kr",
        "ks",
        "ku",
        "kv",
        "kw",
        "ky",
        "la",
        "lb",
        "lg",
        "li",
        "ln",
        "lo",
        "lt",
        "lu",
        "lv",
        "mg",
        "mh",
        "mi",
        "mk",
        "ml",
        "mn",
        "mo",
        "mr",
        "ms",
        "mt",
        "my",
        "na",
        "nb",
        "nd",
        "ne",
        "ng",
        "nl",
        "nn",
        "no",
        "nr",
        "nv",
        "ny",
        "oc",
        "oj",
        "om",
        "or",
        "os",
        "pa",
        "pi",
        "pl",
        "ps",
        "pt",
        "qu",
        "rm",
        "rn",
        "ro",
        "ru",
        "rw",
        "sa",
        "sc",
        "sd",
        "se",
        "sg",
        "sh",
        "si",
        "sk",
        "sl",
        "sm",
        "sn",
        "so",
        "sq",
        "sr",
        "ss",
        "st",
        "su",
        "sv",
        "sw",
        "ta",
        "te",
        "tg",
        "th",
        "ti",
        "tk",
        "tl",
        "tn",
        "to",
        "tr",
        "ts",
        "tt",
        "tw",
        "ty",
        "ug",
        "uk",
        "ur",
        "uz",
        "ve",
        "vi",
        "vo",
        "wa",
        "wo",
        "xh",
        "yi",
        "yo",
        "za",
        "zh",
        "zu",
    ]
)
"""The codes of ISO 639-1, with former ones that detectors still use."""

_CODE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]+)*")
_LONG_CODES = {"eng": "en", "zho": "zh", "chi": "zh", "cmn": "zh"}
"""Other codes of the languages that our models know, as corpora write them."""


def includes(wanted: str, language: str) -> bool:
    """Return whether a wanted language includes another: `zh` includes `zh-Hant`, but `zh-Hant` does not include `zh`.

    Language tags are compared by their subtags (RFC 4647, 3.3.1, basic filtering).
    """
    return language == wanted or language.startswith(f"{wanted}-")


def is_known(language: Any) -> bool:
    """Return whether a value is the code of a language; names of languages, `UNKNOWN` and null are not."""
    return isinstance(language, str) and language != UNKNOWN and _CODE.fullmatch(language) is not None


def exists(language: Any) -> bool:
    """Return whether a value may be the code of a language: codes of two letters are those of ISO 639-1, and all of three
    letters may be, since ISO 639-3 has 7,900 of them."""
    if language == UNKNOWN:
        return True
    first = language.partition("-")[0] if is_known(language) else ""
    return first in TWO_LETTERS or len(first) == 3


def base(language: str) -> str:
    """Return a language without script and region: `zh` of `zh-Hant`, and of `zho`."""
    first = language.partition("-")[0]
    return _LONG_CODES.get(first, first)


def is_other(language: Any, languages: Collection[str]) -> bool:
    """Return whether a document is known to be in none of these languages; False if the list is empty."""
    if not languages or not is_known(language):
        return False
    code = "-".join([base(language), *language.split("-")[1:]])
    return not any(includes(wanted, code) for wanted in languages)
