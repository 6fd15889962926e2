"""`safety.classifier`: how likely a model thinks it that a text is toxic, explicit, or whatever it was trained to find."""

from __future__ import annotations

import pyarrow as pa

from curate.batch import Batch, Columns
from curate.classifiers.loading import ModelName
from curate.classifiers.scorer import Scorer, warm_up


class classifier:
    """Score each text with a model; a long one by its worst chunk. Drops nothing.

    The score is the model's probability that the text is of the label, from 0 to 1. It is a column for every document;
    `quality.threshold` draws the line, so that it can be drawn again elsewhere without scoring again. The score is null
    for a text without a visible character, and where the model gives no number; both are counted.

    Why:
        Word lists miss what is said without their words and hit what only mentions them. A page is unsafe if a part of
        it is, so the worst chunk decides.
    Args:
        model: a bundled model by name (`curate/models`), a file of `curate classifier train`, a fastText `.bin` or
            `.ftz`, the folder of a transformers encoder, or `hf://owner/repo[@revision][/file]`. Its content is part
            of the fingerprint: with another model the phase runs again.
        score: the name of the column that is made (float32), `toxic_score`.
        label: which of the model's labels is scored; not needed where the model says which is the positive one. The
            other of two is `not_` and its name.
        chunk: texts of more characters are cut into chunks of at most this many, where a line, else a sentence, else a
            word ends; 0 scores texts whole.
    Needs: text
    Cost: `python -m tests.bench classifiers`.
    Source:
        WanJuan-CC (2402.19282; InternLM2, 2403.17297) scores documents with two fine-tuned BERT models, toxicity
        and pornography, and cuts at thresholds that are not published; whether it scores chunks is not stated. Any
        backend goes here: `encoder` is theirs, the small ones run on a processor.
    """

    def __init__(self, *, model: ModelName, score: str, label: str | None = None, chunk: int = 2000):
        self._scorer = Scorer(model, label, score, chunk, "max")
        self.columns = Columns(makes={score: pa.float32()})

    def warm_up(self) -> None:
        """Compile the kernels."""
        warm_up()

    def setup(self) -> None:
        """Open the model."""
        self._scorer.open()

    def __call__(self, batch: Batch) -> Batch:
        return self._scorer.scored(batch)
