"""Charts of a page: numbers become Vega specifications, and a process of its own draws these as SVG.

A specification is plain data without any text from documents or recipes, so that another view, such as a page with scripts,
can draw the same. Colours are names of the stylesheet (`var(--kept)`): a chart follows the light or dark mode of its page.
"""

from curate.report.charts.curves import Curve, curves
from curate.report.charts.distributions import distribution
from curate.report.charts.drawing import Drawing

__all__ = ["Curve", "Drawing", "curves", "distribution"]
