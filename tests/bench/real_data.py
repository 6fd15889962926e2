"""Where the real pages and texts lie that benches and some tests use; they are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path


def real_data() -> Path | None:
    """Return the folder: `$CURATE_DATA`, else `shared/data` beside the checkout; None if there is none."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    folder = Path(os.environ.get("CURATE_DATA", beside))
    return folder if folder.is_dir() else None


def need_real_data() -> Path:
    """Return the folder, or end the program with what is missing."""
    folder = real_data()
    if folder is None:
        raise SystemExit("This bench needs the real data: set CURATE_DATA to its folder.")
    return folder
