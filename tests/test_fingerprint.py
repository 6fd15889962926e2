"""Code is compared without comments and docstrings, and with all that it imports."""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES

import pytest

from curate import fingerprint
from curate.assets import File
from curate.errors import InputError, SpecError
from curate.fingerprint import remembered

CODE = '''"""A module."""
from my_pkg.kernel import twice

def stage(x):
    """Double it."""
    return twice(x)  # as the paper says
'''


def forget() -> None:
    """Forget what this process found, as a new process would."""
    for cached in (fingerprint.of_module, fingerprint._code_and_imports, fingerprint._has_a_version):
        cached.cache_clear()
    fingerprint._distributions.cache_clear()
    fingerprint.modules._root.cache_clear()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes modules into a folder that Python imports from."""
    monkeypatch.syspath_prepend(tmp_path)

    def write(**files: str) -> None:
        for name, code in files.items():
            path = (tmp_path / name.replace("__in__", "/")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code)
        forget()

    yield write
    forget()


@pytest.fixture
def digest(write):
    write(my_pkg__in____init__="")

    def digest(code: str, kernel: str = "def twice(x): return 2 * x\n") -> str:
        write(my_pkg__in__stage=code, my_pkg__in__kernel=kernel)
        return fingerprint.of_module("my_pkg.stage")

    return digest


def test_comments_docstrings_and_layout_do_not_count(digest):
    assert digest(CODE) == digest(
        CODE.replace("  # as the paper says", "")
        .replace("Double it.", "Twice as much.")
        .replace("\n\ndef", "\n\n\n\ndef")
    )


def test_code_counts(digest):
    assert digest(CODE) != digest(CODE.replace("twice(x)", "twice(x) + 1"))


def test_the_code_of_what_is_imported_counts_too(digest):
    assert digest(CODE) != digest(CODE, kernel="def twice(x): return x + x\n")


IMPORTS = [
    "from my_helper import LIMIT",
    "from my_helper import *",
    "import my_helper",
    "import my_helper as h, os",
    "def stage():\n    import my_helper",
    "class A:\n    if True:\n        from my_helper import LIMIT",
    "import importlib\nh = importlib.import_module('my_helper')",
    "from importlib import import_module\ndef f(): return import_module('my_helper').LIMIT",
    "from importlib import import_module as get\ndef f(): return get('my_helper').LIMIT",
    "h = __import__('my_helper')",
    "import between",
    "import namespace.deep",
    "from namespace import deep",
    "import namespace.folder.deeper",
    "import outer.inner.leaf as c",
    "from outer.inner import leaf",
    "from outer import at_top",
    "from outer.inner import by_call",
    "from outer import inner",
]


@pytest.mark.parametrize("line", IMPORTS)
def test_a_helper_module_counts_however_it_is_imported(write, line):
    def after(limit: int) -> str:
        write(
            my_rules=f"{line}\n", my_helper=f"LIMIT = {limit}\n", between="import my_helper\n",
            namespace__in__deep="import my_helper\n", namespace__in__folder__in__deeper="import my_helper\n", outer__in____init__="",
            outer__in__inner__in____init__="from . import leaf\n", outer__in__inner__in__leaf="from .. import at_top\n",
            outer__in__inner__in__by_call="import importlib\nimportlib.import_module('..at_top', __package__)\n",
            outer__in__at_top="from . import *\nfrom .next_to import LIMIT\n", outer__in__next_to="import my_helper\n",
        )  # fmt: skip
        return fingerprint.of_module("my_rules")

    assert after(20) == after(20) != after(99)


def test_the_package_around_a_module_counts_since_python_runs_it_first(write):
    def after(code: str) -> str:
        write(outer__in____init__=code, outer__in__leaf="", my_rules="import outer.leaf\n")
        return fingerprint.of_module("my_rules"), fingerprint.of_module("outer.leaf")

    one, other = after("LIMIT = 20\n"), after("LIMIT = 99\n")
    assert one[0] != other[0] and one[1] != other[1]


@pytest.mark.parametrize(
    "line",
    ["pass", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import my_helper", "import no_such_module", "from .. import my_helper",
     "import importlib\nimportlib.import_module(name)", "open('my_helper.py')", "# import my_helper"],
)  # fmt: skip
def test_what_is_not_imported_does_not_count(write, line):
    def after(limit: int) -> str:
        write(my_rules=f"{line}\n", my_helper=f"LIMIT = {limit}\n")
        return fingerprint.of_module("my_rules")

    assert after(20) == after(99)


def test_an_installed_package_counts_by_its_version_and_a_copied_module_by_its_code(write, tmp_path, monkeypatch):
    site = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(site)

    def after(code: str, version: str) -> list[str]:
        info = site / f"shelf-{version}.dist-info"
        for old in site.glob("*.dist-info"):
            old.rename(info)
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: shelf\nVersion: {version}\n")
        (info / "RECORD").write_text("shelf.py,,\n")
        for name in ("shelf", "copied"):
            (site / f"{name}.py").write_text(code)
        write(by_shelf="import shelf\n", by_copied="import copied\n")
        return [fingerprint.of_module(name) for name in ("by_shelf", "by_copied", "shelf")]

    first, changed, newer = after("a = 1", "1.0"), after("a = 2", "1.0"), after("a = 2", "1.1")
    assert [one == other for one, other in zip(first, changed, strict=True)] == [True, False, False]
    assert changed[0] != newer[0] and changed[1] == newer[1]


def test_an_extension_module_of_the_users_and_a_file_that_python_cannot_parse_count_by_their_bytes(write, tmp_path):
    def after(content: bytes) -> tuple[str, str]:
        (tmp_path / f"built{EXTENSION_SUFFIXES[0]}").write_bytes(content)
        write(my_rules="import built\n", other="def f(): import odd\n", odd=f"{content!r} is not (\n")
        return fingerprint.of_module("my_rules"), fingerprint.of_module("other")

    assert all(one != other for one, other in zip(after(b"one"), after(b"two"), strict=True))


def test_the_standard_library_is_not_read(write):
    write(my_rules="import json, os.path, sys, collections.abc, numpy.linalg\nfrom curate import Doc\n")
    code, packages = fingerprint._reached("my_rules")
    assert sorted(code) == ["curate", "my_rules"] and packages == {"numpy"}
    assert list(fingerprint.users_code("my_rules")) == ["my_rules"]


def test_a_module_that_changed_after_it_was_imported_is_refused(write, tmp_path):
    write(my_rules="import my_helper\n", my_helper="LIMIT = 20\n")
    assert fingerprint.changed(fingerprint.users_code("my_rules")) == []
    (tmp_path / "my_helper.py").write_text("LIMIT = 99\n")
    with pytest.raises(SpecError, match='"my_helper" has changed since this Python process imported it'):
        fingerprint.users_code("my_rules")


def test_versions_of_other_packages_are_named():
    assert "numpy" in fingerprint.versions({"numpy", "os", "no_such_package"})


def test_digests_depend_on_values_and_not_on_the_order_of_keys():
    assert (
        fingerprint.combine({"a": 1, "b": 2})
        == fingerprint.combine({"b": 2, "a": 1})
        != fingerprint.combine({"a": 1, "b": 3})
    )


def test_files_count_by_content_in_lists_and_behind_globs_too(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    model, paths, sets = File(tmp_path / "a.txt"), [File(tmp_path / "b.txt")], {"all": File(tmp_path / "*.txt")}
    params = {"model": model, "paths": paths, "sets": sets, "n": 1}
    before = fingerprint.of_params(params)
    assert before == fingerprint.of_params(params)
    (tmp_path / "b.txt").write_text("other")
    after = fingerprint.of_params(params)
    assert [name for name in params if before[name] != after[name]] == ["paths", "sets"]
    (tmp_path / "c.txt").write_text("new")
    assert fingerprint.of_params(params)["sets"] != after["sets"]
    for path in tmp_path.glob("*"):
        path.unlink()
    with pytest.raises(InputError, match="none that matches"):
        fingerprint.of_params({"sets": [File(tmp_path / "*.txt")]})


def test_strings_that_are_paths_count_as_files_where_a_stage_is_not_ours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = {
        "one": "words.txt",
        "some": ["words.txt"],
        "by": {"en": str(tmp_path / "words.txt")},
        "word": "words",
        "n": 1,
    }
    (tmp_path / "words.txt").write_text("old")
    before = [fingerprint.of_params(params, strings_too=both) for both in (True, False)]
    (tmp_path / "words.txt").write_text("new")
    after = [fingerprint.of_params(params, strings_too=both) for both in (True, False)]
    assert [name for name in params if before[0][name] != after[0][name]] == ["one", "some", "by"]
    assert before[1] == after[1] == params
    assert fingerprint.of_params({"a": "x" * 9999, "b": "\0", "c": "."}, strings_too=True)["c"] == "."


# ---------------------------------------------------------------------- remembered between runs


@pytest.mark.parametrize("harm", [None, b"", b"[", b'{"a": 1}', b"[1, 2]", b"[]", "unreadable"])
def test_what_was_found_in_code_is_remembered_by_content(tmp_path, monkeypatch, harm):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    parsed = []

    def parse() -> remembered.Found:
        parsed.append(1)
        return "digest", frozenset({"a.b", "c"})

    def found(content: bytes = b"x", package: str = "p") -> remembered.Found:
        return remembered.found(content, package, __file__, parse)

    assert found() == found() == ("digest", frozenset({"a.b", "c"})) and len(parsed) == 1
    found(content=b"y")
    found(package="q")
    assert len(parsed) == 3
    for entry in (tmp_path / "curate" / "code").iterdir():
        if harm == "unreadable":
            entry.unlink()
            entry.mkdir()
        elif harm is not None:
            entry.write_bytes(harm)
    assert found() == ("digest", frozenset({"a.b", "c"})) and len(parsed) == 3 + (harm is not None)


def test_code_is_parsed_where_nothing_can_be_remembered(tmp_path, monkeypatch):
    (tmp_path / "curate").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remembered.found(b"x", "p", __file__, lambda: ("digest", frozenset())) == ("digest", frozenset())
