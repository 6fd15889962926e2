"""What the terminal shows of changed recipes: what they keep, what becomes of which documents, and curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.cli.console import OUT, Piece, many, quoted, styled
from curate.cli.show_values import expected
from curate.statistics.tokens import COUNTED

EXAMPLES, LINES, CHARACTERS = 3, 3, 300
"""Documents of each side that are shown, and how much of their texts."""

BAR = 20
"""Characters of a full bar."""


def print_outcome(found: Mapping[str, Any]) -> None:
    """Print what `what_if.outcome` found."""
    for rule in found["rules"]:
        when = "".join(f"  ({name}: {', '.join(map(str, values))})" for name, values in rule["when"].items())
        OUT.print(styled(f"{rule['stage']} {rule['reason']}", "bold"), f": {rule['column']} {_range(rule['after'])} instead of {_range(rule['before'])}{when}")  # fmt: skip
    OUT.print()
    OUT.print_table(["", "run", "changed", ""], list(_rows(found)))
    OUT.print()
    for each in found["joint"]:
        _print_joint(each)
    if found["freed"]["then"]:
        OUT.print(f"of those, later filters drop: {_listed(found['freed']['then'])}")
    if lost := found["lost"]["documents"]:
        kept = found["lost"]["kept"]
        OUT.print(f"{many(lost, 'document')} would be dropped earlier, {kept:,} of them kept in the run: {_listed(found['lost']['by'])}")  # fmt: skip
    for sentence in found["unknown"]:
        OUT.print(sentence, style="dim")
    if found["unknown"]:
        OUT.print("--exact runs the changed recipe and gives the true number.", style="dim")
    _print_examples("would be dropped no more where they were", found["examples"]["gained"], "green")
    _print_examples("would be dropped", found["examples"]["lost"], "red")


def _rows(found: Mapping[str, Any]) -> Iterator[list[Piece]]:
    before, now = found["before"], found["now"]
    after = found["after"]
    if not after["is_all"]:
        yield [f"out of {after['stage']}", f"{after['before']:,}", f"{after['now']:,}", "exact"]
    yield ["kept at the end", f"{before['documents']:,}", f"{now['documents']:,}", _certainty(now)]
    yield [f"of {found['documents']:,} read", f"{before['share']:.2%}", f"{now['share'] or 0:.2%}", ""]
    if "tokens" in before and "tokens" in now:
        yield ["tokens", f"{before['tokens']:,}", f"{now['tokens']:,}", _tokens_from(now)]


def _certainty(kept: Mapping[str, Any]) -> str:
    return "exact" if kept["is_exact"] else f"estimate, 95 % in {kept['low']:,} to {kept['high']:,}"


def _of_column(column: str) -> str:
    return "counted" if column == COUNTED else "estimated from bytes"


def _tokens_from(kept: Mapping[str, Any]) -> str:
    said = _of_column(kept["tokens_column"])
    if kept["tokens_column"] == COUNTED and not kept["tokens_are_exact"]:
        said = "estimated from counted ones"
    low, high = kept["tokens_low"], kept["tokens_high"]
    return said if low == high else f"{said}, 95 % in {low:,} to {high:,}"


def _print_joint(each: Mapping[str, Any]) -> None:
    if not each["dropped"]:
        return
    others = (
        f", {each['for_others_in_all']:,} for other rules ({_listed(each['for_others'])})" if each["for_others"] else ""
    )
    OUT.print(
        f"of {each['dropped']:,} dropped first for {each['reason']}: {each['still']:,} still are{others}, "
        f"{each['passed']:,} pass these filters"
    )


def _listed(entries: Sequence[Mapping[str, Any]]) -> str:
    return ", ".join(f"{each['reason']} {each['documents']:,}" for each in entries)


def _range(bound: Mapping[str, Any] | None) -> str:
    return "no rule" if bound is None else expected(bound)


def _print_examples(title: str, documents: Sequence[Mapping[str, Any]], style: str) -> None:
    if not documents:
        return
    OUT.print()
    OUT.print(f"{title}, such as", style="bold")
    for each in documents:
        OUT.print("  ", quoted(each["id"], style), quoted(f"  {each['url'] or ''}", "dim"), f"  {_fate(each)}")
        lines = (each["text"] or "").strip()[:CHARACTERS].splitlines()[:LINES]
        for line in lines or ["(the run has no text of it; with `rejects: text` it keeps all)"]:
            OUT.print("      ", quoted(line, "" if lines else "dim"))


def _fate(each: Mapping[str, Any]) -> str:
    was = f"{each['stage']}: {each['reason']}" if each["stage"] else "kept"
    if each["now"]:
        return f"was {was}; would be {each['now']['stage']}: {each['now']['reason']}"
    return f"was {was}; would come to {each['waits']}" if each["waits"] else f"was {was}; would be kept"


def print_sweep(param: str, found: Sequence[Mapping[str, Any]], present: Any) -> None:
    """Print a curve: one line for each value.

    Args:
        present: the value that the run had.
    """
    most = max((each["kept"]["high"] for each in found), default=0)
    rows = []
    for each in found:
        kept, value = each["kept"], each["value"]
        is_present = value == present
        rows.append([
            styled(_value(value), "bold" if is_present else ""),
            f"{kept['documents']:>9,}",
            f"{kept['share'] or 0:>7.2%}",
            "exact" if kept["is_exact"] else f"{kept['low']:,} to {kept['high']:,}",
            styled("#" * round(BAR * kept["documents"] / most) if most else "", "green"),
            "as in the run" if is_present else "",
        ])  # fmt: skip
    OUT.print(param, style="bold")
    OUT.print_table(["value", "kept", "share", "95 % in", "", ""], rows)


def _value(value: Any) -> str:
    return "null" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def print_found(found: Mapping[str, Any]) -> None:
    """Print the value that keeps a wanted share, with those next to it."""
    kept, parameter = found["kept"], found["parameter"]
    OUT.print(styled(f"{parameter}={_value(found['value'])}", "bold"), f" keeps {kept['share'] or 0:.2%}, {many(kept['documents'], 'document')} ({_certainty(kept)}); wanted {found['wanted']:.2%}")  # fmt: skip
    listed = found["tried"]
    at = next(k for k, each in enumerate(listed) if each["value"] == found["value"])
    OUT.print()
    print_sweep(parameter, listed[max(0, at - 4) : at + 5], None)


def print_exact(found: Mapping[str, Any], output: str) -> None:
    """Print how a real run of the changed recipe differs, document by document.

    Args:
        output: its folder, if it stays.
    """
    OUT.print(
        styled(", ".join(found["settings"]), "bold"), ": the changed recipe was run", f" in {output}" if output else ""
    )
    OUT.print()
    before, now, read = found["before"], found["now"], max(1, found["documents"])
    rows = [["kept at the end", f"{before['documents']:,}", f"{now['documents']:,}", "exact"]]
    rows.append(
        [f"of {found['documents']:,} read", f"{before['documents'] / read:.2%}", f"{now['documents'] / read:.2%}", ""]
    )
    if "tokens" in before and "tokens" in now:
        rows.append(["tokens", f"{before['tokens']:,}", f"{now['tokens']:,}", _of_column(now["tokens_column"])])
    OUT.print_table(["", "run", "changed", ""], rows)
    OUT.print()
    for kind, what in (("gained", "gained; were dropped for"), ("lost", "lost; are dropped for"), ("moved", "dropped elsewhere; now for")):  # fmt: skip
        each = found[kind]
        if each["documents"]:
            OUT.print(f"{many(each['documents'], 'document')} {what} {_listed(each['reasons'])}")
            for id in found["examples"].get(kind, [])[:EXAMPLES]:
                OUT.print("    ", quoted(id))
