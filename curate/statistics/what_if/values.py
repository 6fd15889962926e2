"""Values of one parameter: those of a sweep, and the one under which a wanted share of the documents is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np

from curate.errors import SpecError
from curate.spec import marks
from curate.statistics.distribution import numbers
from curate.statistics.record import Record
from curate.statistics.what_if import outcome
from curate.statistics.what_if.changes import Compiled

SWEEP, TARGET = "--sweep", "--target-kept"
MOST = 1000
"""Values of a sweep."""

TRIED = 12
"""Values of the parameter that are tried at one time when one is looked for."""

ROUNDS = 4
"""How often values between the two best ones are tried."""

_NEAR = 0.005
"""A share that is so near to a wanted one will do, where no value keeps exactly as many."""

_SAMPLE = 100_000
"""Values of a column of which the first ones that are tried are quantiles."""


def parse(text: str) -> tuple[str, list[str]]:
    """Return the parameter of a sweep and its values as YAML; `PARAM=10:100:10` includes both ends, `PARAM=a,b` is a list.

    Raises:
        SpecError: it has another form, no value, or more than `MOST`.
    """
    param, equals, given = text.partition("=")
    place = f"{SWEEP} {text}"
    if given.lstrip()[:1] in ("[", "{"):
        raise SpecError("values stand one after the other, without brackets: PARAM=10,20,50.", place)
    if not equals or not param.strip():
        raise SpecError("expected PARAM=START:STOP:STEP or PARAM=VALUE,VALUE,..., such as filters.gopher.quality.min_words=10:100:10.", place)  # fmt: skip
    values = _steps(given, place) if ":" in given else [each.strip() for each in given.split(",") if each.strip()]
    if not values:
        raise SpecError("there is no value in it.", place)
    return param.strip(), list(dict.fromkeys(values))


def _steps(given: str, place: str) -> list[str]:
    parts = given.split(":")
    try:
        start, stop, step = map(Decimal, parts)
    except (InvalidOperation, ValueError):
        raise SpecError("a range is START:STOP:STEP, three numbers, such as 10:100:10.", place) from None
    if not all(each.is_finite() for each in (start, stop, step)):
        raise SpecError("a range has three finite numbers.", place)
    if not step or (stop - start) * step < 0:
        raise SpecError(f"no value lies between {start} and {stop} with the step {step}.", place)
    n = int((stop - start) / step) + 1
    if n > MOST:
        raise SpecError(f"{n:,} values; a sweep has at most {MOST:,}.  Take a larger step.", place)
    return [f"{(start + step * k).normalize():f}" for k in range(n)]


def sweep(compiled: Compiled, param: str, values: Sequence[str], settings: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return what each value of a parameter would give.

    Args:
        values: as YAML. settings: further changes, under all of them.

    Returns:
        for each value: `value`, and `kept` as `outcome.kept`.

    Raises:
        SpecError: the parameter or a value does not fit the recipe. InputError: the record is damaged.
    """
    changes = [compiled.changed([*settings, f"{param}={value}"], SWEEP, may_be_none=True) for value in values]
    counters = iter(outcome.outcomes(compiled.corpus, [each for each in changes if each is not None]))
    kept = [outcome.kept(compiled.corpus, next(counters)) if each is not None else None for each in changes]
    if not any(kept):
        raise SpecError(f"{SWEEP} {param}: no value of it changes a rule of the run.")
    as_it_was = outcome.kept_before(compiled.corpus)
    return [{"value": _plain(value), "kept": each or as_it_was} for value, each in zip(values, kept, strict=True)]


def _plain(value: str) -> Any:
    return marks.plain(marks.parse(value, SWEEP))


# ---------------------------------------------------------------------- a wanted share


