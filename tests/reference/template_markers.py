"""Template markers in plain Python: the definitions of `curate.kernels.template_markers`."""

from __future__ import annotations

import re


def count_template_markers(text: str) -> list[int]:
    """Return a row of `curate.kernels.template_markers.count_template_markers`."""
    return [text.count("{"), len(re.findall("lorem ipsum", text, re.IGNORECASE | re.ASCII))]
