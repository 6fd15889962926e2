"""From YAML to a `PipelineSpec`, with file, line and column in every error.

marks      YAML values with the place each stands at
overrides  `--set`, `--input` and `${variables}`
published  what a paper reports, for runs to be compared with
reader     names and types, and what is wrong with them
schema     the JSON Schema of recipes, for editors
"""

from curate.spec.overrides import CHECKPOINT
from curate.spec.reader import INPUT_PARAMS, ExecutorSpec, PipelineSpec, StageSpec, read
from curate.spec.schema import json_schema

__all__ = ["CHECKPOINT", "INPUT_PARAMS", "ExecutorSpec", "PipelineSpec", "StageSpec", "json_schema", "read"]
