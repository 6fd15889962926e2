"""The bundled text classifiers: their training data, their evaluation, and their cards.

`python -m examples.bundled_models.texts --data FOLDER` (or `make models`) writes `toxicity`, `toxicity_zh`, `adult`,
`advertising`, `fluency` and `educational` to `curate/models`: a `.npz` of weights and a `.md` card for each. All are linear
models over hashed n-grams (`curate.classifiers.linear`); the same data, seed and versions give the same bytes.
"""
