"""Mergeable statistics: small summaries of a column that can be combined without the column itself.

Each task makes a sketch of its documents, and the sum of these sketches is the sketch of the run. For every sketch, adding
an empty one changes nothing, and JSON keeps it exactly. The order of additions and the way in which documents are divided
do not matter, except for `HeavyHitters` with more values than it has room for.
"""

from curate.sketches.bottom_k import BottomK
from curate.sketches.distinct import Distinct
from curate.sketches.heavy_hitters import HeavyHitters
from curate.sketches.histogram import Histogram
from curate.sketches.joint import JointOutcomes
from curate.sketches.moments import Moments

__all__ = ["BottomK", "Distinct", "HeavyHitters", "Histogram", "JointOutcomes", "Moments"]
