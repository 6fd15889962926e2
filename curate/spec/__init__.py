"""Read recipes: from YAML to a `PipelineSpec`, with file, line and column in every error.

marks      YAML values with their positions in the file
entries    the stages that a recipe names, and their addresses on the command line
overrides  `--set`, `--input`, `--skip` and `${variables}`
paths      relative paths, in the folder of the recipe
pipeline   what a recipe is when it has been read
published  the figures of a paper that runs are compared with
rewritten  values changed in the text of a recipe
relocated  relative paths of a recipe that is written into another folder
carried    what a run had and the file of its recipe has not, as changes
recipes    reads recipes: from a file, or again from what a run keeps
reader     look-up of stages, and type checks of parameters
stages     one stage: its parameters, for all documents or for some
executors  where tasks run
presets    files with parameters for each language
schema     the JSON Schema of recipes, for editors
"""

from curate.spec.entries import CHECKPOINT
from curate.spec.executors import ExecutorSpec
from curate.spec.pipeline import Input, PipelineSpec
from curate.spec.reader import INPUT_PARAMS
from curate.spec.recipes import read, read_again
from curate.spec.schema import json_schema
from curate.spec.stages import STAGE_PARAMS, Case, Gap, StageSpec

__all__ = ["CHECKPOINT", "INPUT_PARAMS", "STAGE_PARAMS", "Case", "ExecutorSpec", "Gap", "Input", "PipelineSpec", "StageSpec", "json_schema", "read", "read_again"]  # fmt: skip
