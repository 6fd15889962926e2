"""Models of a hub, through a hub of our own on loopback: fetched once, pinned to a commit, then read from the cache."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")

COMMIT = "0123456789abcdef0123456789abcdef01234567"

CODE = """
import json, sys
from curate.classifiers import ModelName, open_model
from curate.errors import InputError
from curate.stage import Param
try:
    name = Param("model", ModelName).convert(sys.argv[1])
    print(json.dumps([str(name), open_model(name).backend]))
except (InputError, ValueError) as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


@pytest.fixture
def hub(linear_file):
    """A hub with one repository `me/models` that holds `tiny.npz` at COMMIT, also known as main; yields (url, paths)."""
    content, asked = linear_file.read_bytes(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self, body: bool = True) -> None:
            asked.append(self.path)
            found = self.path in {f"/me/models/resolve/{r}/tiny.npz" for r in ("main", COMMIT)}
            raw = content if found else b"{}"
            self.send_response(200 if found else 404)
            headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
            if not found:
                headers = {"X-Error-Code": "EntryNotFound", "X-Error-Message": "no such file"}
            for key, value in {**headers, "Content-Length": str(len(raw))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(raw)

        def do_HEAD(self) -> None:
            self.do_GET(body=False)

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


def opened(name: str, url: str, home) -> list[str]:
    """Open a model in a process of its own, since the library reads its settings once."""
    kept = {k: v for k, v in os.environ.items() if "proxy" not in k.lower() and not k.startswith("HF_")}
    settings = {"HF_ENDPOINT": url, "HF_HOME": str(home), "HF_HUB_DISABLE_XET": "1", "NO_PROXY": "*"}
    done = subprocess.run([sys.executable, "-c", CODE, name], capture_output=True, text=True, env=kept | settings)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_a_model_is_fetched_pinned_and_then_read_from_the_cache(hub, tmp_path):
    url, asked = hub
    assert opened("hf://me/models/tiny.npz", url, tmp_path) == [f"hf://me/models@{COMMIT}/tiny.npz", "linear"]
    n_asked = len(asked)
    nowhere = "http://127.0.0.1:9"
    assert opened(f"hf://me/models@{COMMIT}/tiny.npz", nowhere, tmp_path)[1] == "linear"
    assert len(asked) == n_asked


def test_what_is_not_there_is_said(hub, tmp_path):
    url, _ = hub
    kind, message = opened("hf://me/models/other.npz", url, tmp_path)
    assert (
        kind == "ValueError" and "hf://me/models/other.npz: it cannot be downloaded and is not in the cache" in message
    )
    assert "expected hf://owner/repo/file" in opened("hf://me", url, tmp_path)[1]
