"""HTML pages: Jinja templates filled with plain data, in one file with its stylesheet and its charts, which opens offline.

Nothing that a template shows is markup: strings are escaped, control characters and marks of direction are made visible.
Should that ever fail, the page's content security policy still allows no script, no address and no style but its own.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from curate.report import figures
from curate.report.charts import Drawing, curves, distribution
from curate.report.escaping import visible

TEMPLATES = Path(__file__).with_name("templates")

FILTERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "thousands": figures.thousands,
        "percent": figures.percent,
        "bytes": figures.size,
        "short": figures.short,
        "number": figures.number,
        "interval": figures.interval,
        "duration": figures.duration,
        "breakable": figures.breakable,
    }
)
"""How templates write numbers and names; all return plain text, except for `breakable`."""


class Page:
    """One page while it is written.

        with Page() as page:
            html = page.finished("A title", [page.render(template, {"n": 1})])

    Templates have the filters of `FILTERS`, the macros of `templates/macros.html`, and the functions `distribution` and
    `curves`, which take plain data and return a chart.
    """

    def __init__(self) -> None:
        self._drawing = Drawing()
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=_shown,
            lstrip_blocks=True,
        )  # fmt: skip
        self._environment.filters.update(FILTERS)
        self._environment.globals["distribution"] = lambda data, label: self._drawing.draw(distribution(data), label)
        self._environment.globals["curves"] = lambda data, label: self._drawing.draw(curves(data), label)

    def __enter__(self) -> Page:
        self._drawing.__enter__()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._drawing.__exit__(*raised)

    def render(self, template: str, data: Mapping[str, Any]) -> Markup:
        """Return a piece of HTML.

        Args:
            template: its source.
            data: what it shows, JSON-like data, as the variable `it`.
        """
        return Markup(self._environment.from_string(template).render(it=data))

    def finished(self, title: str, pieces: list[Markup]) -> str:
        """Return the whole page, with its charts.

        Args:
            title: plain text, which the browser shows in its tab.
            pieces: what `render` returned, in order.
        """
        style, policy = _style()
        shell = self._environment.get_template("page.html")
        return self._drawing.finished(shell.render(title=title, style=style, policy=policy, pieces=pieces))


def _shown(value: Any) -> Any:
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _style() -> tuple[Markup, str]:
    """Return the stylesheet, and the policy that allows this one and nothing else."""
    style = "\n" + (TEMPLATES / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return Markup(style), f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
