"""`curate plan --probe`: how often the true numbers of a whole run lie in the stated 95 % intervals.

    python -m tests.bench.probe [TRIALS]

The recipe extracts and filters the pages of the real crawl files. The truth is a run over all of them; each trial is a probe
of `N_CELLS` cells, about a third of the input, drawn with another seed.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import yaml

import curate
from curate.engine import forecast, planning
from tests.bench.real_data import need_real_data

N_CELLS = 96

STAGES = ["extract.html", {"language.detect": {"keep": ["en"]}}, "filters.gopher.quality"]


def main(n_trials: int) -> None:
    """Print how many intervals hold the true number, and how wide they are."""
    with tempfile.TemporaryDirectory() as folder:
        recipe = Path(folder, "probe.yaml")
        paths = [str(need_real_data() / "warc/**/*.warc.gz")]
        recipe.write_text(
            yaml.safe_dump({"name": "probe", "inputs": {"sources.warc": {"paths": paths}}, "stages": STAGES})
        )
        run = curate.run(str(recipe), output=f"{folder}/run", workers=1)
        counts = json.loads(Path(run, "manifest.json").read_text())["documents"]
        truth = {"documents": counts["in"], "kept": counts["out"]}
        planned = planning.prepare(str(recipe))
        held, widths = dict.fromkeys(truth, 0), dict.fromkeys(truth, 0.0)
        for seed in range(n_trials):
            phase = forecast.probe(planned, seed, (N_CELLS,)).phases[-1]
            for name, estimate in (("documents", phase.documents), ("kept", phase.kept)):
                held[name] += estimate.low <= truth[name] <= estimate.high
                widths[name] += (estimate.high - estimate.low) / truth[name] / n_trials
    for name, true in truth.items():
        print(
            f"{name}: {true:,} truly, in {held[name]} of {n_trials} intervals, which are {widths[name]:.0%} of it wide"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
