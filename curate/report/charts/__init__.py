"""Charts of a page: plain data becomes Vega specifications, and a process of its own draws these as SVG.

A specification is data too, without any text from documents or recipes, so that another view, such as a page with scripts,
can draw the same. Colours are names of the stylesheet: a chart follows the light or dark mode of its page.
"""

from curate.report.charts.curves import curves
from curate.report.charts.distributions import distribution
from curate.report.charts.drawing import Drawing

__all__ = ["Drawing", "curves", "distribution"]
