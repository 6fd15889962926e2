"""Attack regular expressions: find those whose work grows faster than the text.

`patterns` finds every regular expression of the package, and `attacks` derives long texts from the parse tree of one:
each repeat is pumped, alone, behind what leads to it, and together with its neighbours. As a program, this module
runs all attacks on the patterns of some modules and prints the number of each before it begins; an attack that takes
more processor time than a linear pattern could ever need ends the process.
"""

from __future__ import annotations

import ast
import importlib
import json
import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from re import _constants as op
from re import _parser as parser
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

PACKAGE = Path(__file__).resolve().parent.parent / "curate"

ATTACK_CHARACTERS = 128 << 10
"""Length of an attack. A linear pattern takes milliseconds for it, a quadratic one at least eight seconds."""

SECONDS = 4
"""Processor time after which an attack ends the process."""

METHODS = frozenset({"search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer"})
ANCHORED = frozenset({"match", "fullmatch", "pattern", "flags", "groups"})
"""Methods of a pattern that begin at one place of the text only, and attributes."""

LONG = 32
"""Repeats with a lower maximum are not pumped: their work has a limit."""


class Found(NamedTuple):
    """A pattern, where it is, and whether only `match` and `fullmatch` are called on it."""

    place: str
    pattern: re.Pattern
    is_anchored: bool


# ---------------------------------------------------------------------- find patterns


def sources() -> dict[str, ast.Module]:
    """Return module name -> syntax tree, for the package."""
    names = {
        path: ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__main__.py"
    }
    return {name: ast.parse(path.read_text()) for path, name in names.items()}


def patterns() -> list[Found]:
    """Return every pattern of the package: in variables, tables, closures, and written inside calls of `re`."""
    trees = sources()
    searched = _searched_names(trees)
    found: dict[tuple, Found] = {}
    for name, tree in trees.items():
        module = importlib.import_module(name)
        for variable, value in vars(module).items():
            for pattern in _inside(value, set()):
                is_anchored = isinstance(value, re.Pattern) and (name, variable) not in searched
                found.setdefault(
                    (pattern.pattern, pattern.flags, is_anchored), Found(f"{name}.{variable}", pattern, is_anchored)
                )
        for line, method, pattern in _inline(module, tree):
            is_anchored = method in ANCHORED
            found.setdefault(
                (pattern.pattern, pattern.flags, is_anchored), Found(f"{name}:{line}", pattern, is_anchored)
            )
    return list(found.values())


def _searched_names(trees: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """Return (module, variable) of what is used in another way than `NAME.match(...)`, in its module or elsewhere."""
    found = set()
    for name, tree in trees.items():
        origin = {
            alias.asname or alias.name: (node.module, alias.name)
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        anchored = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr in ANCHORED}
        found |= {
            origin.get(n.id, (name, n.id))
            for n in ast.walk(tree)
            if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and id(n) not in anchored
        }
    return found


def _inside(value: Any, seen: set[int]) -> Iterator[re.Pattern]:
    """Yield the patterns in a value: in containers, dataclasses, classes and closures of this package."""
    if id(value) in seen or isinstance(value, ModuleType):
        return
    seen.add(id(value))
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, (tuple, list, set, frozenset)):
        for one in value:
            yield from _inside(one, seen)
    elif isinstance(value, dict):
        yield from _inside(list(value.values()), seen)
    elif isinstance(value, type):
        if value.__module__.startswith("curate"):
            yield from _inside(list(vars(value).values()), seen)
    elif isinstance(value, FunctionType):
        yield from _inside([cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)], seen)
    elif is_dataclass(value):
        yield from _inside([getattr(value, field.name, None) for field in fields(value)], seen)


def _is_filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _inline(module: ModuleType, tree: ast.Module) -> Iterator[tuple[int, str, re.Pattern]]:
    """Yield (line, method, pattern) of each call such as `re.search("...", text)`.

    Raises:
        AssertionError: the pattern depends on a local variable, so that nobody can attack it.
    """
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in METHODS):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re"):
            continue
        first = node.args[0]
        for written in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
            try:
                pattern = eval(compile(ast.Expression(written), module.__name__, "eval"), vars(module))
            except NameError as error:
                raise AssertionError(f"{module.__name__}:{node.lineno}: {error}; compile it at module level") from None
            yield node.lineno, node.func.attr, re.compile(pattern)


# ---------------------------------------------------------------------- derive attacks


