"""Models on a Hugging Face hub: `hf://owner/repo[@revision]/file`, or without a file for a transformers folder.

When a recipe is read, a name is pinned to a commit; from then on the model comes from the cache, without a network.
The variables `HF_ENDPOINT`, `HF_HOME`, `HF_TOKEN` and `HF_HUB_OFFLINE` work as in `huggingface_hub`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from curate.errors import InputError

PREFIX = "hf://"
_NAME = re.compile(r"hf://(?P<repo>[\w.-]+/[\w.-]+)(@(?P<revision>[\w.-]+))?(/(?P<file>[\w./-]+))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
FOLDER_PATTERNS = (
    "config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*",
    "vocab.*",
    "merges.txt",
    "*.model",
    "special_tokens_map.json",
)


def is_on_hub(name: str) -> bool:
    """Return whether a name is a URL of the scheme `hf`, and so neither a path nor a bundled model."""
    return name.startswith(PREFIX)


def pinned(name: str) -> str:
    """Return the name with today's commit as its revision.

    Raises:
        InputError: the name is malformed, huggingface_hub is not installed, or the hub cannot be reached and the model is
            not in the cache.
    """
    repo, revision, file = _parts(name)
    if not _COMMIT.fullmatch(revision):
        revision = _fetched(name, repo, revision, file).commit
    return f"{PREFIX}{repo}@{revision}{f'/{file}' if file else ''}"


def fetch(name: str) -> Path:
    """Return the path of the model in the cache; files that are missing there are downloaded.

    Raises:
        InputError: as of `pinned`.
    """
    return _fetched(name, *_parts(name)).path


class _Fetched:
    """A file or folder of the cache, whose path names the commit: `.../snapshots/<commit>/<file>`."""

    def __init__(self, path: Path):
        self.path = path
        parts = path.parts
        self.commit = parts[len(parts) - parts[::-1].index("snapshots")]


def _fetched(name: str, repo: str, revision: str, file: str) -> _Fetched:
    huggingface_hub = _library()
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        if file:
            found = huggingface_hub.hf_hub_download(repo, file, revision=revision)
        else:
            found = huggingface_hub.snapshot_download(repo, revision=revision, allow_patterns=list(FOLDER_PATTERNS))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        first = str(error).strip().split("\n")[0]
        raise InputError(f"{name}: it cannot be downloaded and is not in the cache: {first}") from None
    return _Fetched(Path(found))


def _parts(name: str) -> tuple[str, str, str]:
    match = _NAME.fullmatch(name)
    if match is None or ".." in name:
        raise InputError(f"{name}: expected hf://owner/repo/file or hf://owner/repo@revision/file.")
    return match["repo"], match["revision"] or "main", match["file"] or ""


def _library() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise InputError(
            "models named hf:// need huggingface_hub, which is not installed: pip install 'curate[hub]'."
        ) from None
    return huggingface_hub
