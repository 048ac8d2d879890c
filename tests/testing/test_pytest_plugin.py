"""The pytest plugin, used as an author uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchsuite.testing.rules.catalogue import rules_of

pytestmark = pytest.mark.slow

TESTS = Path(__file__).parents[1]

TEST = """
import pytest
from my_plugin import MyDots

@pytest.mark.contract(MyDots, image_size=16)
def test_keeps_the_contract(contract_check):
    contract_check()
"""

WITH_DEFAULTS = """
from benchsuite.testing import contract
from support.contract import Dots

@contract(Dots)
def test_keeps_the_contract(contract_check):
    contract_check()
"""

PLUGIN = """
from support.contract import Dots


class MyDots(Dots):
    name = "my_dots"

    def preprocessing(self, params):
        assert params.image_size == 16
        return super().preprocessing(params)

    def labels(self, files):
        return tuple(float(label) for label in super().labels(files))
"""

FEW = "parameters or labels_right or labels-right or names-unique or bibtex"


@pytest.fixture
def author(tmp_path: Path) -> Path:
    """The folder of a plugin with a test of it."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["benchsuite.testing"]\n')
    (tmp_path / "my_plugin.py").write_text(PLUGIN)
    (tmp_path / "test_my_plugin.py").write_text(TEST)
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder), *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(TESTS)])},
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_is_one_test_a_rule(author: Path) -> None:
    done = run(author, "--collect-only", "-q")
    assert "test_my_plugin.py::test_keeps_the_contract[parameters-survive]" in done.stdout
    assert "test_my_plugin.py::test_keeps_the_contract[corrupt-refused]" in done.stdout
    assert "23 tests collected" in done.stdout


def test_what_is_broken_fails_and_the_card_says_so(author: Path) -> None:
    done = run(author, "-k", FEW)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "labels are class numbers, and training sees every class" in done.stdout
    assert "train has labels that are no integer from 0 to 2: 0.0, 0.0" in done.stdout
    assert "remedy: number the classes from 0" in done.stdout
    assert "dataset my_dots {'image_size': 16}: 6 of 7 checks" in done.stdout
    assert "broken: labels are class numbers" in done.stdout
    assert "Traceback" not in done.stdout
    assert done.stdout.count("FAILED") == 1


def test_the_card_comes_through_xdist(author: Path) -> None:
    done = run(author, "-k", "labels or names", "-n", "1")
    assert "dataset my_dots {'image_size': 16}: 2 of 3 checks" in done.stdout


def test_a_class_is_checked_with_its_defaults(author: Path) -> None:
    (author / "test_my_plugin.py").write_text(WITH_DEFAULTS)
    done = run(author, "-k", "bibtex or smoke", "-v")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_keeps_the_contract[bibtex-reads] PASSED" in done.stdout
    assert "dataset dots: 2 of 2 checks" in done.stdout


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("", "contract_check needs to be told of one class"),
        ("@contract(int)", "is no Dataset, Model, Recipe, Metric, Figure or Executor of benchsuite.api"),
    ],
)
def test_a_marker_that_names_no_component_is_explained(author: Path, marker: str, words: str) -> None:
    (author / "test_my_plugin.py").write_text(
        f"from benchsuite.testing import contract\n{marker}\ndef test_it(contract_check): ...\n"
    )
    done = run(author)
    assert done.returncode != 0
    assert words in done.stdout + done.stderr


def test_parameters_that_are_refused_are_explained(author: Path) -> None:
    (author / "test_my_plugin.py").write_text(TEST.replace("16", "2"))
    done = run(author, "-k", "bibtex")
    assert "image_size: 2 is too small" in done.stdout


@pytest.mark.parametrize("module", ["benchsuite.testing", "benchsuite.testing.pytest_plugin"])
def test_importing_it_imports_nothing_heavy(module: str) -> None:
    heavy = "{'torch', 'numpy', 'pydantic', 'benchsuite.registry', 'benchsuite.engine'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_kit_works_without_pytest() -> None:
    code = (
        "import sys; sys.modules['pytest'] = None\n"
        "import benchsuite.testing, benchsuite.testing.runner.runner, benchsuite.testing.runner.conformance_cards, "
        "benchsuite.commands.check_plugin\n"
        "from benchsuite.testing.rules.catalogue import rules_of\n"
        "print(len(rules_of('recipe')), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(len(rules_of("recipe"))), "False"]
