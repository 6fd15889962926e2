"""Documents that show what a rule does: those near its bound, kept and dropped, with what matched in their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate import registry
from curate.errors import SpecError
from curate.statistics import marks, nearest, parameters, ranked, texts
from curate.statistics.corpus import Corpus
from curate.statistics.marks import Marker, Span
from curate.statistics.marks.pairs import differing
from curate.statistics.nearest import Near
from curate.statistics.ranked import Ranked
from curate.statistics.rulebook import Rule
from curate.statistics.signal import described
from curate.statistics.texts import Place, Text

OF_REASON, NEAR = 5, 10
"""Documents on each side: of `--examples`, and of `--near`."""

Entry = dict[str, Any]


def of_reason(corpus: Corpus, asked: str, modules: Sequence[str] = ()) -> list[Entry]:
    """Return documents that were dropped for a reason, and kept ones near to that.

    Args:
        asked: a reason, `STAGE reason`, or a stage: all its reasons, and what it found in kept documents.
        modules: modules of the user's that bring file formats and markers.

    Returns:
        JSON-like data: for each reason that is meant, as `near` returns it.

    Raises:
        SpecError: no document was dropped for that. InputError: a file of the run is damaged.
    """
    table = marks.with_modules(modules)
    stages = {stage["label"]: stage for stage in corpus.stages}
    if asked in stages and not _dropped_by(corpus, asked):
        return [_found_by(corpus, stages[asked], table, modules)]
    return [_of_reason(corpus, stage, reason, table, modules) for stage, reason in _meant(corpus, asked)]


def near(corpus: Corpus, address: str, modules: Sequence[str] = ()) -> list[Entry]:
    """Return the documents nearest to the bounds that a parameter sets, on either side.

    Args:
        address: `STAGE.PARAM`.
        modules: as `of_reason`.

    Returns:
        JSON-like data, for each rule that the parameter sets: `stage`, `reason`, `column` and `bounds`; `shows`, what is
        marked in the texts; `passing` and `breaking`: documents, the nearest first, each with its fate, value, the bound
        that counts for it, its text as far as the run has it, and `spans`, the characters that are marked.

    Raises:
        SpecError: there is no such parameter. InputError: a file of the run is damaged.
    """
    label, param, reasons = parameters.rules_of(corpus, address, modules)
    table = marks.with_modules(modules)
    found = []
    for reason in reasons:
        rules = corpus.rulebook.of_reason(label, reason)
        sides = nearest.to_rules(corpus, rules, NEAR)
        found.append({"parameter": param, **_entry(corpus, label, reason, rules, sides, table, modules)})
    return found


def _dropped_by(corpus: Corpus, label: str) -> dict[str, int]:
    return next((entry.dropped for entry in corpus.ledger.stages if entry.stage == label), {})


def _meant(corpus: Corpus, asked: str) -> list[tuple[str, str]]:
    """Return the stages and reasons that are meant.

    Raises:
        SpecError: none is.
    """
    known = [(entry.stage, reason) for entry in corpus.ledger.stages for reason, n in entry.dropped.items() if n]
    found = [(stage, reason) for stage, reason in known if asked in (reason, f"{stage} {reason}", stage)]
    if found:
        return found
    rules = {(rule.stage, rule.reason) for rule in corpus.rulebook}
    idle = [f"{stage} {reason}" for stage, reason in rules if asked in (reason, f"{stage} {reason}", stage)]
    if idle:
        raise SpecError(f"{idle[0]} dropped no document of the run.  To see those nearest to it, use --near with the parameter that sets it.")  # fmt: skip
    names = list(dict.fromkeys([*(reason for _, reason in known), *(stage for stage, _ in known)]))
    hint = registry.nearest(asked, names)
    raise SpecError(f'no document of the run was dropped for "{asked}".{hint}  Reasons: {", ".join(dict.fromkeys(reason for _, reason in known)) or "none"}.')  # fmt: skip


def _of_reason(corpus: Corpus, stage: str, reason: str, table: Sequence[Marker], modules: Sequence[str]) -> Entry:
    rules = corpus.rulebook.of_reason(stage, reason)
    if rules:
        sides = nearest.to_rules(corpus, rules, OF_REASON, only_first=True, only_kept=True)
        return _entry(corpus, stage, reason, rules, sides, table, modules)
    sides = ranked.nearest(corpus, stage, reason, OF_REASON, modules)
    if sides and sides[1]:
        return _of_ranking(corpus, stage, reason, sides, table, modules)
    dropped = nearest.for_reason(corpus, stage, reason, OF_REASON)
    marker = marks.find(table, _name_of(corpus, stage))
    if marker and marker.column in corpus.need_record().about:
        sides = nearest.highest(corpus, marker.column, OF_REASON), dropped
        return _entry(corpus, stage, reason, (), sides, table, modules)
    return _with_copies(corpus, stage, reason, dropped, table, modules)


def _found_by(corpus: Corpus, stage: Mapping[str, Any], table: Sequence[Marker], modules: Sequence[str]) -> Entry:
    """Return what a stage that dropped nothing has found in kept documents.

    Raises:
        SpecError: nothing is known of it.
    """
    marker = marks.find(table, stage["name"])
    if marker is None or marker.column not in corpus.need_record().about:
        raise SpecError(
            f"{stage['label']} dropped no document, and nothing says what it found in texts.  Give a reason."
        )
    sides = nearest.highest(corpus, marker.column, OF_REASON), []
    return _entry(corpus, stage["label"], "", (), sides, table, modules)


def _of_ranking(
    corpus: Corpus, label: str, reason: str, sides: tuple[list[Ranked], list[Ranked]],
    table: Sequence[Marker], modules: Sequence[str],
) -> Entry:  # fmt: skip
    """Return the documents on both sides of the cut of a ranking, each with its rank and the lowest that is kept."""
    places = _places(corpus, {each.id for side in sides for each in side})
    near = [[Near(*places[each.id], each.rank, None, abs(each.rank - each.cut)) for each in side] for side in sides]
    entry = _entry(corpus, label, reason, (), (near[0], near[1]), table, modules)
    entry["column"] = "rank"
    for side, documents in zip(sides, (entry["passing"], entry["breaking"]), strict=True):
        for each, document in zip(side, documents, strict=True):
            document["distance"] = abs(each.rank - each.cut)
            document["evidence"] = document["evidence"] or f"kept from {each.cut:.6g}"
    return entry


def _name_of(corpus: Corpus, label: str) -> str:
    return next((stage["name"] for stage in corpus.stages if stage["label"] == label), label)


# ---------------------------------------------------------------------- what is said of documents


def _entry(
    corpus: Corpus, label: str, reason: str, rules: Sequence[Rule], sides: tuple[list[Near], list[Near]],
    table: Sequence[Marker], modules: Sequence[str],
) -> Entry:  # fmt: skip
    stage = next(stage for stage in corpus.stages if stage["label"] == label)
    signals = {column: signal for signal, column in stage.get("columns", {}).items()}
    column = rules[0].column if rules else ""
    marker = marks.find(table, stage["name"], signals.get(column, column))
    found = texts.fetch(corpus, [each.place for side in sides for each in side], modules)
    params = stage.get("params", {})
    passing, breaking = ([_document(each, found.get(each.place), marker, params) for each in side] for side in sides)
    return {
        "stage": label,
        "reason": reason,
        "column": column or (marker.column if marker else None),
        "bounds": described(rules)[0]["bounds"] if rules else [],
        "shows": marker.shows if marker else None,
        "passing": passing,
        "breaking": breaking,
    }


def _document(each: Near, text: Text | None, marker: Marker | None, params: Mapping[str, Any]) -> Entry:
    bound = {name: value for name, value in asdict(each.bound).items() if name != "signal"} if each.bound else None
    return {
        **each.row,
        "value": text.value if each.value is None and text else each.value,
        "bound": bound,
        "distance": each.distance if each.bound else None,
        **_said(text, list(marker.spans(text.text, params)) if text and marker else []),
    }


def _said(text: Text | None, spans: Iterable[Span]) -> Entry:
    if text is None:
        return {"text": None, "where": None, "is_earlier": False, "spans": [], "evidence": None}
    return {"text": text.text, "where": text.where, "is_earlier": text.is_earlier, "spans": list(spans), "evidence": text.evidence}  # fmt: skip


# ---------------------------------------------------------------------- copies


def _with_copies(
    corpus: Corpus, label: str, reason: str, dropped: Sequence[Near], table: Sequence[Marker], modules: Sequence[str]
) -> Entry:
    """Return dropped documents, each beside the copy that was kept instead if it was dropped for one."""
    entry = _entry(corpus, label, reason, (), ([], list(dropped)), table, modules)
    found = texts.fetch(corpus, [each.place for each in dropped], modules)
    kept_ids = {each.place: text.kept_id for each in dropped if (text := found.get(each.place)) and text.kept_id}
    if not kept_ids:
        return entry
    places = _places(corpus, set(kept_ids.values()))
    copies = texts.fetch(corpus, [place for place, _ in places.values()], modules)
    entry["shows"] = "words that the other copy does not have"
    for each, document in zip(dropped, entry["breaking"], strict=True):
        if (kept_id := kept_ids.get(each.place)) not in places:
            continue
        place, row = places[kept_id]
        copy = copies.get(place)
        sides = differing(document["text"] or "", copy.text) if copy else ([], [])
        document["spans"] = sides[0]
        entry["passing"].append({**row, "value": None, "bound": None, "distance": None, **_said(copy, sides[1])})
    entry["breaking"] = [document for each, document in zip(dropped, entry["breaking"], strict=True) if kept_ids.get(each.place) in places] or entry["breaking"]  # fmt: skip
    return entry


def _places(corpus: Corpus, ids: set[str]) -> dict[str, tuple[Place, Entry]]:
    """Return where the documents with these ids are, and what the record says of them; of several with one id the first."""
    wanted, found = pa.array(sorted(ids), pa.string()), {}
    for shard, batch in corpus.need_record().by_shard(list(nearest.SHOWN), coded=True):
        for at in pc.indices_nonzero(pc.is_in(batch["id"], value_set=wanted)).to_pylist():
            row = {name: batch[name][at].as_py() for name in nearest.SHOWN}
            found.setdefault(row["id"], (Place(shard, row["id"], row["stage"], row["reason"]), row))
    return found
