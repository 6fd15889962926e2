"""Two runs compared document by document, with dictionaries: the twin of `curate.statistics.difference`."""

from __future__ import annotations

from collections import Counter, defaultdict


def compared(a: list[dict], b: list[dict], order: list) -> dict:
    """Compare two runs.

    Args:
        a, b: the documents of each run, with `id`, `fate` ((stage, reason), or (None, None) for kept ones), `source` and `language`.
        order: fates in the order in which the rest of the documents with one id is paired.
    Returns:
        counts as `Difference.counts`; Counters of (kind, before, after), of (source, kind) and of (language, kind).
    """
    pairs, only = [], ([], [])
    of_a, of_b = _by_id(a), _by_id(b)
    for id in {*of_a, *of_b}:
        left, right = list(of_a[id]), list(of_b[id])
        for document in list(left):
            same = next((other for other in right if other["fate"] == document["fate"]), None)
            if same is not None:
                pairs.append((document, same))
                left.remove(document)
                right.remove(same)
        left.sort(key=lambda document: order.index(document["fate"]))
        right.sort(key=lambda document: order.index(document["fate"]))
        n = min(len(left), len(right))
        pairs += zip(left[:n], right[:n], strict=True)
        only[0].extend(left[n:])
        only[1].extend(right[n:])
    kinds = [_kind(x["fate"], y["fate"]) for x, y in pairs]
    repeated = {id for of in (of_a, of_b) for id, found in of.items() if len(found) > 1}
    return {
        "counts": {
            "compared": len(pairs), **{kind: kinds.count(kind) for kind in ("kept", "gained", "lost", "moved", "dropped")},
            "only_a": _fates(only[0]), "only_b": _fates(only[1]),
            "repeated_ids": {"ids": len(repeated), "documents": sum(len(of_a[id]) + len(of_b[id]) for id in repeated)},
        },
        "groups": Counter(
            (kind, x["fate"], y["fate"]) for kind, (x, y) in zip(kinds, pairs, strict=True) if kind not in ("kept", "dropped")
        ),
        **{column: _by(column, pairs, kinds) for column in ("source", "language")},
    }  # fmt: skip


def _by_id(documents: list[dict]) -> defaultdict:
    found = defaultdict(list)
    for document in documents:
        found[document["id"]].append(document)
    return found


def _kind(before: tuple, after: tuple) -> str:
    was_kept, is_kept = before == (None, None), after == (None, None)
    if was_kept or is_kept:
        return "kept" if was_kept and is_kept else "lost" if was_kept else "gained"
    return "dropped" if before == after else "moved"


def _fates(documents: list[dict]) -> dict:
    kept = sum(document["fate"] == (None, None) for document in documents)
    return {"kept": kept, "dropped": len(documents) - kept}


def _by(column: str, pairs: list, kinds: list) -> Counter:
    found = Counter()
    for kind, (before, after) in zip(kinds, pairs, strict=True):
        value = before[column] if after[column] is None else after[column]
        found[value, kind] += 1
    return found
