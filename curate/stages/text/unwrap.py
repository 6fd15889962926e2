"""`text.unwrap`: join the lines of hard-wrapped paragraphs."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate.batch import Batch


def unwrap(batch: Batch) -> Batch:
    """Join the lines of paragraphs that a program broke at a fixed width.

    A text is changed only if most of its line breaks stand where such a program must break: the line fits the width, and
    with the next word it would not. Lines of lists, poems, tables, quotations and code in fences stay. A wrap becomes one
    space; after a hyphen or dash right behind a word it becomes nothing, and hyphenation is not undone. Scripts without
    spaces are not changed, since any of their characters may begin a line.

    Why:
        Books, mailing lists, standards and manual pages are broken at 60 to 80 characters. Rules that look at lines
        take such text for a list, because hardly any line ends a sentence, and a model learns line breaks inside
        sentences.
    Needs: text
    Makes: text
    Cost:
        On one core 20,000 documents/s of 20 KB (450 MB/s) where lines are joined; where none are, 2,400 MB/s of English
        in long lines and 360 MB/s of Chinese (`python -m tests.bench.kernels`).
    Edited:
        "It is a truth universally acknowledged, that\\na single man in possession of a good\\nfortune, must be in want of a wife. However\\nlittle known the feelings or views of such a\\nman may be on his first entering a town." -> "It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife. However little known the feelings or views of such a man may be on his first entering a town."
        "Shall I compare thee to a summer's day?\\nThou art more lovely and more temperate:\\nRough winds do shake the darling buds of May,\\nAnd summer's lease hath all too short a date;\\nSometime too hot the eye of heaven shines," -> "Shall I compare thee to a summer's day?\\nThou art more lovely and more temperate:\\nRough winds do shake the darling buds of May,\\nAnd summer's lease hath all too short a date;\\nSometime too hot the eye of heaven shines,"
    Source:
        The rules are our own; `curate.kernels.hard_wraps` states them. They find the breaks that first-fit line breaking
        makes, which editors and mail programs use. All 350 cuts of 20,000 characters from nine books in three
        languages are unwrapped. Of 848 web pages with gold text 6 are, and of 780 web texts judged by people 6; all 12
        are hard-wrapped in part or as a whole; of 200 of their joined breaks that were read, 4 ended a line on purpose (a
        header of a mail, lines of a signature).
        None of 8,000 film reviews, 7,862 Chinese articles and the verse of Shakespeare changes, and five of 4,446
        English articles, which have wrapped paragraphs.
    """
    from curate.kernels.characters import classes
    from curate.kernels.hard_wraps import join_wraps

    offsets, data, joined = join_wraps(*batch.text_buffers(), classes())
    counts = {"unwrap.documents": int(np.count_nonzero(joined)), "unwrap.breaks": int(joined.sum())}
    if not counts["unwrap.breaks"]:
        return batch.counted(counts)
    texts = pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data))
    return batch.with_text(texts).counted(counts)
