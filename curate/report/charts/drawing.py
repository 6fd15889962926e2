"""Draws the charts of a page in a process of its own.

The library takes 0.4 s to start and 110 MB, and is compiled code: in its own process it starts while the page is made, its
memory is given back, and a crash costs the charts, not the run. The page has a place for each chart while it is written; all
charts are drawn in one go at its end.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from markupsafe import Markup, escape

from curate.report.charts.layout import Spec
from curate.report.escaping import one_line

SECONDS = 60
"""After this time the process counts as hanging."""

_MANY_DIGITS = re.compile(r"(\.[0-9]{2})[0-9]+")
_ATTRIBUTE = re.compile(r' (?:xmlns(?::xlink)?="[^"]*"|(d|transform|x|y|x2|y2|width|height)="([^"]*)")')
"""Attributes that say what the page says already, and those with coordinates: two decimals of these are enough."""

_PLACE = re.compile("\x00([0-9]+)\x00")
"""Where a chart goes. No text on a page has this character: it is shown as `\\x00` there."""


class Drawing:
    """Draws the charts of one page after another.

        with Drawing() as drawing:
            page = f"<p>{drawing.draw(spec, 'words.count')}</p>"
            page = drawing.finished(page)

    Its process starts with the `with` statement and ends with it.
    """

    def __init__(self) -> None:
        self._specs: list[str] = []
        self._labels: list[str] = []
        self._problem = ""
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Drawing:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def draw(self, spec: Spec, label: str) -> Markup:
        """Return the place of a chart on a page.

        Args:
            label: what readers of the page hear who cannot see; plain text.
        """
        if not self._specs:
            self._start()
        self._specs.append(json.dumps(spec, separators=(",", ":")))
        self._labels.append(one_line(label))
        return Markup(f"\x00{len(self._specs) - 1}\x00")

    def finished(self, page: str) -> str:
        """Return a page with its charts in their places; a sentence stands where one could not be drawn."""
        drawn = self._drawn() if self._specs else []
        return _PLACE.sub(lambda place: self._shown(int(place[1]), drawn), page)

    def _start(self) -> None:
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(Path(__file__).with_name("draw.py"))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
            )  # fmt: skip
        except OSError as error:
            self._problem = str(error)

    def _shown(self, number: int, drawn: list[dict[str, str]]) -> str:
        answer = drawn[number] if number < len(drawn) else {"error": self._problem}
        if "svg" not in answer:
            return Markup("<p>This chart could not be drawn: {}.</p>").format(answer["error"])
        svg = _ATTRIBUTE.sub(_rounded, answer["svg"])
        return svg.replace("<svg ", f'<svg role="img" aria-label="{escape(self._labels[number])}" ', 1)

    def _drawn(self) -> list[dict[str, str]]:
        """Return the answers of the process, as many as there are; what is wrong is in `_problem`."""
        if self._process is None:
            return []
        try:
            said, problem = self._process.communicate("\n".join(self._specs) + "\n", timeout=SECONDS)
        except subprocess.TimeoutExpired:
            self._problem = f"the process that draws hung for {SECONDS} seconds"
            return []
        self._problem = (problem.strip().split("\n") or [""])[-1] or f"exit code {self._process.returncode}"
        return [json.loads(line) for line in said.splitlines() if line.endswith("}")]


def _rounded(attribute: re.Match) -> str:
    name, value = attribute.groups()
    return f' {name}="{_MANY_DIGITS.sub(lambda number: number[1], value)}"' if name else ""
