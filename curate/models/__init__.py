"""The models that ship with curate (`.npz`), and a card for each (`.md`); no code."""
