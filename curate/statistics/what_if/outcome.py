"""What a changed recipe would have given, as JSON-like data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from curate.rules import Bound
from curate.statistics.corpus import Corpus
from curate.statistics.groups import TOKENS
from curate.statistics.texts import Place, fetch
from curate.statistics.what_if import estimate
from curate.statistics.what_if.changes import Change
from curate.statistics.what_if.counts import FREED, SAME, WAITING, Counter, Row, count
from curate.statistics.what_if.deciding import reasons_of

REASONS = 8
"""Reasons that are named."""


def outcomes(corpus: Corpus, changes: Sequence[Change]) -> list[Counter]:
    """Decide and count several changed recipes in one pass over the record.

    Raises:
        InputError: the record is damaged.
    """
    record = corpus.need_record()
    tokens = next((name for name in TOKENS if name in record.about), None)
    counters = [Counter(change, record, tokens) for change in changes]
    count(record, counters)
    return counters


def kept(corpus: Corpus, counter: Counter) -> dict[str, Any]:
    """Return how many documents and tokens are kept: `estimate` with `low` and `high` is exact if `is_exact`."""
    end, found = len(counter.change.steps), estimate.survivors(counter)
    n, read = round(found.estimate), _n_read(corpus, counter)
    return {
        "documents": n,
        "low": int(found.low),
        "high": int(found.high),
        "is_exact": found.is_exact,
        "share": n / read if read else None,
        **_tokens(counter, found, end),
    }


def _n_read(corpus: Corpus, counter: Counter) -> int:
    """Return how many documents were read, without those that the recipe's `sample` left out."""
    return int(counter.counts.flows.sum()) - corpus.ledger.n_left_out


def kept_before(corpus: Corpus) -> dict[str, Any]:
    """Return how many documents the run kept, as `kept`."""
    n, read = corpus.ledger.n_out, corpus.ledger.n_read
    return {"documents": n, "low": n, "high": n, "is_exact": True, "share": n / read if read else None}


def _tokens(counter: Counter, found: estimate.Survivors, end: int) -> dict[str, Any]:
    """Return the tokens of the kept documents.

    Of documents that never came to where tokens are counted, the bytes of the text are taken, divided by the bytes of a token of
    the others. What the number of documents is adjusted by, for global stages, has the mean of the others. At the ends of
    the interval, each document more or less has the mean of the kept ones or of the waiting ones, whichever is larger.
    """
    counts = counter.counts
    if not counts.measured[:, end, SAME].sum() + counts.measured[:, end, FREED].sum():
        return {}
    of_byte = counts.tokens.sum() / counts.bytes.sum() if counts.bytes.any() else 0.0
    tokens = counts.tokens + counts.more_bytes * of_byte
    n = counts.flows if counts.bytes.any() else counts.measured
    kept = tokens[:, end, SAME].sum() + tokens[:, end, FREED].sum()
    n_kept = n[:, end, SAME].sum() + n[:, end, FREED].sum()
    mean, most = kept / n_kept, kept / n_kept
    for origin, share in found.shares.items() if counts.bytes.any() else ():
        waiting, n_waiting = tokens[origin, :, WAITING].sum(), n[origin, :, WAITING].sum()
        most = max(most, waiting / n_waiting)
        kept, n_kept = kept + share * waiting, n_kept + share * n_waiting
    estimated = kept + (found.estimate - n_kept) * mean
    low, high = (estimated + (each - found.estimate) * most for each in (found.low, found.high))
    return {
        "tokens": round(estimated),
        "tokens_low": round(max(0.0, low)),
        "tokens_high": round(high),
        "tokens_column": counter.tokens,
        "tokens_are_exact": found.is_exact and bool((counts.measured == counts.flows)[:, end, [SAME, FREED]].all()),
    }


def described(corpus: Corpus, counter: Counter) -> dict[str, Any]:
    """Return what a changed recipe would have given.

    Returns:
        `rules`: that became others. `before` and `now`: how many documents are kept of all `documents` that were read.
        `after`: the last stage up to which all is exact, and how many documents come out of it. `joint`: what becomes of
        those that the moved rules dropped. `freed` and `lost`: documents that get further, and that are dropped earlier.
        `unknown`: what is not known, as sentences.
    """
    change, flows = counter.change, counter.counts.flows
    end, at = len(change.steps), estimate.last_known(counter)
    before, now = estimate.coming_out(counter, at)
    return {
        "settings": list(change.settings),
        "rules": [
            {"stage": each.stage, "reason": each.reason, "column": each.column, "before": _bound(each.before),
             "after": _bound(each.after), "when": {name: list(values) for name, values in each.when.items()}}
            for each in change.moved
        ],
        "documents": _n_read(corpus, counter),
        "before": {"documents": int(flows[end].sum()), "share": int(flows[end].sum()) / max(1, _n_read(corpus, counter)),
                   **_tokens_before(counter, end)},
        "now": kept(corpus, counter),
        "after": {"stage": change.steps[at].labels[-1] if change.steps[at].labels else "sources", "before": before, "now": now,
                  "is_all": at == end - 1},
        "joint": list(_joint(counter)),
        "freed": _freed(counter),
        "lost": _lost(counter),
        "unknown": list(_unknown(counter)),
    }  # fmt: skip


def _bound(bound: Bound | None) -> dict[str, Any] | None:
    if bound is None:
        return None
    return {"at_least": bound.at_least, "at_most": bound.at_most, "is_needed": bound.is_needed}


