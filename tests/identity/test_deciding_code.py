"""Run keys cover the code that decides bits, and nothing else: every file of the program is tried."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import benchsuite
from benchsuite.identity.deciding_code import DECIDING_CODE
from benchsuite.identity.source_fingerprint import locate

PACKAGE = Path(benchsuite.__file__).parent
FILES = sorted(str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py"))


def decides(file: str) -> bool:
    """Whether the list names the file, itself or by a package above it."""
    module = ".".join(("benchsuite", *Path(file).with_suffix("").parts)).removesuffix(".__init__")
    return any(module == name or module.startswith(f"{name}.") for name in DECIDING_CODE)


class _OtherConstant(ast.NodeTransformer):
    """Changes the first constant of a module that is not told to people."""

    def __init__(self) -> None:
        self.changed = False

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        return node  # docstrings, and calls made for what they do

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self.changed or not isinstance(node.value, int | float) or isinstance(node.value, bool):
            return node
        self.changed = True
        return ast.Constant(node.value + 1)


def with_other_constant(source: str) -> str:
    """The source with another number in it, or with one more where it has none."""
    transformer = _OtherConstant()
    tree = transformer.visit(ast.parse(source))
    return ast.unparse(tree) if transformer.changed else f"{source}\nONE_MORE = 1\n"


@cache
def fingerprints_after_changes(folder: Path) -> dict[str, str]:
    """The fingerprint of the core as it is (under ""), and after a change of each file, in a copy of the program."""
    copy = folder / "benchsuite"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    changes = {file: with_other_constant((PACKAGE / file).read_text(encoding="utf-8")) for file in FILES}
    (folder / "changes.json").write_text(json.dumps(changes))
    program = f"""
import json, pathlib
from benchsuite.identity.source_fingerprint import core_fingerprint, locate
root = pathlib.Path({str(copy)!r})
assert str(locate("benchsuite")).startswith(str(root)), "this must be the copy"
found = {{"": core_fingerprint()}}
for file, changed in json.loads(pathlib.Path({str(folder / "changes.json")!r}).read_text()).items():
    path = root / file
    before = path.read_text()
    path.write_text(changed)
    found[file] = core_fingerprint()
    path.write_text(before)
assert core_fingerprint() == found[""]
print(json.dumps(found))
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def fingerprints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return fingerprints_after_changes(tmp_path_factory.mktemp("copy"))


@pytest.mark.parametrize("file", [file for file in FILES if not decides(file)])
def test_a_change_of_what_decides_nothing_keeps_all_keys(file: str, fingerprints: dict[str, str]) -> None:
    assert fingerprints[file] == fingerprints[""]


@pytest.mark.parametrize("file", [file for file in FILES if decides(file)])
def test_a_changed_constant_of_what_decides_changes_all_keys(file: str, fingerprints: dict[str, str]) -> None:
    assert fingerprints[file] != fingerprints[""]


@pytest.mark.parametrize("name", DECIDING_CODE)
def test_the_list_names_what_is_there(name: str) -> None:
    assert locate(name).is_file()


WATCHING = ("engine/diagnostics/", "engine/meters/", "contracts/figure.py", "contracts/observer.py", "store/", "paper/")


def test_what_watches_tells_and_stores_is_not_among_it() -> None:
    assert not [file for file in FILES if file.startswith(WATCHING) and decides(file)]
