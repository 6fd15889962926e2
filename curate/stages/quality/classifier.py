"""`quality.classifier`: how likely a model thinks it that a text is fluent, worth reading, or free of advertising."""

from __future__ import annotations

import pyarrow as pa

from curate.batch import Batch, Columns
from curate.classifiers.loading import ModelName
from curate.classifiers.scorer import Scorer, warm_up


class classifier:
    """Score each text with a model; a long one by the mean of its chunks. Drops nothing.

    The score is the model's probability that the text is of the label, from 0 to 1, and a column for every document;
    `quality.threshold`, `quality.keep_top` and `quality.top_per` decide with it. The score is null for a text without
    a visible character, and where the model gives no number; both are counted.

    Why:
        What rules cannot measure, whether a page reads well or wants to sell, a model can learn from examples. Quality
        is a matter of the whole page, so all chunks count, by their length.
    Args:
        model: a bundled model by name (`curate/models`), a file of `curate classifier train`, a fastText `.bin` or
            `.ftz`, the folder of a transformers encoder, or `hf://owner/repo[@revision][/file]`. Its content is part
            of the fingerprint: with another model the phase runs again.
        score: the name of the column that is made (float32), `fluency_score`.
        label: which of the model's labels is scored; not needed where the model says which is the positive one. The
            other of two is `not_` and its name: a model of `ad` gives `not_ad_score` with `label: not_ad`.
        chunk: texts of more characters are cut into chunks of at most this many, where a line, else a sentence, else a
            word ends; 0 scores texts whole.
    Needs: text
    Cost: `python -m tests.bench classifiers`.
    Source:
        WanJuan-CC (2402.19282; InternLM2, 2403.17297) scores documents with two fine-tuned BERT models, advertisement
        and fluency, and keeps the better half; cut-offs, and how the two scores are combined, are not published. Any
        backend goes here: `encoder` is theirs, the small ones run on a processor.
    """

    def __init__(self, *, model: ModelName, score: str, label: str | None = None, chunk: int = 2000):
        self._scorer = Scorer(model, label, score, chunk, "mean")
        self.columns = Columns(makes={score: pa.float32()})

    def warm_up(self) -> None:
        """Compile the kernels."""
        warm_up()

    def setup(self) -> None:
        """Open the model."""
        self._scorer.open()

    def __call__(self, batch: Batch) -> Batch:
        return self._scorer.scored(batch)
