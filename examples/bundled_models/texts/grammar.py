"""Generate sentences from a small grammar: lists of words and phrases, and sentences with placeholders."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent / "phrases"
PLACE = re.compile(r"\{(\w+)\}")


def lists(name: str) -> dict[str, list[str]]:
    """Read a file of lists: `[name]` begins a list, each further line is an entry, `#` begins a comment."""
    found: dict[str, list[str]] = {}
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").split("\n"):
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            current.append(line)
    return found


def expand(grammar: dict[str, list[str]], start: str, n: int, seed: int) -> list[str]:
    """Return `n` different sentences, about equally many from each template. `{a}` becomes `a` or `an`."""
    random, found = Random(seed), {}
    while len(found) < n:
        for sentence in grammar[start]:
            text = sentence
            while places := [p for p in PLACE.findall(text) if p != "a"]:
                text = text.replace("{" + places[0] + "}", random.choice(grammar[places[0]]), 1)
            text = re.sub(r"\{a\} (\w)", lambda m: ("an " if m[1].lower() in "aeiou" else "a ") + m[1], text)
            found[text[:1].upper() + text[1:] if sentence[0] == "{" else text] = None
    return list(found)[:n]
