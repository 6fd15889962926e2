"""`language.detect`: which language a text is written in, and whether we want it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.batch import Batch, Verdicts
from curate.errors import InputError, SpecError

UNKNOWN = "un"
"""The language of a text in none that the detector knows, or too short to tell."""

N_GUESSES = 3


class detect:
    """Name the language of each text; keep the languages asked for.

    `language` is an ISO 639 code (`en`, `zh`, `zh-Hant`), `un` where the detector does not know. `language_score` is
    from 0 to 1: with CLD2 the share of the text's bytes that are in that language, with fastText its probability.
    `language_reliable` is CLD2's own word on the first guess, null with fastText. `language_guesses` holds up to
    three, in percent: `en:97,de:2`.

    Why:
        Filters, word lists and tokenizers are made for a language; a text in another is judged wrongly by all of them.
    Args:
        model: path of a fastText `lid.176` file; without it CLD2 decides. Nothing is ever downloaded.
        keep: the languages to keep; empty keeps all. `zh` takes in `zh-Hant` (CLD2's traditional Chinese; fastText
            calls both `zh`), `zh-Hant` means only that. Norwegian is `no`, Bokmål, or `nn`.
        min_score: drop what scores less, from 0 to 1.
    Needs: text
    Makes: language, language_score, language_reliable, language_guesses
    Drops:
        other_language: in a language that is not to be kept; evidence: which.
        uncertain_language: scores too little, or, where `keep` is given, in no language the detector knows.
    Cost:
        `python -m tests.bench.language`, one core. Share of texts named right, wrong, and left unknown:

            | texts                                 | CLD2                | fastText, lid.176.ftz |
            |---------------------------------------|---------------------|-----------------------|
            | 3,728 paragraphs, 12 languages        | .996 / .003 / .002  | 1.000 / .000 / .000   |
            | - Chinese, simplified                 | .999 / .001 / .000  | 1.000 / .000 / .000   |
            | 27,423 sentences of about 35 bytes    | .712 / .106 / .182  | .751 / .247 / .001    |
            | - English                             | .953 / .002 / .045  | .992 / .002 / .006    |
            | - Chinese                             | .880 / .010 / .110  | .948 / .050 / .002    |
            | - Japanese, Korean                    | .997 / .000 / .003  | .990 / .006 / .004    |
            | - large European languages            | .852 / .052 / .095  | .953 / .046 / .000    |
            | - Arabic, Persian, Hebrew, Hindi      | .888 / .004 / .107  | .988 / .013 / .000    |
            | - close pairs (bs hr sr, nn no ...)   | .610 / .227 / .163  | .453 / .546 / .001    |
            | - languages neither has a code for    | .000 / .339 / .661  | .000 / .998 / .002    |
            | sentences per second                  | 50,500              | 25,900                |
            | paragraphs (1.25 KB) per second       | 13,800              | 2,000                 |

        Weak: texts under some 50 bytes; Bosnian, Croatian and Serbian, Norwegian and Danish, Malay and Indonesian.
        Cantonese and Wu count as Chinese with CLD2. On short text CLD2 says that it does not know where fastText
        guesses: ask fastText for a `min_score`. Text half in one language scores half with CLD2.
    Kept:
        "The quick brown fox jumps over the lazy dog and runs along the river until evening."
    Dropped:
        "Der schnelle braune Fuchs springt über den faulen Hund bis zum Abend." with keep=["en"] -> other_language
        "?! 1234" with keep=["en"] -> uncertain_language
    Source:
        WanJuan-CC (2402.19282) keeps what pycld2 calls English; no score is stated, so the default asks for none.
        Control characters that make pycld2 give up are read as spaces; it gets plain text and no hints, so that an
        answer depends on the text alone.
    """

    def __init__(self, *, model: str | None = None, keep: list[str] = [], min_score: float = 0.0):  # noqa: B006
        self.keep = tuple(keep)
        self.min_score = min_score
        self.model = model
        if model is not None and not Path(model).is_file():
            raise InputError(
                f"no language model {model}.  Nothing is downloaded here: get lid.176.ftz (0.9 MB) or lid.176.bin (131 MB) from "
                "https://fasttext.cc/docs/en/language-identification.html and give its path, or leave `model` out for CLD2."
            )
        if model is None:
            _check_known(self.keep, _cld2_languages())

    def setup(self) -> None:
        """Open the detector."""
        if self.model is None:
            self._guess = _guess_with_cld2
        else:
            fasttext = _load(self.model)
            _check_known(self.keep, frozenset(label.removeprefix("__label__") for label in fasttext.labels))
            self._guess = _fasttext_guesser(fasttext)

    def __call__(self, batch: Batch) -> Batch:
        guesses = [self._guess(text) for text in batch.texts()]
        score = np.array([guess.score for guess in guesses], np.float32)
        reasons = [self._defect(guess.language, value) for guess, value in zip(guesses, score, strict=True)]
        is_other = [reason == "other_language" for reason in reasons]
        evidence = [guess.language if other else None for guess, other in zip(guesses, is_other, strict=True)]
        return batch.with_columns(
            {
                "language": pa.array([guess.language for guess in guesses], pa.string()),
                "language_score": pa.array(score),
                "language_reliable": pa.array([guess.is_reliable for guess in guesses], pa.bool_()),
                "language_guesses": pa.array([guess.spelled for guess in guesses], pa.string()),
            }
        ).judged(Verdicts.of(reasons, score, evidence))

    def _defect(self, language: str, score: np.float32) -> str | None:
        if language != UNKNOWN and self.keep and not any(_is_a(language, wanted) for wanted in self.keep):
            return "other_language"
        is_uncertain = score < np.float32(self.min_score) or (language == UNKNOWN and bool(self.keep))
        return "uncertain_language" if is_uncertain else None


@dataclass(frozen=True, slots=True)
class Guess:
    """What a detector says about one text.

    Args:
        ranked: language and share or probability (0 to 1), the best first, at most three.
        is_reliable: the detector's own word on the best guess; null where it has none.
    """

    ranked: Sequence[tuple[str, float]]
    is_reliable: bool | None

    @property
    def language(self) -> str:
        return self.ranked[0][0] if self.ranked else UNKNOWN

    @property
    def score(self) -> float:
        return self.ranked[0][1] if self.ranked else 0.0

    @property
    def spelled(self) -> str:
        return ",".join(f"{language}:{round(100 * score)}" for language, score in self.ranked)


def _is_a(language: str, wanted: str) -> bool:
    """`zh` takes in `zh-Hant`; `zh-Hant` does not take in `zh`."""
    return language == wanted or language.startswith(wanted + "-")


def _check_known(keep: Sequence[str], known: frozenset[str]) -> None:
    from difflib import get_close_matches

    for language in keep:
        if not any(_is_a(code, language) for code in known):
            close = get_close_matches(language, sorted(known), 1)
            hint = f'Did you mean "{close[0]}"?' if close else "Use ISO codes such as en, de, zh."
            raise SpecError(f'keep: no language "{language}" among the {len(known)} this detector knows.  {hint}')


# ---------------------------------------------------------------------- CLD2

_MODERN = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr"}
"""CLD2 uses some codes that ISO 639 withdrew."""

_REFUSED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[^\x00-\U0001fffd]")


def _cld2_languages() -> frozenset[str]:
    import pycld2

    # Codes in x and zz stand for bare scripts and for CLD2's own tests.
    return frozenset(_MODERN.get(code, code) for _, code in pycld2.LANGUAGES if not code.startswith(("xx", "zz")))


def _guess_with_cld2(text: str) -> Guess:
    import pycld2

    # Plain text and no hints: a guess depends on the text alone, and `<` in it is no markup.
    try:
        is_reliable, _, details = pycld2.detect(text, isPlainText=True)
    except (pycld2.error, UnicodeEncodeError):  # a control character or a noncharacter somewhere
        try:
            is_reliable, _, details = pycld2.detect(_REFUSED.sub(" ", text), isPlainText=True)
        except pycld2.error:
            return Guess((), False)
    ranked = [(_MODERN.get(code, code), percent / 100) for _, code, percent, _ in details if code != UNKNOWN]
    return Guess(ranked, is_reliable)


# ---------------------------------------------------------------------- fastText


def _load(model: str):
    import fasttext

    try:
        return fasttext.load_model(model)
    except ValueError as error:
        raise InputError(f"{model} is no fastText model: {error}") from None


def _fasttext_guesser(model) -> Callable[[str], Guess]:
    predict = model.f.predict  # the method above it copies every answer through numpy

    def guess(text: str) -> Guess:
        line = " ".join(text.encode("utf-8", "replace").decode().split())  # it reads one line
        answers = predict(line, N_GUESSES, 0.0, "strict") if line else []
        return Guess([(label.removeprefix("__label__"), min(p, 1.0)) for p, label in answers], None)

    return guess
