"""Train the models in `curate/models`: `texts` (six text classifiers), `extraction` (blocks of web pages)."""