def for_share(compiled: Compiled, param: str, wanted: float, settings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the value of a parameter under which a share of the documents that were read is kept, or as near as there is.

    The number of kept documents is taken to rise or to fall with the parameter, as it does with a bound.

    Returns:
        `value` and its `kept`, and all that were `tried`, in the order of their values.

    Raises:
        SpecError: the parameter sets no bound, takes no number, no number changes a rule, or none keeps about as much. InputError: the record is damaged.
    """
    if not 0 < wanted < 1:
        raise SpecError(f"expected a share between 0 and 1, such as 0.4, got {wanted!r}.", TARGET)
    make, column = _numbers_of(compiled, param, settings)
    tried: dict[float, dict[str, Any]] = {}
    candidates = _quantiles(compiled.corpus.need_record(), column)
    for _ in range(ROUNDS):
        new = list(dict.fromkeys(value for value in map(make, candidates) if value not in tried))
        if not new:
            break
        found = sweep(compiled, param, [repr(value) for value in new], settings)
        tried |= {value: each["kept"] for value, each in zip(new, found, strict=True)}
        candidates = _between(tried, wanted)
    _check_reached(param, wanted, tried)
    best = min(tried, key=lambda value: (abs((tried[value]["share"] or 0) - wanted), value))
    listed = [{"value": value, "kept": tried[value]} for value in sorted(tried)]
    return {"parameter": param, "wanted": wanted, "value": best, "kept": tried[best], "tried": listed}


def _check_reached(param: str, wanted: float, tried: Mapping[float, Mapping[str, Any]]) -> None:
    """Refuse a share that no value comes near to."""
    shares = {value: kept["share"] or 0.0 for value, kept in tried.items()}
    least, most = min(shares, key=shares.__getitem__), max(shares, key=shares.__getitem__)
    if not shares[least] - _NEAR <= wanted <= shares[most] + _NEAR:
        raise SpecError(
            f"no value of {param} keeps {wanted:.2%} of the documents: {most:g} keeps {shares[most]:.2%}, {least:g} keeps "
            f"{shares[least]:.2%}.  Other rules drop the rest; change them with --what-if as well.",
            f"{TARGET} {wanted:g}",
        )


def _numbers_of(compiled: Compiled, param: str, settings: Sequence[str]) -> tuple[Callable[[float], float], str]:
    """Return what makes a number one that the parameter takes, and the column that its rule compares."""
    compiled.check_is_filter(param)
    compiled.check_takes_numbers(param, TARGET)
    error: SpecError | None = None
    for whole, make in ((False, _rounded), (True, round)):
        for value in (0.5, 0.25) if not whole else (7, 11):
            try:
                change = compiled.changed([*settings, f"{param}={value}"], TARGET, may_be_none=True)
            except SpecError as refused:
                error = refused
                continue
            columns = {each.column for each in change.moved} if change else set()
            if len(columns) > 1:
                raise SpecError(
                    f"{TARGET}: {param} sets bounds on several columns ({', '.join(sorted(columns))}), so no value follows "
                    f"from the share.  Look at {SWEEP} {param}=START:STOP:STEP."
                )
            if columns:
                return make, columns.pop()
    raise error or SpecError(f"{TARGET}: no number for {param} changes a rule of the run.")


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _quantiles(record: Record, column: str) -> list[float]:
    pieces, n = [], 0
    for batch in record.batches([column]):
        values = numbers(batch[column])
        pieces.append(values[~np.isnan(values)].astype(np.float64))
        n += len(pieces[-1])
        if n > 4 * _SAMPLE:
            pieces = [np.concatenate(pieces)[::2]]
            n = len(pieces[0])
    values = np.concatenate(pieces) if pieces else np.zeros(0)
    if not len(values):
        raise SpecError(f"{TARGET}: no document of the run has a value of `{column}`.")
    return np.quantile(values, np.linspace(0, 1, TRIED)).tolist()


def _between(tried: Mapping[float, Mapping[str, Any]], wanted: float) -> list[float]:
    """Return values between the two neighbours whose shares lie on either side of the wanted one."""
    values = sorted(tried)
    shares = [tried[value]["share"] or 0.0 for value in values]
    for at in range(len(values) - 1):
        if min(shares[at : at + 2]) <= wanted <= max(shares[at : at + 2]):
            return np.linspace(values[at], values[at + 1], TRIED)[1:-1].tolist()
    return []
