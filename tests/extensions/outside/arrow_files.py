"""A file format of a user's own, and the sink that writes it: Arrow IPC."""

from collections.abc import Iterator

import pyarrow as pa

from curate import Batch
from curate.formats import Format
from curate.stage import ShardWriter


class Arrow(Format):
    """Arrow IPC files."""

    name = "arrow"
    suffixes = (".arrow",)
    loader = "arrow"

    def rows(self, file, file_name):
        yield from enumerate(pa.ipc.open_file(file).read_all().to_pylist())


ARROW = Arrow()


def write(batches: Iterator[Batch], out: ShardWriter) -> None:
    """Write documents as Arrow IPC files.

    Needs: text
    """
    with out.open("arrow") as file:
        writer = None
        for batch in batches:
            writer = writer or pa.ipc.new_file(file, batch.rows.schema)
            writer.write_batch(batch.rows)
        writer.close()
