"""The run folder.

folder    files on any file system: atomic writes, marks, digests, the lock
layout    where everything is
records   what a finished task leaves, and whether that is still valid
"""

from curate.runs.folder import RunFolder
from curate.runs.records import Output, Record, Role, TaskFiles

__all__ = ["Output", "Record", "Role", "RunFolder", "TaskFiles"]
