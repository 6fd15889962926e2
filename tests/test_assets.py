"""Assets: fetched from a real server on the loopback, checked, found again without it."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from curate import assets, fingerprint
from curate.assets import Asset, File, catalogue
from curate.cli import app
from curate.errors import InputError
from curate.stage import Param

CONTENT = b"a.example\nb.example\n" * 5000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT, whole, cut off, changed or not at all, by path."""

    n_requests = 0
    body = CONTENT

    def do_GET(self):
        Server.n_requests += 1
        if self.path.startswith("/missing"):
            self.send_error(404)
            return
        body = {"/other": CONTENT + b"c", "/empty": b"", "/shorter": CONTENT[:-1]}.get(self.path, Server.body)
        self.send_response(200)
        if not self.path.startswith("/unstated"):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path.startswith("/cut") else body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Server.n_requests, Server.body = 0, CONTENT
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{made.server_port}"
        made.shutdown()


@pytest.fixture
def listed(server, tmp_path, monkeypatch):
    """Return a function that puts an asset into the catalogue; the cache is a fresh one."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def add(name="sites", path="/lists/sites.txt", **more):
        monkeypatch.setitem(
            catalogue(), name, Asset(name, "sites", "domains", "CC0", server, url=server + path, **more)
        )
        return catalogue()[name]

    return add


def test_what_was_fetched_is_found_again_without_a_server(listed):
    listed(sha256=DIGEST, size=len(CONTENT))
    with pytest.raises(InputError, match="`curate assets fetch sites`"):
        assets.find("asset:sites")
    reported = []
    held = assets.fetch("sites", tell=lambda done, total: reported.append((done, total)))
    assert (held.sha256, held.size) == (DIGEST, len(CONTENT))
    assert reported[-1] == (len(CONTENT), len(CONTENT))
    assert assets.find("sites").read_bytes() == CONTENT
    assert assets.find("asset:sites").name.endswith("sites.txt")
    assert assets.verify("sites") is None
    assert Server.n_requests == 1


def test_bytes_that_change_are_trusted_once_and_compared_afterwards(listed):
    listed()
    assert assets.fetch("sites").sha256 == DIGEST
    file = assets.find("sites")
    file.write_bytes(CONTENT.replace(b"a", b"x", 1))
    assert f"expected {DIGEST}" in assets.verify("sites")
    Server.body = b"new.example\n"
    assert assets.fetch("sites").sha256 == hashlib.sha256(Server.body).hexdigest()
    assert assets.find("sites").read_bytes() == Server.body


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/other", "is larger than"),
        ("/shorter", "has the digest"),
        ("/cut", "ended after"),
        ("/unstated/cut", "has the digest|cannot be downloaded"),
        ("/missing", "cannot be downloaded: Not Found"),
        ("/empty", "has the digest"),
    ],
)
def test_a_fetch_that_goes_wrong_leaves_what_was_there(listed, server, path, message):
    asset = listed(sha256=DIGEST, size=len(CONTENT))
    assets.fetch("sites")
    before = sorted(assets.folder().iterdir())
    Server.body = CONTENT[: len(CONTENT) // 2] if path.startswith("/unstated") else CONTENT
    with pytest.raises(InputError, match=message):
        assets.fetch("sites", server + path)
    assert sorted(assets.folder().iterdir()) == before
    assert assets.held(asset).sha256 == DIGEST


def test_a_page_in_place_of_an_archive_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    page = tmp_path / "login.html"
    page.write_text("<html>Log in</html>")
    with pytest.raises(InputError, match=r"expected a tar\.gz file for ut1-gambling"):
        assets.fetch("ut1-gambling", str(page))
    assert assets.held(assets.catalogue()["ut1-gambling"]) is None


def test_a_cache_that_cannot_be_written_to_says_where_it_is(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot be written to.*XDG_CACHE_HOME"):
        assets.fetch("ut1-gambling", str(tmp_path / "file"))


def test_an_asset_can_come_from_a_file_or_its_url(listed, tmp_path):
    listed(sha256=DIGEST)
    copy = tmp_path / "carried over.txt"
    copy.write_bytes(CONTENT)
    for place in (str(copy), copy.as_uri()):
        assert assets.fetch("sites", place).sha256 == DIGEST
    assert Server.n_requests == 0
    for place, message in (
        (str(tmp_path / "none"), "No such file"),
        ("ftp://a.example/b", "expected http, https or file"),
    ):
        with pytest.raises(InputError, match=message):
            assets.fetch("sites", place)


def test_many_fetches_at_once_end_with_one_whole_file(listed):
    listed(sha256=DIGEST)
    with ThreadPoolExecutor(8) as pool:
        held = list(pool.map(lambda _: assets.fetch("sites"), range(16)))
    assert {each.sha256 for each in held} == {DIGEST}
    assert assets.find("sites").read_bytes() == CONTENT
    assert len(list(assets.folder().iterdir())) == 2  # the bytes and the record


def test_a_catalogue_that_asks_for_other_bytes_does_not_find_the_old_ones(listed):
    asset = listed()
    assets.fetch("sites")
    assert assets.held(replace(asset, sha256="0" * 64)) is None
    (assets.folder() / "sites.json").write_text("{}")
    assert assets.held(asset) is None


def test_a_parameter_names_an_asset_and_its_content_takes_part_in_the_fingerprint(listed):
    listed()
    param = Param("lists", dict[str, File])
    with pytest.raises(ValueError, match="curate assets fetch sites"):
        param.convert({"bad": "asset:sites"})
    with pytest.raises(ValueError, match=r'no asset "site"\.  Did you mean sites'):
        param.convert({"bad": "asset:site"})
    assets.fetch("sites")
    value = {"lists": param.convert({"bad": "asset:sites"})}
    before = fingerprint.of_params(value)
    assert DIGEST in json.dumps(before)
    Server.body = b"c.example\n"
    assets.fetch("sites")
    assert fingerprint.of_params(value) != before


def test_the_catalogue_is_whole():
    for asset in catalogue().values():
        assert asset.about and asset.licence and asset.origin
        assert asset.format in ("domains", "words")
        assert bool(asset.url) != bool(asset.package and asset.path)
        assert asset.url is None or asset.url.startswith("https://")
        assert asset.sha256 is None or (len(asset.sha256) == 64 and asset.size)
        assert asset.package is None or assets.find(asset.name).is_file()


def test_the_command_line_lists_fetches_and_verifies(listed):
    listed(sha256=DIGEST, size=len(CONTENT))

    def curate(*words):
        return CliRunner().invoke(app, ["assets", *words])

    assert curate("verify").stdout == "nothing was fetched yet\n"
    fetched = curate("fetch", "sites", "url-filter")
    assert (fetched.exit_code, fetched.stdout) == (0, "")
    assert "sites: 100 KB from http://127.0.0.1" in fetched.stderr
    assert "url-filter: comes with the package datatrove" in fetched.stderr
    assert "is here already" in curate("fetch", "sites").stderr
    assert Server.n_requests == 1
    shown = {entry["name"]: entry for entry in json.loads(curate("list", "--json").stdout)}
    assert shown["sites"]["fetched"]["sha256"] == DIGEST
    assert shown["ut1-adult"]["file"] is None
    assert "set by the first fetch" in curate("list").stdout
    assert curate("verify").stdout == "sites: as it should be\n"
    assets.find("sites").write_bytes(CONTENT[::-1])
    wrong = curate("verify", "sites")
    assert wrong.exit_code == 2
    assert "Fetch it again: curate assets fetch --update sites" in wrong.stdout
