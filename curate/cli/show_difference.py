"""What the terminal shows of two compared runs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from curate.cli.console import OUT, many, quoted
from curate.cli.show_values import expected, number, verdict
from curate.runs.redaction import hidden
from curate.signals import TOKENS

LISTED_FILES, LISTED_GROUPS, LISTED_ROWS, LISTED_CHANGES, LISTED_VALUES = 5, 8, 12, 20, 8
"""Files, groups of each kind, rows of a table, changes of a stage, and values of a column that are shown; the rest is counted."""

_HEADS = {
    "gained": "gained: kept in B only",
    "lost": "lost: kept in A only",
    "moved": "moved: dropped in both, for another reason",
}


def print_difference(found: Mapping[str, Any]) -> None:
    """Print what `run_difference.compare` found."""
    for name, run in found["runs"].items():
        counts = run["documents"]
        OUT.print(f"{name.upper()}  {run['run']}  {counts['out']:,} of {counts['in']:,} documents kept")
    if found["is_same_result"]:
        OUT.print("\nsame result: the curated documents are the same, byte for byte", style="bold")
    _print_recipes(found["recipes"])
    _print_inputs(found["inputs"], found.get("left_out"))
    if "documents" not in found:
        return
    _print_documents(found)
    _print_tables(found)
    for note in found["notes"]:
        OUT.print(f"\nnote: {note}")


def _print_recipes(recipes: Mapping[str, Any]) -> None:
    lines = list(_recipe_lines(recipes))
    OUT.print("\nthe recipes differ" if lines else "\nthe recipes are the same", style="bold")
    for stage, what in lines:
        OUT.print("  ", quoted(f"{stage:<28}  {what}"))


def _recipe_lines(recipes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for stage in recipes["removed"]:
        yield stage["stage"], "only in A"
    for stage in recipes["added"]:
        yield stage["stage"], "only in B"
    for stage, changed in itertools.groupby(recipes["changed"], lambda change: change["stage"]):
        lines = [f"{c['param']}{_documents(c)}: {_short(c['a'])} -> {_short(c['b'])}" for c in changed]
        yield from ((stage, line) for line in lines[:LISTED_CHANGES])
        if rest := lines[LISTED_CHANGES:]:
            yield stage, f"{many(len(rest), 'other change')}; --json has all"
    for stage in recipes["rewritten"]:
        yield stage, "its cases are written otherwise, and do the same"
    if recipes["order"]:
        yield "order of stages", f"{', '.join(recipes['order']['a'])} -> {', '.join(recipes['order']['b'])}"
    for change in recipes["recipe"]:
        yield change["entry"], f"{_short(change['a'])} -> {_short(change['b'])}"
    for change in recipes["files"]:
        yield change["stage"], f"{hidden(change['file'])} has another content"
    for change in recipes["versions"]:
        yield change["package"], f"{change['a'] or 'not there'} -> {change['b'] or 'not there'}"
    if recipes["code"]:
        yield (
            "code",
            "of curate, of your modules or of a package has changed: the same recipe gave phases of another fingerprint",
        )


def _documents(change: Mapping[str, Any]) -> str:
    """Return which documents a change is about, in parentheses; nothing if it is all."""
    said = [f"{column}: {_listed(values)}" for column, values in change["when"].items()]
    said += [f"{column} other than {_listed(values)}" for column, values in change["unless"].items()]
    return f" ({'; '.join(said)})" if said else ""


def _listed(values: Iterable[Any]) -> str:
    shown = list(dict.fromkeys(map(str, values)))  # a key of `per` stands for a text and the number in it
    return ", ".join(shown[:LISTED_VALUES]) + (
        f" and {len(shown) - LISTED_VALUES:,} more" if len(shown) > LISTED_VALUES else ""
    )


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 200 else f"{text[:200]} ..."


def _print_inputs(inputs: Mapping[str, Any], left_out: Mapping[str, Any] | None) -> None:
    if inputs["is_same"]:
        OUT.print(f"\nthe inputs are the same: {many(inputs['common'], 'file')}")
        return
    OUT.print("\nthe inputs differ", style="bold")
    for key, what in (("only_a", "only in A"), ("only_b", "only in B"), ("changed", "with another content in B")):
        for name in inputs[key][:LISTED_FILES]:
            OUT.print(f"  {what}: ", quoted(name))
        if len(inputs[key]) > LISTED_FILES:
            OUT.print(f"  {what}: {len(inputs[key]) - LISTED_FILES:,} more")
    OUT.print(f"  in common: {many(inputs['common'], 'file')}; the documents of these are compared")
    for name, counts in (left_out or {}).items():
        if sum(counts.values()):
            OUT.print(
                f"  left out of {name.upper()}: {counts['kept']:,} kept and {counts['dropped']:,} dropped documents of other files"
            )


def _print_documents(found: Mapping[str, Any]) -> None:
    counts = found["documents"]
    OUT.print(
        f"\n{counts['compared']:,} documents compared: {counts['kept']:,} kept in both, {counts['gained']:,} gained, {counts['lost']:,} lost, "
        f"{counts['moved']:,} moved, {counts['dropped']:,} dropped alike",
        style="bold",
    )
    for key in ("only_a", "only_b"):
        if sum(counts[key].values()):
            OUT.print(f"  only in {key[-1].upper()}: {counts[key]['kept']:,} kept, {counts[key]['dropped']:,} dropped")
    for kind, head in _HEADS.items():
        groups = [group for group in found["groups"] if group["kind"] == kind]
        if groups:
            OUT.print(f"\n{head}  ({counts[kind]:,})", style="bold")
        for group in groups[:LISTED_GROUPS]:
            _print_group(group)
        if rest := groups[LISTED_GROUPS:]:
            OUT.print(
                f"{sum(group['documents'] for group in rest):>8,}  for {many(len(rest), 'other change')} of reason; --json has all"
            )


def _print_group(group: Mapping[str, Any]) -> None:
    sides = [(name, group[key]) for name, key in (("A", "before"), ("B", "after")) if group[key]["fate"] != "kept"]
    said = ", ".join(f"{verdict(side).removeprefix('dropped ')} in {name}" for name, side in sides)
    OUT.print(f"{group['documents']:>8,}  ", quoted(said))
    for example in group["examples"]:
        OUT.print("          ", quoted(example["id"], "bold"), "  ", quoted(example["url"] or ""))
        for name in ("a", "b"):
            if ground := _ground(example[name]):
                OUT.print("            ", quoted(f"{name.upper()}: {ground}"))
        if text := " ".join((example["text"] or "").split()):
            OUT.print("            ", quoted(text[:100], "dim"), " ..." if len(text) > 100 else "")


def _ground(said: Mapping[str, Any]) -> str:
    """Return the value for which a run dropped a document, and its bound or evidence."""
    if said["fate"] == "kept" or ("value" not in said and "evidence" not in said):
        return ""
    if bound := said.get("bound"):
        value = number(said["value"]) if "value" in said else "not there"
        return f"{bound['signal']} is {value}, expected {expected(bound)}"
    value = [f"{said['reason']} {number(said['value'])}"] if "value" in said else [said["reason"]]
    copy = [f"the kept copy is {said['kept_id']}"] if "kept_id" in said else []
    return ", ".join([*value, *([said["evidence"]] if "evidence" in said else []), *copy])


def _print_tables(found: Mapping[str, Any]) -> None:
    for column, rows in found["by"].items():
        if [row[column] for row in rows] not in ([], [None]):
            OUT.print()
            heads = (column, "kept in A", "kept in B", "gained", "lost", "moved")
            shown = rows[:LISTED_ROWS]
            OUT.print_table(
                heads, [[quoted(row[column] or "(none)"), *map(_count, list(row.values())[1:])] for row in shown]
            )
            if len(rows) > len(shown):
                OUT.print(f"... and {len(rows) - len(shown):,} more")
    OUT.print()
    OUT.print_table(("kept text", "A", "B", "B - A", "gained", "lost", "changed"), _size_rows(found))


def _size_rows(found: Mapping[str, Any]) -> Iterator[list[str]]:
    sizes, compared = found["bytes"], found["sizes"] if found["documents"]["compared"] else {}
    yield ["bytes, whole runs", *_two(sizes["a"], sizes["b"]), "", "", ""]
    if not any(name in compared for name in TOKENS):
        estimate = sizes["estimated_tokens"]
        yield ["tokens, estimated from bytes", *_two(estimate["a"], estimate["b"]), "", "", ""]
    for signal, shift in compared.items():
        parts = [f"{sign}{shift[key]:,}" for sign, key in (("+", "gained"), ("-", "lost"))]
        changed = f"{shift['changed']:+,} in {many(shift['n_changed'], 'document')}" if shift["n_changed"] else "0"
        yield [signal, *_two(shift["a"], shift["b"]), *parts, changed]


def _two(a: int, b: int) -> list[str]:
    share = f" ({(b - a) / a:+.1%})" if a else ""
    return [f"{a:,}", f"{b:,}", f"{b - a:+,}{share}"]


def _count(n: int) -> str:
    return f"{n:,}"
