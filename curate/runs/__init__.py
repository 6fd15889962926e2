"""The run folder.

folder    files on any file system: atomic writes, marks, digests, the lock
layout    where everything is
records   the records of finished tasks, and whether a task has to run again
"""

from curate.runs.folder import RunFolder
from curate.runs.records import Output, Record, Role, TaskFiles

__all__ = ["Output", "Record", "Role", "RunFolder", "TaskFiles"]