def attacks(found: Found) -> list[str | bytes]:
    """Return texts on which a pattern that backtracks needs much more work than their length."""
    pattern = found.pattern
    tree = parser.parse(
        pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    )
    pumped: dict[tuple[str, str], None] = {}
    for before, bodies in _repeats(list(tree), ""):
        pumps = {*bodies, "".join(bodies[:2]), before, before + bodies[0], *(c for body in bodies for c in body)}
        for pump in filter(None, pumps):
            for prefix in ("", before):
                pumped[prefix, pump] = None
    texts = [
        prefix + pump * (ATTACK_CHARACTERS // len(pump)) + end
        for prefix, pump in pumped
        for end in ("", "\x01", "\n\x01")
    ]
    if isinstance(pattern.pattern, bytes):
        return [text.encode("latin-1", "replace") for text in texts]
    return texts


def _repeats(nodes: list, before: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (a text that leads to it, samples of its body and of the repeats beside it) for every long repeat."""
    for i, (kind, value) in enumerate(nodes):
        lead = before + _sample(nodes[:i])
        if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            _, most, body = value
            if most >= LONG:
                beside = [v[2] for k, v in nodes[i + 1 : i + 4] if k in (op.MAX_REPEAT, op.MIN_REPEAT)]
                yield lead, [sample for part in (body, *beside) for sample in _samples(list(part))] or [" "]
            yield from _repeats(list(body), lead)
        for inner in _children(kind, value):
            yield from _repeats(list(inner), lead)


def _children(kind: Any, value: Any) -> list:
    if kind is op.BRANCH:
        return value[1]
    if kind is op.SUBPATTERN:
        return [value[-1]]
    if kind is op.ATOMIC_GROUP:
        return [value]
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return []


def _samples(nodes: list) -> list[str]:
    """Return texts that a sequence matches: the first, and for a single class or choice several."""
    if len(nodes) == 1:
        kind, value = nodes[0]
        if kind is op.BRANCH:
            return [sample for branch in value[1][:12] for sample in _samples(list(branch))]
        if kind is op.SUBPATTERN:
            return _samples(list(value[-1]))
        if kind is op.ATOMIC_GROUP:
            return _samples(list(value))
        if kind is op.IN:
            return _members(value)[:12]
    return [_sample(nodes)]


def _sample(nodes: list) -> str:
    return "".join(_one(kind, value) for kind, value in nodes)


def _one(kind: Any, value: Any) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.NOT_LITERAL:
        return "b" if value == ord("a") else "a"
    if kind is op.ANY:
        return "a"
    if kind is op.IN:
        return _members(value)[0]
    if kind in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
        return _sample(list(value[2])) * value[0]
    if kind is op.BRANCH:
        return _sample(list(value[1][0]))
    if kind is op.SUBPATTERN:
        return _sample(list(value[-1]))
    if kind is op.ATOMIC_GROUP:
        return _sample(list(value))
    return ""


USUAL = "a0 -\n\t\r.<>/:_\"'&;AZ\x01\u00e9"


def _members(items: list) -> list[str]:
    """Return characters of a class."""
    is_negated = items[0][0] is op.NEGATE
    written = re.compile(f"[{'^' if is_negated else ''}" + "".join(map(_written, items[is_negated:])) + "]")
    own = [chr(v) if k is op.LITERAL else chr(v[0]) for k, v in items if k in (op.LITERAL, op.RANGE)]
    return [c for c in dict.fromkeys([*own, *USUAL]) if written.match(c)] or ["a"]


_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def _written(item: tuple) -> str:
    kind, value = item
    if kind is op.LITERAL:
        return re.escape(chr(value))
    if kind is op.RANGE:
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    return _CATEGORIES[value]


# ---------------------------------------------------------------------- run attacks


def strike(found: Found, text: str | bytes) -> None:
    """Use a pattern on a text, for at most `SECONDS` of processor time; longer ends the process."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    if found.is_anchored:
        found.pattern.match(text)
        found.pattern.fullmatch(text)
    else:
        for _ in found.pattern.finditer(text):
            pass
    signal.setitimer(signal.ITIMER_PROF, 0)


def main(first: int) -> None:
    """Attack all patterns from number `first` on; print a line of JSON before each attack."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    for number, found in enumerate(patterns()):
        if number < first:
            continue
        for text in attacks(found):
            print(json.dumps([number, found.place, ascii(text[:40]), ascii(text[-40:])]), flush=True)
            strike(found, text)
    print(json.dumps(None), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
