"""What a barrier needs around its own code: emitting, shuffling, sidecars, reference data, indexes."""
