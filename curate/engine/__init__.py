"""Runs a plan; the only part that imports datatrove.

planning    from a recipe to its plan; readiness: what stages need
beginning   plan, shards, reference data
run         a run from start to end          tasks/      what one task does: map, reduce, stages, records of it
finish      manifest, report, card           barriers/   emit, shuffle, sidecars, reference data, indexes
forecast    `curate plan --probe`            executors/  where tasks run: one file each
standing    `curate plan -o`: what is done already
warm_up     which kernels a plan needs       datatrove/  its blocks as our stages, our stages as its steps
compiling   compiles them in processes       pools       processes that end with their parent
"""
