"""The run folder.

layout       where everything is                        folder       files on any file system: atomic writes, the lock
claim        whether a folder may be used               own_files    which files are ours, by path and content
neighbours   the run folders beside one
records      what finished tasks leave                  arrow_files  intermediate documents and rows, with checksums
reading      damaged files become messages              redaction    secrets stay out of what is published
"""

from curate.runs.folder import RunFolder
from curate.runs.records import Output, Record, Role, TaskFiles

__all__ = ["Output", "Record", "Role", "RunFolder", "TaskFiles"]
