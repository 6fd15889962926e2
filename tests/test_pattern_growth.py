"""No text can make a regular expression of the package slow: their work grows with the length of the text, not faster."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from tests import pattern_attacks
from tests.pattern_attacks import Found

ROOT = Path(__file__).resolve().parent.parent


def attacked(first: int) -> tuple[list | None, str]:
    """Attack all patterns from a number on; return the attack that was stopped, or None, and the output on stderr."""
    command = [sys.executable, "-m", "tests.pattern_attacks", str(first)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    return json.loads(lines[-1]) if lines else ["nothing ran"], done.stderr


def test_no_pattern_needs_more_than_linear_work():
    slow, first = [], 0
    while True:
        stopped, errors = attacked(first)
        if stopped is None:
            break
        assert len(stopped) == 4, errors
        slow.append(stopped)
        first = stopped[0] + 1
    assert not slow, "these patterns backtrack:\n" + "\n".join(map(str, slow))


def test_the_patterns_of_all_layers_are_found():
    places = {found.place.rpartition(".")[0].rpartition(":")[0] or found.place for found in pattern_attacks.patterns()}
    names = {found.place for found in pattern_attacks.patterns()}
    assert {"curate.stages.extract.charset._META", "curate.stages.text.normalise._GAP"} <= names
    assert any(name.startswith("curate.stages.text._pii_numbers._named") for name in names), "in closures"
    assert any(name.startswith("curate.stages.text._pii:") for name in names), (places, "inside calls")


def test_the_attacks_find_patterns_that_are_known_to_backtrack():
    for known in (
        r"(a+)+$",
        r"(?:<!--.*?-->\s*)*<p",
        rb"\r*\n\r*\n",
        r"<!--.*?-->",
        r"\s*\n\s*\n\s*|[ \t]+\n",
        r"(\w+\s?)*!",
        r"[ab]+[bc]+d",
    ):
        code = (
            "import re, signal; from tests import pattern_attacks; from tests.pattern_attacks import Found, attacks, strike\n"
            "pattern_attacks.SECONDS = 1\n"
            "signal.signal(signal.SIGPROF, signal.SIG_DFL)\n"
            f"found = Found('', re.compile({known!r}, re.DOTALL), False)\n"
            "[strike(found, text) for text in attacks(found)]"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
        assert done.returncode < 0, f"{known!r} was not found to be slow"
    assert pattern_attacks.attacks(Found("", re.compile(r"[ab]+[bc]+d"), False))
