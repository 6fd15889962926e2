"""What ran, on what, with which versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.section import Section

N_INPUTS = 30
"""Input files that are named."""


class Provenance(Section):
    """Parameters of all stages, input files, versions, digest of the output."""

    name = "provenance"
    template = "provenance.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any]:
        manifest = run.manifest
        names = list(dict.fromkeys(split["name"] for split in manifest["inputs"]))
        return {
            "stages": [
                {
                    "label": stage["label"],
                    "params": [{"name": name, "value": repr(value)} for name, value in stage["params"].items()],
                }
                for stage in manifest["stages"]
            ],
            "inputs": names[:N_INPUTS],
            "n_inputs": len(names),
            "curate": manifest["curate"],
            "python": manifest["python"],
            "packages": list(manifest["packages"].items()),
            "output_digest": manifest["output_digest"],
        }


PROVENANCE = Provenance()
