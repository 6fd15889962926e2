"""Code is compared without comments and docstrings, and with all it imports."""

from __future__ import annotations

import pytest

from curate import fingerprint
from curate.assets import File
from curate.errors import InputError

CODE = '''"""A module."""
from my_pkg.kernel import twice

def stage(x):
    """Double it."""
    return twice(x)  # as the paper says
'''


@pytest.fixture
def digest(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_pkg").mkdir()
    (tmp_path / "my_pkg" / "__init__.py").write_text("")

    def digest(code: str, kernel: str = "def twice(x): return 2 * x\n") -> str:
        (tmp_path / "my_pkg" / "stage.py").write_text(code)
        (tmp_path / "my_pkg" / "kernel.py").write_text(kernel)
        fingerprint.of_module.cache_clear()
        fingerprint._code_and_imports.cache_clear()
        return fingerprint.of_module("my_pkg.stage")

    yield digest
    fingerprint.of_module.cache_clear()
    fingerprint._code_and_imports.cache_clear()


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
