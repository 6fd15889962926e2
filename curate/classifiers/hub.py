"""Models on a Hugging Face hub: `hf://owner/repo[@revision]/file`, or without a file for a transformers folder.

A name is pinned to a commit when a recipe is read; from then on the cache answers, without network. `HF_ENDPOINT`,
`HF_HOME`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean to `huggingface_hub`.
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


def pinned(name: str) -> str:
    """Return the name with the commit it stands for.

    Raises:
        InputError: the name is malformed, or the hub cannot be asked and the cache does not know.
    """
    repo, revision, file = _parts(name)
    if not _COMMIT.fullmatch(revision):
        revision = _fetched(name, repo, revision, file).commit
    return f"{PREFIX}{repo}@{revision}{f'/{file}' if file else ''}"


def fetch(name: str) -> Path:
    """Return where the model lies in the cache; what is not there yet is downloaded."""
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
        raise InputError(f"{name}: cannot be fetched, and is not in the cache: {first}") from None
    return _Fetched(Path(found))


def _parts(name: str) -> tuple[str, str, str]:
    match = _NAME.fullmatch(name)
    if match is None or ".." in name:
        raise InputError(f"{name}: expected hf://owner/repo/file, with @revision after the repo if you like.")
    return match["repo"], match["revision"] or "main", match["file"] or ""


def _library() -> Any:
    try:
        import huggingface_hub
    except ImportError:
        raise InputError("models named hf:// need the package huggingface_hub: pip install 'curate[hub]'.") from None
    return huggingface_hub
