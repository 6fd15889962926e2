"""`language.detect`: identify the language of each text and keep the wanted languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch, Columns, Verdicts
from curate.classifiers import fasttext_file
from curate.errors import InputError, Problems, SpecError
from curate.languages import UNKNOWN, includes
from curate.params import Share

N_GUESSES = 3


class detect:
    """Identify the language of each text and keep only the wanted languages.

    `language` is an ISO 639 code (`en`, `zh`, `zh-Hant`), or `un` if the detector does not know the language.
    `language_score` is between 0 and 1: with CLD2 the share of the text's bytes in that language, with fastText the
    probability of that language. `language_reliable` tells whether CLD2 considers its first guess reliable; it is null
    with fastText. `language_guesses` lists up to three guesses with their scores in percent: `en:97,de:2`.

    Why:
        Filters, word lists and tokenizers are made for one language and give wrong results for texts in another one.
    Args:
        model: a fastText `lid.176` file; if it is null, CLD2 is used. Nothing is downloaded.
        keep: the languages to keep; an empty list keeps all. `zh` includes `zh-Hant` (CLD2's code for traditional
            Chinese; fastText labels both as `zh`); `zh-Hant` does not include `zh`. Norwegian has
            the codes `no` (Bokmål) and `nn` (Nynorsk).
        min_score: texts with a lower score are dropped; 0 to 1.
    Needs: text
    Makes: language: string, language_score: float32
    Measures: language_reliable: bool, language_guesses: string
    Drops:
        other_language: the language is not in `keep`; evidence: the language.
        uncertain_language: the score is below `min_score`, or `keep` is set and the language is unknown.
    Raises:
        InputError: `model` does not exist or is not a fastText model.
        SpecError: `keep` contains a language that the detector does not know.
    Cost:
        `python -m tests.bench.language`, one core. Shares of texts with a correct, a wrong and an unknown language:

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
            | - languages unknown to both           | .000 / .339 / .661  | .000 / .998 / .002    |
            | sentences per second                  | 50,500              | 25,900                |
            | paragraphs (1.25 KB) per second       | 13,800              | 2,000                 |

        Limitations: texts under about 50 bytes; the groups Bosnian, Croatian, Serbian; Norwegian, Danish; Malay,
        Indonesian. CLD2 labels Cantonese and Wu as Chinese. On short texts, CLD2 returns `un` where fastText guesses,
        so set `min_score` with fastText. With CLD2, a text that is half in one language has a score of about 0.5.
    Kept:
        "The quick brown fox jumps over the lazy dog and runs along the river until evening."
    Dropped:
        "Der schnelle braune Fuchs springt über den faulen Hund bis zum Abend." with keep=["en"] -> other_language
        "?! 1234" with keep=["en"] -> uncertain_language
    Source:
        WanJuan-CC (2402.19282) keeps texts that pycld2 labels as English; it states no minimum score, so the default
        is 0. Differences: control characters on which pycld2 fails are replaced by spaces for detection; pycld2 gets
        plain text without hints, so that the result depends only on the text.
    """

    def __init__(self, *, model: File | None = None, keep: list[str] = [], min_score: Share = 0.0):  # noqa: B006
        self.keep = tuple(keep)
        self.columns = Columns(passes=self.keep)
        self.min_score = min_score
        self.model = model
        if model is not None and not Path(model).is_file():
            raise InputError(
                f"model: no file {model}.  Download lid.176.ftz (0.9 MB) or lid.176.bin (131 MB) from "
                "https://fasttext.cc/docs/en/language-identification.html and set `model` to its path, or remove "
                "`model` to use CLD2."
            )
        if model is None:
            _check_known(self.keep, _cld2_languages())

    def check_setup(self) -> None:
        """Look whether the model is one of fastText and knows the languages."""
        if self.model is not None:
            _check_known(self.keep, frozenset(fasttext_file.labels(self.model)))

    def setup(self) -> None:
        """Load the detector."""
        if self.model is None:
            self._guess = _guess_cld2
        else:
            fasttext = _load_fasttext(self.model)
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
                "language_guesses": pa.array([guess.summary for guess in guesses], pa.string()),
            }
        ).judged(Verdicts.of(reasons, score, evidence))

    def _defect(self, language: str, score: np.float32) -> str | None:
        if language != UNKNOWN and self.keep and not any(includes(wanted, language) for wanted in self.keep):
            return "other_language"
        is_uncertain = score < np.float32(self.min_score) or (language == UNKNOWN and bool(self.keep))
        return "uncertain_language" if is_uncertain else None


@dataclass(frozen=True, slots=True)
class Guess:
    """The result of a detector for one text.

    Args:
        ranked: `(language, share or probability)`, 0 to 1, best first, at most three.
        is_reliable: whether the detector considers its best guess reliable; None if it does not report it.
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
    def summary(self) -> str:
        return ",".join(f"{language}:{round(100 * score)}" for language, score in self.ranked)


def _check_known(keep: Sequence[str], known: frozenset[str]) -> None:
    from difflib import get_close_matches

    with Problems() as problems:
        for language in keep:
            if not any(includes(language, code) for code in known):
                close = get_close_matches(language, sorted(known), 1)
                hint = f'Did you mean "{close[0]}"?' if close else "Use ISO codes such as en, de, zh."
                problems.add(
                    SpecError(
                        f'keep: no language "{language}" among the {len(known)} that this detector knows.  {hint}'
                    )
                )


# ---------------------------------------------------------------------- CLD2

_CURRENT_CODES = {"iw": "he", "in": "id", "ji": "yi", "jw": "jv", "mo": "ro", "sh": "sr"}
"""Withdrawn ISO 639 codes that CLD2 uses -> current codes."""

_INVALID_FOR_CLD2 = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[^\x00-\U0001fffd]"
)


def _cld2_languages() -> frozenset[str]:
    import pycld2

    # Codes with xx and zz are scripts without a language, and test codes of CLD2.
    return frozenset(
        _CURRENT_CODES.get(code, code) for _, code in pycld2.LANGUAGES if not code.startswith(("xx", "zz"))
    )


def _guess_cld2(text: str) -> Guess:
    import pycld2

    # Plain text without hints: the guess depends only on the text, and `<` is not read as markup.
    try:
        is_reliable, _, details = pycld2.detect(text, isPlainText=True)
    except (pycld2.error, UnicodeEncodeError):  # the text contains a control character or a noncharacter
        try:
            is_reliable, _, details = pycld2.detect(_INVALID_FOR_CLD2.sub(" ", text), isPlainText=True)
        except pycld2.error:
            return Guess((), False)
    ranked = [(_CURRENT_CODES.get(code, code), percent / 100) for _, code, percent, _ in details if code != UNKNOWN]
    return Guess(ranked, is_reliable)


# ---------------------------------------------------------------------- fastText


def _load_fasttext(model: str):
    import fasttext

    try:
        return fasttext.load_model(model)
    except ValueError as error:
        raise InputError(f"model: {model} is not a fastText model: {error}.  Use lid.176.ftz or lid.176.bin") from None


def _fasttext_guesser(model) -> Callable[[str], Guess]:
    predict = model.f.predict  # the public method copies every result through numpy

    def guess(text: str) -> Guess:
        line = " ".join(text.encode("utf-8", "replace").decode().split())  # fastText reads one line
        answers = predict(line, N_GUESSES, 0.0, "strict") if line else []
        return Guess([(label.removeprefix("__label__"), min(p, 1.0)) for p, label in answers], None)

    return guess
