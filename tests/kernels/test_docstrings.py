"""Docstrings of kernels state every parameter, with the shape and dtype of arrays."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import curate.kernels

FOLDER = Path(curate.kernels.__file__).parent
NOT_COUNTED = {"typing_context"}  # numba passes it to intrinsics; callers do not
SHAPE = re.compile(r"\b(?:bool|u?int\d+|float\d+|any)\[[^\]]*\]")  # int64[n + 1], any[m]
TABLES = "`layout.Tables`"  # the shapes of its arrays are in its own definition


def public_functions() -> list[tuple[str, list[str], str]]:
    """Return `(name, parameters, docstring)` of each public function with three or more parameters."""
    found = []
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                names = [argument.arg for argument in arguments if argument.arg not in NOT_COUNTED]
                if len(names) >= 3:
                    where = f"{path.relative_to(FOLDER).with_suffix('')}.{node.name}"
                    found.append((where, names, ast.get_docstring(node) or ""))
    return found


def problems(names: list[str], docstring: str) -> list[str]:
    """Return what is missing in a docstring."""
    section = re.search(r"^Args:\n((?:[ ].*\n|\n)*)", docstring + "\n", re.MULTILINE)
    heads = re.findall(r"^    ((?:\w+, )*\w+): ", section[1] if section else "", re.MULTILINE)
    described = {name for head in heads for name in head.split(", ")}
    missing = [f"Args: does not describe {name}" for name in names if name not in described]
    return missing + ([] if SHAPE.search(docstring) or TABLES in docstring else ["no shape such as int64[n + 1]"])


@pytest.mark.parametrize(("where", "names", "docstring"), public_functions(), ids=lambda value: str(value)[:60])
def test_public_kernels_describe_every_parameter_and_a_shape(where, names, docstring):
    assert problems(names, docstring) == [], where


def test_there_are_functions_to_check():
    assert len(public_functions()) > 50


@pytest.mark.parametrize(
    ("docstring", "n_problems"),
    [
        ("Count.\n\nArgs:\n    a, b: int64[n] each.\n    c: a number.\n", 0),
        ("Count.\n\nArgs:\n    a, b: arrays.\n    c: a number.\n", 1),
        ("Count.\n\nArgs:\n    a, b: int64[n] each, see c: below.\n", 1),
        ("Count a, b and c, all int64[n].", 3),
        ("", 4),
    ],
)
def test_an_incomplete_docstring_is_noticed(docstring, n_problems):
    assert len(problems(["a", "b", "c"], docstring)) == n_problems
