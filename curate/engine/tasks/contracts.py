"""What the engine checks of each answer of a stage."""

from __future__ import annotations

from curate.batch import KEEP, Batch, Columns, Verdicts
from curate.errors import StageError
from curate.plan import StageRef


def checked(ref: StageRef, verdicts: Verdicts) -> Verdicts:
    """Refuse an answer that is not `Verdicts`, or that names a reason which does not exist."""
    if not isinstance(verdicts, Verdicts):
        raise StageError(f"{ref.label} returned {type(verdicts).__name__}, not Verdicts")
    if len(verdicts) and not (verdicts.code.min() >= KEEP and verdicts.code.max() < len(verdicts.reasons)):
        raise StageError(
            f"{ref.label} gave a code outside -1 .. {len(verdicts.reasons) - 1}, the places of its reasons"
        )
    if verdicts.kept_copy is not None and len(verdicts.kept_copy.shard) != len(verdicts):
        raise StageError(f"{ref.label} named {len(verdicts.kept_copy.shard)} kept copies for {len(verdicts)} documents")
    return verdicts


def only_declared(ref: StageRef, columns: Columns, before: Batch, after: Batch) -> None:
    """Refuse columns that were made or removed without a declaration: the plan, and every later stage, rely on it."""
    came = set(after.names) - set(before.names) - set(columns.makes)
    went = set(before.names) - set(after.names) - set(columns.removes)
    if came or went:
        what = f"made the column `{min(came)}`" if came else f"took away the column `{min(went)}`"
        raise StageError(
            f"{ref.label} {what} without declaring it; add `{'Makes' if came else 'Removes'}: {min(came or went)}` to its docstring"
        )


def same_ids(ref: StageRef, before: Batch, after: Batch) -> None:
    """Refuse a batch that has not the same documents in the same order.

    Raises:
        StageError: documents are missing or new, or their order or ids changed.
    """
    if not isinstance(after, Batch):
        raise StageError(f"{ref.label} returned {type(after).__name__}, not a Batch")
    if len(before) != len(after) or not before["id"].equals(after["id"]):
        raise StageError(
            f"{ref.label} took {len(before)} documents and returned {len(after)}, or changed their order or ids.  "
            "An edit returns the same rows; to drop some, mark them with `batch.judged(...)`."
        )
