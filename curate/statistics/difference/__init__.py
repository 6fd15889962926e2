"""What differs between two finished runs: their recipes, their inputs, and what became of each document.

pairing     which document of one run is which of the other, by id
fates       what became of the documents of a run, as arrays
recipes     what the recipes do otherwise; inputs: what the files hold otherwise
documents   the numbers: gained, lost and moved, by reason, source and language
"""