def _tokens_before(counter: Counter, end: int) -> dict[str, Any]:
    measured = counter.counts.measured[end].sum()
    return {"tokens": round(counter.counts.tokens[end].sum())} if measured else {}


def _joint(counter: Counter) -> Iterator[dict[str, Any]]:
    """Yield, for each reason for which a moved rule was the first broken one, what becomes of its documents."""
    moved = dict.fromkeys((each.stage, each.reason) for each in counter.change.moved)
    for stage, reason in moved:
        of_rule = [(key[2:], n) for key, n in counter.counts.joint.items() if key[:2] == (stage, reason)]
        others = [(_reason(counter.change, *key), n) for key, n in of_rule if key[1] >= 0]
        still = sum(n for rule, n in others if rule == (stage, reason))
        for_others = sorted(((n, rule) for rule, n in others if rule != (stage, reason)), reverse=True)
        yield {
            "stage": stage,
            "reason": reason,
            "dropped": sum(n for _, n in of_rule),
            "still": still,
            "passed": sum(n for key, n in of_rule if key[1] < 0),
            "for_others": [_entry(rule, n) for n, rule in for_others[:REASONS]],
            "for_others_in_all": sum(n for n, _ in for_others),
        }


def _reason(change: Change, step: int, reason: int) -> tuple[str, str]:
    return reasons_of(change.steps[step])[reason]


def _entry(rule: tuple[str, str], n: int) -> dict[str, Any]:
    return {"stage": rule[0], "reason": rule[1], "documents": n}


def _freed(counter: Counter) -> dict[str, Any]:
    change, flows, end = counter.change, counter.counts.flows, len(counter.change.steps)
    waits = [(change.steps[at].labels[0], int(flows[:, at, WAITING].sum())) for at in range(1, end)]
    return {
        "documents": int(flows[:, :, FREED].sum() + flows[:, :, WAITING].sum()),
        "kept": int(flows[:, end, FREED].sum()),
        "then": _newly(counter, was_freed=True),
        "waiting": [{"stage": stage, "documents": n} for stage, n in waits if n],
    }


def _lost(counter: Counter) -> dict[str, Any]:
    flows, end = counter.counts.flows, len(counter.change.steps)
    n_lost = sum(int(flows[at, :at, SAME].sum()) for at in range(end + 1))
    return {"documents": n_lost, "kept": int(flows[end, :end, SAME].sum()), "by": _newly(counter, was_freed=False)}


def _newly(counter: Counter, *, was_freed: bool) -> list[dict[str, Any]]:
    found = [(n, _reason(counter.change, *key[:2])) for key, n in counter.counts.newly.items() if key[2] is was_freed]
    return [_entry(rule, n) for n, rule in sorted(found, reverse=True)[:REASONS]]


def _unknown(counter: Counter) -> Iterator[str]:
    for each in _freed(counter)["waiting"]:
        yield (
            f"{each['documents']:,} documents would come to {each['stage']}, which never saw them: how many survive it and the "
            "stages after it is estimated from documents like them that came to it."
        )
    met = [counter.change.steps[at] for at in estimate.unsettled(counter)]
    for steps, what in (
        ([step for step in met if step.names_copies], "may keep another copy of a lost one"),
        ([step for step in met if not step.names_copies], "look at more than one document"),
    ):
        if steps:
            labels = [step.labels[0] for step in steps]
            named = " and ".join(filter(None, [", ".join(labels[:-1]), labels[-1]]))
            yield f"Other documents come to {named}, which {what}: the interval has room for that."


def examples(corpus: Corpus, counter: Counter, n: int, modules: Sequence[str] = ()) -> dict[str, list[dict[str, Any]]]:
    """Return some documents that would change sides, `gained` and `lost`, with their texts as far as the run has them.

    Args:
        n: of each. The first of the record are taken.
        modules: of the user's that bring file formats.

    Raises:
        InputError: the record is damaged.
    """
    end, change = len(counter.change.steps), counter.change
    sides = {
        "gained": [row for row in counter.counts.gained if row.waits or row.now == end][:n],
        "lost": counter.counts.lost[:n],
    }
    found = _rows(corpus, [row for rows in sides.values() for row in rows])
    texts = fetch(corpus, [place for place, _ in found.values()], modules)
    return {side: [_example(change, row, *found[row.at], texts) for row in rows] for side, rows in sides.items()}


def _rows(corpus: Corpus, rows: Sequence[Row]) -> dict[int, tuple[Place, dict[str, Any]]]:
    """Return what the record says of some rows, by their numbers."""
    wanted, found, start = {row.at for row in rows}, {}, 0
    columns = ["id", "url", "source", "stage", "reason"]
    for shard, batch in corpus.need_record().by_shard(columns) if wanted else ():
        for at in sorted(wanted):
            if start <= at < start + batch.num_rows:
                row = {name: batch[name][at - start].as_py() for name in columns}
                found[at] = (Place(shard, row["id"], row["stage"], row["reason"]), row)
        start += batch.num_rows
        if len(found) == len(wanted):
            break
    return found


def _example(change: Change, row: Row, place: Place, said: dict[str, Any], texts: dict[Place, Any]) -> dict[str, Any]:
    text, end = texts.get(place), len(change.steps)
    now = None if row.waits or row.now == end else _reason(change, row.now, row.reason)
    return {
        **said,
        "now": None if now is None else {"stage": now[0], "reason": now[1]},
        "waits": change.steps[row.now].labels[0] if row.waits else None,
        "text": text.text if text else None,
        "is_earlier": bool(text and text.is_earlier),
    }
