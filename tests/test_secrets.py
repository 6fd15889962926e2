"""Passwords, signatures and secret variables: workers get them, what is published or printed does not have them."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate.runs.redaction import HIDDEN, hidden, hidden_recipe, secrets_of

PUBLISHED = ("manifest.json", "run.json", "ledger.json", "README.md", "report.html")
SECRETS = ("Pa55word", "S1gnature", "T0kenOfMine")
BODY = b"".join(
    json.dumps({"text": text, "url": "https://page.example/?id=7"}).encode() + b"\n" for text in ("one", "two")
)


def curate(*arguments: object, cwd: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "curate.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120)


@pytest.fixture
def host() -> Iterator[str]:
    """A web server that has one file under every path, for whoever knows the password and the signature."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, body: bytes) -> None:
            is_known = "sig=S1gnature" in self.path and "Authorization" in self.headers
            self.send_response(200 if is_known else 403)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.answer(b"")

        def do_GET(self) -> None:
            self.answer(BODY)

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


FILE_SYSTEM = """
import io, urllib.parse, urllib.request
from base64 import b64encode
import fsspec
from fsspec.spec import AbstractFileSystem


class Web(AbstractFileSystem):
    protocol = ("http", "https")

    @classmethod
    def _strip_protocol(cls, path):
        return path

    def unstrip_protocol(self, name):
        return name

    def _asked(self, url, method):
        parts = urllib.parse.urlsplit(url)
        user, _, address = parts.netloc.rpartition("@")
        request = urllib.request.Request(parts._replace(netloc=address).geturl(), method=method)
        if user:
            request.add_header("Authorization", "Basic " + b64encode(user.encode()).decode())
        try:
            return urllib.request.urlopen(request, timeout=10)
        except OSError as error:
            raise OSError(f"{url}: {error}") from error

    def info(self, path, **options):
        with self._asked(path, "HEAD") as answer:
            return {"name": path, "type": "file", "size": int(answer.headers["Content-Length"])}

    def _open(self, path, mode="rb", **options):
        with self._asked(path, "GET") as answer:
            return io.BytesIO(answer.read())


for name in Web.protocol:
    fsspec.register_implementation(name, Web, clobber=True)
"""
"""A module of a user's that makes http:// known to fsspec; that of fsspec needs packages that are not installed here."""


def recipe_for(folder: Path, paths: list[str], **more: object) -> Path:
    path = folder / "recipe.yaml"
    (folder / "web.py").write_text(FILE_SYSTEM)
    about = "Made with T0kenOfMine from https://me:Pa55word@host.example/?sig=S1gnature"
    recipe = {
        "name": "secrets",
        "description": about,
        "vars": {"apiToken": "T0kenOfMine", "limits": {"min_characters": 2}},
        "modules": ["tests.engine.my_stages", "web"],
        "inputs": {"sources.jsonl": {"paths": paths, "source": "from ${apiToken}"}},
        "stages": [{"tests.engine.my_stages.long_enough": {"min_characters": 2}}],
        **more,
    }
    path.write_text(json.dumps(recipe))
    return path


def assert_no_secret(text: str) -> None:
    assert not [secret for secret in SECRETS if secret in text], text


