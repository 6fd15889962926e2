"""`text.unwrap`: join the lines of hard-wrapped paragraphs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate.batch import Batch


def unwrap(batch: Batch) -> Batch:
    """Join the lines of paragraphs that a program broke at a fixed width.

    Why:
        Books, mailing lists and standards are often broken at 60 to 80 characters. Rules that look at lines take such
        text for a list, because hardly any line ends a sentence, and a model learns line breaks inside sentences.
    Needs: text
    Makes: text
    """
    from curate.kernels.characters import classes
    from curate.kernels.hard_wraps import join_wraps

    offsets, data, joined = join_wraps(*batch.text_buffers(), classes())
    counts = {"unwrap.documents": int(np.count_nonzero(joined)), "unwrap.breaks": int(joined.sum())}
    if not counts["unwrap.breaks"]:
        return batch.counted(counts)
    texts = pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data))
    return batch.with_text(texts).counted(counts)
