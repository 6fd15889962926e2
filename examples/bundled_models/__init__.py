"""How the models in `curate/models` were trained: `texts` (six text classifiers), `extraction` (blocks of pages)."""