def test_what_a_run_publishes_and_prints_has_no_secret_and_its_workers_have(host, tmp_path):
    urls = [f"http://me:Pa55word@{host}/{folder}/a.jsonl?part={n}&sig=S1gnature" for folder in "xy" for n in (1, 2)]
    recipe = recipe_for(tmp_path, urls)
    ran = curate("run", recipe, "-o", "run", "--workers", 1, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    run = tmp_path / "run"
    shards = json.loads((run / "inputs.json").read_text())
    assert sorted(split["url"] for shard in shards for split in shard["splits"]) == sorted(urls)
    for name in PUBLISHED:
        assert_no_secret((run / name).read_text())
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["documents"]["in"] == 8
    assert {entry["url"] for entry in manifest["inputs"]} == {
        f"http://{HIDDEN}@{host}/{folder}/a.jsonl?{HIDDEN}" for folder in "xy"
    }
    assert manifest["recipe"]["vars"] == {"apiToken": HIDDEN, "limits": {"min_characters": 2}}
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    rows = pq.read_table(run / "data").to_pylist()
    assert len({row["id"] for row in rows}) == 8
    assert_no_secret(json.dumps([row["id"] for row in rows]))
    identifier = rows[0]["id"]
    commands = [
        ["stats", "run"], ["stats", "run", "--json"], ["plan", recipe], ["plan", recipe, "--json"],
        ["explain", "run", identifier], ["run", recipe, "-o", "run", "--json"],
    ]  # fmt: skip
    for command in commands:
        shown = curate(*command, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        texts = shown.stdout.replace("from T0kenOfMine", "") if command[0] == "explain" else shown.stdout
        assert_no_secret(texts + shown.stderr)


def test_a_run_without_secrets_stays_open_to_others(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(BODY)
    recipe = recipe_for(
        tmp_path, ["a.jsonl"], vars={}, description="", inputs={"sources.jsonl": {"paths": ["a.jsonl"]}}
    )
    assert curate("run", recipe, "-o", "run", cwd=tmp_path).returncode == 0
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) & 0o055 == 0o055


def test_errors_do_not_repeat_secrets(host, tmp_path):
    url = f"http://me:Pa55word@{host}/a.jsonl?sig=S1gnature"
    recipe = recipe_for(tmp_path, ["none.jsonl"])
    commands = [
        ["plan", recipe, "-i", url.replace("sig=", "sg=")],
        ["plan", recipe, "-i", "https://me:Pa55word@localhost:1/a.jsonl?sig=S1gnature"],
        ["plan", recipe, "-i", "nope://me:Pa55word@h/a?sig=S1gnature"],
        ["plan", recipe, "--set", "tests.engine.my_stages.long_enough.min_characters=${apiToken}"],
        ["plan", recipe, "--set", "vars.apiTokenn=T0kenOfMine"],
        ["plan", recipe, "-i", "in/${apiToken}/*.jsonl"],
        ["run", recipe, "-o", url],
        ["stats", url],
        ["explain", url, "x"],
        ["classifier", "eval", "toxicity", url.replace("sig=", "sg=")],
        ["classifier", "eval", url, "x.jsonl"],
        ["classifier", "label", "none.jsonl", "--rubric", url, "--endpoint", url, "--out", "o", "--model", "m"],
        ["assets", "fetch", "url-filter", "--from", "https://me:Pa55word@localhost:1/a?sig=S1gnature"],
        ["assets", "fetch", "ldnoobw-en", "--from", "https://me:Pa55word@localhost:1/a?sig=S1gnature"],
    ]
    for command in commands:
        shown = curate(*command, cwd=tmp_path)
        assert "Traceback" not in shown.stderr, shown.stderr
        assert shown.returncode in (0, 2), (command, shown.stderr)
        assert_no_secret(shown.stdout + shown.stderr)


def test_reports_on_classifiers_have_no_secret(host, tmp_path):
    rows = [{"text": f"{'good' if i % 2 else 'bad'} text {i}", "label": i % 2} for i in range(400)]
    body = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "web.py").write_text(FILE_SYSTEM)
    address = "http://me:Pa55word@{}/labels.jsonl?sig=S1gnature"
    global BODY
    before, BODY = BODY, body.encode()
    try:
        url = address.format(host)
        trained = curate("classifier", "train", url, "--model", "m.npz", "--module", "web", cwd=tmp_path)
        judged = curate("classifier", "eval", "m.npz", url, "--html", "page.html", "--module", "web", cwd=tmp_path)
    finally:
        BODY = before
    assert trained.returncode == judged.returncode == 0, trained.stderr + judged.stderr
    card, page = (tmp_path / "m.md").read_text(), (tmp_path / "page.html").read_text()
    assert "labels.jsonl?" in card and HIDDEN in page
    assert_no_secret(card + page + trained.stdout + trained.stderr + judged.stdout + judged.stderr)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://host/a.jsonl?X-Amz-Signature=1", "https://host/a.jsonl?[hidden]"),
        ("https://u:p@host/a", "https://[hidden]@host/a"),
        ("https://u@host/a#frag", "https://[hidden]@host/a#[hidden]"),
        ("see https://host/a?x=1: no such file.", "see https://host/a?[hidden]: no such file."),
        ("('https://h/a?b=c', 'https://u:p@h')", "('https://h/a?[hidden]', 'https://[hidden]@h')"),
        ("s3://key:secret@bucket/a", "s3://[hidden]@bucket/a"),
        ("az://c/b?sv=1&sig=x", "az://c/b?[hidden]"),
        ("abfss://container@account.dfs.core.windows.net/a", "abfss://container@account.dfs.core.windows.net/a"),
        ("zip://a::https://u:p@h/x.zip?sig=1", "zip://a::https://[hidden]@h/x.zip?[hidden]"),
        ("http://u:pa/s's@h/x", "http://[hidden]@h/x"),
        ("https://h/x?next=https://other/&sig=1", "https://h/x?[hidden]"),
        ("s3://b/part-??.parquet", "s3://b/part-??.parquet"),
        ("s3://b/p-?/year=2024/x", "s3://b/p-?/year=2024/x"),
        ("hf://datasets/o/r@rev/f.jsonl", "hf://datasets/o/r@rev/f.jsonl"),
        ("No such file: 'http:/u:p@h/x?a=b'", "No such file: 'http://[hidden]@h/x?[hidden]'"),
        ("http://[::1]:80/x@y", "http://[::1]:80/x@y"),
        ("a@b.example and c?d=e", "a@b.example and c?d=e"),
        ("x" * 100_000 + "://h/?a", "x" * 100_000 + "://h/?a"),
    ],
)
def test_urls_in_texts(text, shown):
    assert hidden(text) == shown
    assert hidden(shown) == shown
    assert hidden({text: [text, (text,), 1, None]}) == {shown: [shown, [shown], 1, None]}


def test_secret_variables_are_hidden_wherever_they_were_interpolated():
    variables = {"AWS_SECRET": "abcdefgh", "my": {"password": "12345678"}, "key": {"a": ["zzzz"]}, "min_tokens": 50}
    recipe = {"vars": variables, "name": "x", "deep": [{"a": "1-abcdefgh-2"}, "zzzz", "50 pages", 12345678, 50]}
    assert secrets_of(recipe) == ("12345678", "abcdefgh", "zzzz", "50")
    assert hidden_recipe(recipe) == {
        "vars": {"AWS_SECRET": HIDDEN, "my": {"password": HIDDEN}, "key": HIDDEN, "min_tokens": HIDDEN},
        "name": "x",
        "deep": [{"a": f"1-{HIDDEN}-2"}, HIDDEN, "50 pages", HIDDEN, 50],
    }
    assert hidden_recipe({"name": "x"}) == {"name": "x"} and secrets_of({"vars": 5}) == ()
