"""The tasks of a phase: documents of one shard through its stages, or one partition through a reduction."""
