"""The models that ship with curate (`.npz`), a card for each (`.md`), and the languages of the classifiers (`catalogue.yaml`); no code."""
