"""The bundled text classifiers: what they are trained on, how they are judged, and their cards.

`python -m examples.bundled_models.texts --data FOLDER` (or `make models`) writes `toxicity`, `toxicity_zh`, `adult`, `advertising`,
`fluency` and `educational` beside this package: a `.npz` of weights and a `.md` card each. All are linear models over
hashed n-grams (`curate.classifiers.linear`); the same data, seed and versions give the same bytes.
"""
