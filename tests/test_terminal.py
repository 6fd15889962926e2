"""What comes from outside is shown as it is: no markup, no control character, no mark of direction has an effect."""

from __future__ import annotations

import ast
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from curate.report.escaping import code, markdown, one_line, visible

EVIL = "[/x][bold]é \x1b[31m\x9b2J\x07\x7f\u202eabc\u2066\u200f\u061c"
SHOWN = "[/x][bold]é \\x1b[31m\\x9b2J\\x07\\x7f\\u202eabc\\u2066\\u200f\\u061c"
BAD = set("\x1b\x9b\x07\x7f\r\u202e\u2066\u200f\u061c")
TEXT = "The harbour was quiet that morning, and the boats that should have been out were all at home. "


def curate(*arguments: object, cwd: Path, **more: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "curate.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, **more)


def assert_harmless(text: str) -> str:
    assert not BAD & set(text), ascii(text)
    assert "Traceback" not in text and "MarkupError" not in text, text
    return text


OWN = '''
"""A module of somebody else's."""
from curate import Doc
from curate.formats import Format
from curate.report.section import Section

EVIL = {evil!r}


def stage(doc: Doc, *, word: str = EVIL) -> bool | str:
    "Drop documents.\\n\\nDetails: EVIL\\n"
    return "harbour" in doc.text or EVIL


stage.__doc__ = stage.__doc__.replace("EVIL", EVIL)


def fails(doc: Doc) -> bool:
    """Fail."""
    raise RuntimeError(EVIL)


class Hostile(Section):
    name = "hostile"

    def lines(self, run):
        yield EVIL


HOSTILE = Hostile()
'''


@pytest.fixture(scope="module")
def work(tmp_path_factory) -> Path:
    """A folder with a run over documents, named and described by somebody hostile, under a hostile path."""
    folder = tmp_path_factory.mktemp("terminal")
    rows = [
        {"text": TEXT * 3 + EVIL, "id": f"{EVIL}1", "url": "u", "x": EVIL},
        {"text": TEXT * 3 + "More.", "id": f"{EVIL}2", "url": "u", "x": EVIL},
        {"text": EVIL, "id": f"{EVIL}3", "url": "u", "x": EVIL, EVIL: "y"},
        {"text": TEXT, "id": f"{EVIL}4", "url": f"http://h/?{EVIL}", "x": EVIL},
    ]
    (folder / f"in{EVIL.replace('/', '')}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "own.py").write_text(OWN.format(evil=EVIL))
    recipe = {
        "name": "hostile",
        "description": f"{EVIL} <script>alert(1)</script> | `code` *bold*\n# head",
        "modules": ["own"],
        "inputs": {
            "sources.jsonl": {"paths": ["in*.jsonl"], "fields": {"id": "id"}, "extra": {EVIL: "string", "x": "string"}}
        },
        "stages": ["own.stage", {"dedup.minhash": {"threshold": 0.5}}],
        "published": {"source": EVIL, "remarks": EVIL},
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    (folder / "wrong.yaml").write_text(yaml.safe_dump({**recipe, EVIL: 1}))
    (folder / "fails.yaml").write_text(yaml.safe_dump({**recipe, "stages": ["own.fails"]}))
    ran = curate("run", "recipe.yaml", "-o", f"m{EVIL.replace('/', '')}", "--workers", 1, cwd=folder)
    assert ran.returncode == 0, ran.stderr
    assert SHOWN.replace("/", "") in assert_harmless(ran.stdout + ran.stderr)
    return folder


RUN = f"m{EVIL.replace('/', '')}"
COMMANDS: dict[str, tuple[list[str], int, str]] = {
    "stats": (["stats", RUN, "--module", "own"], 0, SHOWN),
    "stats --json": (["stats", RUN, "--json"], 0, "\\u001b[31m"),
    "explain, kept": (["explain", RUN, f"{EVIL}1"], 0, f"{SHOWN}1  u\n"),
    "explain, dropped": (["explain", RUN, f"{EVIL}3"], 0, f"dropped by own.stage: {SHOWN}\n"),
    "explain, a copy": (["explain", RUN, f"{EVIL}2"], 0, f"the copy that was kept: {SHOWN}1"),
    "explain, several": (["explain", RUN, "u"], 0, f"also {SHOWN}"),
    "explain --json": (["explain", RUN, f"{EVIL}3", "--json"], 0, "\\u202e"),
    "explain, nobody": (["explain", RUN, f"{EVIL}nobody"], 2, SHOWN),
    "explain, no run": (["explain", EVIL, "x"], 2, SHOWN),
    "plan": (["plan", "recipe.yaml"], 0, SHOWN),
    "plan --json": (["plan", "recipe.yaml", "--json"], 0, "\\u202e"),
    "plan, no recipe": (["plan", EVIL], 2, SHOWN),
    "plan, wrong key": (["plan", "wrong.yaml"], 2, SHOWN),
    "plan, no input": (["plan", "recipe.yaml", "-i", f"{EVIL}.jsonl"], 2, SHOWN),
    "plan, nearby input": (["plan", "recipe.yaml", "-i", "in.jsonl"], 2, SHOWN.replace("/", "")),
    "plan, setting": (["plan", "recipe.yaml", "--set", f"name={EVIL!r}"], 2, "\\u202e"),
    "plan, executor": (["plan", "recipe.yaml", "--executor", EVIL], 2, SHOWN),
    "run, a task fails": (["run", "fails.yaml", "-o", f"f{RUN}", "--workers", "1"], 1, f"RuntimeError: {SHOWN}"),
    "stages": (["stages", "own.stage"], 0, f"Details: {SHOWN}\n"),
    "stages --json": (["stages", "own.stage", "--json"], 0, "\\u202e"),
    "stages, none": (["stages", EVIL], 2, SHOWN),
    "assets fetch": (["assets", "fetch", EVIL], 2, SHOWN),
    "assets fetch --from": (["assets", "fetch", "ldnoobw-en", "--from", EVIL], 2, SHOWN),
    "assets verify": (["assets", "verify", EVIL], 2, SHOWN),
    "train": (["classifier", "train", EVIL, "--model", "m.npz"], 2, SHOWN),
    "eval": (["classifier", "eval", EVIL, EVIL], 2, SHOWN),
    "label": (["classifier", "label", "x", "--rubric", EVIL, "--endpoint", "x", "--out", "o"], 2, SHOWN),
    "usage": (["explain", RUN, "x", f"--{EVIL}"], 2, SHOWN),
    "command": ([EVIL], 2, SHOWN),
    "value": (["run", "recipe.yaml", "--workers", EVIL], 2, "--workers"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_show_values_of_others_escaped(work, name):
    arguments, exit_code, shown = COMMANDS[name]
    result = curate(*arguments, cwd=work)
    assert result.returncode == exit_code, result.stderr
    assert shown in assert_harmless(result.stdout + result.stderr)


def test_figures_of_classifiers_are_shown_escaped(work):
    rows = [
        {"text": f"{'good' if i % 2 else 'bad'} text {i}", "label": ["a", EVIL][i % 2], "source": EVIL}
        for i in range(400)
    ]
    (work / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    wide = {**os.environ, "COLUMNS": "300"}
    model = f"{RUN}.npz"
    trained = curate("classifier", "train", "labels.jsonl", "--positive", "a", "--model", model, cwd=work, env=wide)
    assert trained.returncode == 0, trained.stderr
    assert SHOWN in assert_harmless(trained.stdout) and model not in assert_harmless(trained.stderr)
    card = (work / f"{RUN}.md").read_text()
    assert not BAD & set(card)
    unnamed = curate("classifier", "train", "labels.jsonl", "--model", "n.npz", cwd=work)
    assert unnamed.returncode == 2 and SHOWN in assert_harmless(unnamed.stderr)


def test_the_bars_of_a_terminal_show_names_escaped(work):
    controller, terminal = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "300"}
    command = [sys.executable, "-m", "curate.cli", "run", "recipe.yaml", "-o", f"t{RUN}", "--workers", "1"]
    process = subprocess.Popen(command, stdout=terminal, stderr=terminal, cwd=work, env=environment)
    os.close(terminal)
    written = io.BytesIO()
    while True:
        try:
            chunk = os.read(controller, 1 << 16)
        except OSError:
            break
        if not chunk:
            break
        written.write(chunk)
    os.close(controller)
    assert process.wait(60) == 0, written.getvalue().decode()
    text = written.getvalue().decode()
    assert "\u202e" not in text and "\x9b" not in text and "\x07" not in text and "\x1b[31m\\x9b" not in text
    assert "\\x1b[31m\\x9b2J\\x07\\x7f\\u202eabc" in text


def test_the_card_of_a_run_shows_texts_and_no_markup(work):
    card = (work / RUN / "README.md").read_text()
    assert not BAD & set(card)
    assert "<script>" not in card and "&lt;script>alert(1)" in card
    assert "\\| \\`code\\` \\*bold\\*\n\\# head" in card
    (row,) = [line for line in card.splitlines() if line.startswith("| own.stage ")]
    assert "\\[/x\\]\\[bold\\]é \\\\x1b\\[31m" in row


def test_arguments_that_are_not_utf8_are_refused(tmp_path):
    result = subprocess.run(
        [sys.executable, "-m", "curate.cli", "plan", b"rec\xff.yaml"], capture_output=True, text=True, cwd=tmp_path
    )
    assert result.returncode == 2 and "the argument rec\\udcff.yaml is not UTF-8" in result.stderr


def test_a_terminal_that_is_not_utf8_still_gets_the_answer(work):
    result = curate("explain", RUN, f"{EVIL}1", cwd=work, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert result.returncode == 0 and "[/x][bold]\\xe9 \\x1b[31m" in result.stdout, result.stderr


def test_one_module_prints_and_nothing_is_markup():
    folder = Path(__file__).resolve().parent.parent / "curate"
    for path in folder.rglob("*.py"):
        tree = ast.parse(path.read_text())
        names = {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        rich = {name for name in names if name.split(".")[0] == "rich"}
        allowed = {"console.py": {"rich.console", "rich.table", "rich.text"}, "progress.py": {"rich.progress"}}
        assert rich <= (allowed.get(path.name, set()) if path.parent.name == "cli" else set()), path
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        assert "print" not in called, f"{path} prints; use curate.cli.console"


@pytest.mark.parametrize(
    ("text", "shown", "in_markdown", "in_code"),
    [
        ("a_b", "a_b", "a_b", "`a_b`"),
        ("_a_", "_a_", "\\_a\\_", "`_a_`"),
        ("a\tb\nc", "a\\tb\\nc", "a\tb\nc", "`a\\tb\\nc`"),
        ("\x1b\u202e", "\\x1b\\u202e", "\\\\x1b\\\\u202e", "`\\x1b\\u202e`"),
        ("`x`", "`x`", "\\`x\\`", "`` `x` ``"),
        ("[a](b) | <b> &amp;", "[a](b) | <b> &amp;", "\\[a\\](b) \\| &lt;b> &amp;amp;", "`[a](b) | <b> &amp;`"),
        ("# a\n- b\n    c\n===", "# a\\n- b\\n    c\\n===", "\\# a\n\\- b\nc\n\\===", "`# a\\n- b\\n    c\\n===`"),
        ("\udcff", "\\udcff", "\\\\udcff", "`\\udcff`"),
        ("", "", "", ""),
    ],
)
def test_escaping(text, shown, in_markdown, in_code):
    assert one_line(text) == shown and markdown(text) == in_markdown and code(text) == in_code
    assert visible(text) == shown.replace("\\t", "\t").replace("\\n", "\n")
