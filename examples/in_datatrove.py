"""Stages of curate in a plain datatrove script: Gopher's filters between datatrove's reader and writer.

python examples/in_datatrove.py INPUT_FOLDER OUTPUT_FOLDER

The input folder contains .jsonl files: one document per line, an object with the key "text".
"""

import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers import JsonlWriter

import curate

if __name__ == "__main__":
    source, target = sys.argv[1:]
    LocalPipelineExecutor(
        pipeline=[
            JsonlReader(source),
            curate.step("filters.gopher.repetition"),
            curate.step("filters.gopher.quality", min_words=30),
            JsonlWriter(target, compression=None),
        ],
        logging_dir=f"{target}/logs",
    ).run()
