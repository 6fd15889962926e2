"""The README is true: its commands run, and print what it says they print.

A block marked `console` holds commands after `$ ` and, below each, the output; `...` matches anything. They run in
order in one copy of the checkout. The two set-up commands are run by CI itself (`.ci/run`).
"""

from __future__ import annotations

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from curate.stage import Kind, read_stage
from tests.conftest import ROOT

SET_UP = ("make demo", "make test")


def commands(kind: str = "console") -> list[tuple[str, str]]:
    """Return (command, expected output) for every command of the README's blocks of a kind: `console`, `console slurm`."""
    found = []
    for block in re.findall(rf"^```{kind}\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command.strip(), output))
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    """A copy of what the README's commands use."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pipelines", "examples"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.mark.slow
def test_the_commands_of_the_readme_print_what_it_says(checkout):
    bin_folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"}
    ran = [pair for pair in commands() if pair[0] not in SET_UP]
    assert len(ran) >= 5
    check(ran, checkout, environment)


def check(ran: list[tuple[str, str]], checkout: Path, environment: dict[str, str]) -> None:
    """Run commands in a folder, and compare what they print with what is expected."""
    checker = doctest.OutputChecker()
    for command, expected in ran:
        result = subprocess.run(
            ["bash", "-c", command], cwd=checkout, env=environment, capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, f"$ {command}\n{result.stderr}"
        same = checker.check_output(expected, result.stdout, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        assert same, f"$ {command}\nprinted\n{result.stdout}\nthe README says\n{expected}"


def test_ci_runs_the_set_up_commands_of_the_readme():
    readme, ci = (ROOT / "README.md").read_text(), (ROOT / ".ci" / "run").read_text()
    for command in SET_UP:
        assert command in readme and command in ci


def python_blocks() -> list[str]:
    """Return the README's blocks of Python that define stages."""
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    return [block for block in blocks if "from curate import" in block]


def test_python_blocks_of_the_readme_define_stages():
    found = []
    for block in python_blocks():
        defined: dict = {"__name__": "readme"}
        exec(compile(block, "README.md", "exec"), defined)
        own = [value for value in defined.values() if getattr(value, "__module__", None) == "readme"]
        found += [read_stage(value.__name__, value).kind for value in own]
    assert found == [Kind.DOC_FILTER, Kind.DOC_EDIT, Kind.RULES, Kind.BARRIER]


@pytest.mark.parametrize(
    ("definition", "file"), [("def not_shouty", "my_filters.py"), ("class at_most_per_site", "my_barrier.py")]
)
def test_examples_in_the_readme_are_the_files(definition, file):
    (block,) = [block for block in python_blocks() if definition in block]
    assert block.strip() in (ROOT / "examples" / file).read_text()


PROSE = """The harbour was quiet on the morning of the vote, and nobody in the town had slept. Boats that should have been out
since four lay at their moorings with the engines cold. In the hall above the fish market the clerk counted the slips
twice, because the first count had come to a number that could not be right. Then he opened the window, leaned out and
told the people below that the sea wall would be built, that it would cost more than anyone had said, and that he
would rather not be asked about it again before he had eaten something."""


def test_the_datatrove_example_runs(tmp_path):
    documents = [{"id": "1", "text": PROSE}, {"id": "2", "text": "short"}]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("".join(json.dumps(document) + "\n" for document in documents))
    command = [sys.executable, ROOT / "examples" / "in_datatrove.py", tmp_path / "in", tmp_path / "out"]
    subprocess.run(command, check=True, capture_output=True)
    lines = (tmp_path / "out" / "00000.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["1"]
