"""`quality.classifier`: score texts with a quality model, such as fluency or absence of advertising."""

from __future__ import annotations

from curate.batch import Batch
from curate.classifiers.loading import ModelName
from curate.classifiers.scorer import Scorer, warm_up
from curate.params import Natural


class classifier:
    """Score each text with a quality model; a long text by the mean of its chunks.

    The score is the model's probability of the label, 0-1, in a new column. The stage drops nothing:
    `quality.threshold`, `quality.keep_top` and `quality.top_per` decide by the score. It is null for a text without a
    visible character, and if the model returns no number; the ledger counts both.

    The bundled models know one language each (`curate/models/catalogue.yaml`). If `language.detect` found another one, the
    score is null, the ledger counts `no_score_other_language`, and `quality.threshold` and `quality.keep_top` let the
    document pass. Without a column `language` every document is scored, and the plan warns of it.

    Why:
        A model can learn from examples what rules cannot measure: whether a page reads well, or is an advertisement.
        Quality is a property of the whole page, so all chunks count, weighted by their length.
    Args:
        model: the name of a bundled model (`curate/models`), a file written by `curate classifier train`, a fastText
            `.bin` or `.ftz` file, the folder of a transformers encoder, or `hf://owner/repo[@revision][/file]`. Its
            content is part of the fingerprint: with another model the phase runs again.
        score: name of the new column (float32), such as `fluency_score`.
        label: the label whose probability is the score; not needed if the model states its positive label. For a model
            with two labels, the other one can be written as `not_` and the name of the first: a model of `ad` gives
            `not_ad_score` with `label: not_ad`.
        chunk: maximum number of characters per chunk, 0 or more; longer texts are split at the end of a line, else of a
            sentence, else of a word. 0 scores texts as a whole.
    Needs: text
    Cost: `python -m tests.bench classifiers`.
    Source:
        WanJuan-CC (2402.19282; InternLM2, 2403.17297) scores documents with two fine-tuned BERT models, advertisement
        and fluency, and keeps the better half; the cut-offs, and how the two scores are combined, are not published.
        This stage accepts any backend: `encoder` corresponds to theirs; the smaller ones run on a CPU.
    """

    def __init__(self, *, model: ModelName, score: str, label: str | None = None, chunk: Natural = 2000):
        self._scorer = Scorer(model, label, score, chunk, "mean")
        self.columns = self._scorer.columns

    def warm_up(self) -> None:
        """Compile the kernels."""
        warm_up()

    def check_setup(self) -> None:
        """Look whether the model can be opened and has the label."""
        self._scorer.check()

    def setup(self) -> None:
        """Open the model."""
        self._scorer.open()

    def __call__(self, batch: Batch) -> Batch:
        return self._scorer.scored(batch)
