"""Rules of the house that a machine can check: layers, budgets, one door to datatrove, a light import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "curate"
FILES = sorted(PACKAGE.rglob("*.py"))

# Each layer imports only from its own row and those above it.
LAYERS = [
    ["errors", "kernels", "extensions", "languages"],
    ["batch", "assets", "sketches"],
    ["rules", "ledger", "barrier", "params"],
    ["signals", "stage", "lookup", "executor"],
    ["formats", "llm"],
    ["classifiers"],
    ["stages", "registry", "inputs", "fingerprint", "runs"],
    ["spec"],
    ["plan"],
    ["statistics"],
    ["report"],
    ["engine"],
    ["cli"],
]
# Where the names of keywords are the caller's to choose: reasons of rules, parameters of a stage.
NAMED_BY_THE_CALLER = {("rules.py", "__init__"), ("step.py", "step")}
RANK = {name: rank for rank, row in enumerate(LAYERS) for name in row}


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path, *, lazy: bool = True) -> set[str]:
    """Return the parts of the package that a file imports; with `lazy`, also inside functions."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if lazy else tree.body
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "curate":
            names = [node.module] if node.module != "curate" else [f"curate.{alias.name}" for alias in node.names]
            found.update(name.split(".")[1] for name in names if "." in name)
        elif isinstance(node, ast.Import):
            found.update(alias.name.split(".")[1] for alias in node.names if alias.name.startswith("curate."))
    return found & RANK.keys()


PARTS = [path for path in FILES if part(path) in RANK]


@pytest.mark.parametrize("path", PARTS, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_left_of_it(path):
    own = part(path)
    wrong = {name for name in imports(path) if name != own and RANK[name] > RANK[own]}
    assert not wrong, f"{own} may not import {wrong}"
    if own == "stages":
        assert not imports(path) & {"registry", "inputs", "runs"}, "stages are leaves"


def test_every_part_has_its_layer():
    """No parts are what Python asks for (the package itself, and `python -m curate`), and the models, which are no code."""
    assert {part(path) for path in FILES} - RANK.keys() == {"__init__", "__main__", "models"}


def test_no_file_imports_itself_by_a_detour():
    graph = {}
    names = {".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p for p in FILES}
    for name, path in names.items():
        found = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        packages = {name.rsplit(".", n)[0] for n in range(1, name.count(".") + 1)}  # importing a.b imports a, too
        graph[name] = (found & names.keys()) - packages - {name}
    while leaves := [name for name, needed in graph.items() if not needed & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph, f"a circle among {sorted(graph)}"


def test_only_the_engine_imports_datatrove():
    for path in FILES:
        modules = {n.module for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.ImportFrom)} | {
            a.name for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Import) for a in n.names
        }
        assert part(path) == "engine" or not any((m or "").split(".")[0] == "datatrove" for m in modules), path


def test_kernels_know_nothing_of_pipelines():
    for path in (PACKAGE / "kernels").rglob("*.py"):
        tree = ast.parse(path.read_text())
        tops = {(n.module or "").split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)} | {
            a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names
        }
        assert tops <= {"numpy", "numba", "llvmlite", "curate", "__future__", *sys.stdlib_module_names}, path
        assert imports(path) <= {"kernels"}, path


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_functions_and_signatures_stay_small(path):
    source = path.read_text()
    assert source.count("\n") <= 400, f"{path.name} has {source.count(chr(10))} lines; what does it hide?"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            n_lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert n_lines <= 60, f"{path.name}:{node.lineno} {node.name} has {n_lines} lines"
            assert node.args.kwarg is None or (path.name, node.name) in NAMED_BY_THE_CALLER, (
                f"{path.name}:{node.lineno} {node.name} takes **{node.args.kwarg.arg}"
            )
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
            assert len(names) <= (12 if node.name.startswith("_") else 8), (
                f"{path.name}:{node.lineno} {node.name} takes {len(names)} positional parameters"
            )


def test_every_public_thing_has_a_docstring():
    for path in FILES:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree) or not tree.body, f"{path.name} has no docstring"
        for node in tree.body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path.name}:{node.lineno} {node.name} has no docstring"


def test_the_root_stays_readable_and_there_is_no_drawer():
    assert len(list(PACKAGE.glob("*.py"))) <= 15
    assert not [p for p in PACKAGE.rglob("*") if p.stem in ("utils", "util", "common", "helpers", "misc")]


def test_importing_curate_loads_nothing_heavy():
    code = "import sys, curate; print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'datatrove', 'numba', 'numpy', 'pyarrow', 'pydantic'}))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_help_loads_nothing_heavy():
    code = "import sys\ntry:\n    from curate.cli import app; app(['--help'])\nexcept SystemExit: pass\nprint(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'datatrove', 'numba', 'numpy', 'pyarrow', 'pydantic'}))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        .stdout.strip()
        .endswith("[]")
    )
