"""Documents in a pipeline: `Doc` (one), `Batch` (many, as Arrow columns), `Verdicts` (decisions) and `Columns`."""

from curate.batch import column_types
from curate.batch.columns import CORE, Columns
from curate.batch.documents import TARGET_BYTES, TARGET_DOCS, Batch, Doc, same_schema
from curate.batch.remarks import Remark, Seen
from curate.batch.verdicts import KEEP, ListHits, Places, Verdicts

__all__ = [
    "CORE",
    "KEEP",
    "TARGET_BYTES",
    "TARGET_DOCS",
    "Batch",
    "Columns",
    "Doc",
    "ListHits",
    "Places",
    "Remark",
    "Seen",
    "Verdicts",
    "column_types",
    "same_schema",
]
