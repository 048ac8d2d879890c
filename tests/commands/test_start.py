"""How the program starts: quickly, without the libraries that training and papers need."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from benchsuite.cli import app
from benchsuite.extras import EXTRAS
from support.program import Program
from support.smaller import block

EXTRA = tuple(module for modules in EXTRAS.values() for module in modules)
HEAVY = ("torch", "torchvision", "scipy", "matplotlib", "weasyprint", "pypdf", *EXTRA)
LESS_HEAVY = ("numpy", "PIL", "safetensors", "jinja2", "psutil", "pynvml", "multiprocessing")
"""What planning may take, and whoever only looks at what is installed need not."""

WATCH = """
import sys
from benchsuite.cli import main
sys.argv = ["benchsuite", *sys.argv[1:]]
try:
    main()
except SystemExit as leaving:
    assert not leaving.code, leaving.code
print("LOADED", *(name for name in HEAVY if name in sys.modules), file=sys.stderr)
"""


def watch(*arguments: str, heavy: Sequence[str] = HEAVY) -> subprocess.CompletedProcess[str]:
    """Run benchsuite, which must succeed and import none of these modules."""
    command = [sys.executable, "-c", f"HEAVY = {heavy!r}\n{WATCH}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1].split() == ["LOADED"]
    return done


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["plan", "beans_freeze"], ["schema"]], ids=" ".join)
def test_listing_and_planning_import_nothing_heavy(program: Program, arguments: list[str]) -> None:
    program.patch.delenv("HF_HUB_OFFLINE")  # planning asks no network, and would draw the sample when forbidden to
    watch(*arguments)


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["list"], ["schema"]], ids=" ".join)
def test_looking_at_what_is_installed_imports_less_still(program: Program, arguments: list[str]) -> None:
    watch(*arguments, heavy=(*HEAVY, *LESS_HEAVY))


def test_the_completion_of_the_shell_imports_nothing_heavy(program: Program) -> None:
    asking = {"_BENCHSUITE_COMPLETE": "complete_bash", "COMP_WORDS": "benchsuite run squ", "COMP_CWORD": "2"}
    command = [sys.executable, "-X", "importtime", str(Path(sys.executable).with_name("benchsuite"))]
    done = subprocess.run(command, env={**os.environ, **asking}, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["squares_width"]
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "benchsuite.registry.suite_files" in imported
    assert not imported & {*HEAVY, *LESS_HEAVY}


def test_the_package_itself_imports_nothing_of_others() -> None:
    others = {*HEAVY, *LESS_HEAVY, "pydantic", "rich", "typer", "yaml"}
    code = f"import sys, benchsuite; print(*{others!r} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("arguments", [["--help"], ["schema"]], ids=" ".join)
def test_bibtex_is_read_only_with_a_suite_that_has_it(program: Program, arguments: list[str]) -> None:
    watch(*arguments, heavy=("pybtex", *HEAVY))


def test_planning_a_trial_imports_nothing_heavy(program: Program) -> None:
    program.patch.setenv("PYTHONPATH", str(program.plugins))
    done = watch("plan", "squares_width", "--policy", "sample", "--json")
    plan = json.loads(done.stdout)
    assert plan["sample"] is True
    assert {run["status"] for run in plan["runs"]} == {"due"}


READ = (
    ["list"],
    ["plan", "colours"],
    ["show", "colours"],
    ["why", "colours"],
    ["references", "colours"],
    ["paper", "colours"],
    ["site", "-o", "pages"],
    ["inspect", "data", "photos"],
    ["merge", "elsewhere"],
    ["doctor", "--results", "results"],
)


@pytest.mark.slow
@pytest.mark.parametrize("words", READ, ids=lambda words: words[0])
def test_what_reads_results_does_without_torch(study: Program, words: list[str], tmp_path: Path) -> None:
    shutil.copytree("results", "elsewhere")
    study.patch.setenv("PYTHONPATH", str(block(tmp_path / "blocked", "torch", "torchvision")))
    done = subprocess.run(
        [sys.executable, "-m", "benchsuite", *words], capture_output=True, text=True, check=False, timeout=300
    )
    if words[0] == "doctor":
        assert "torch and torchvision cannot be imported" in " ".join(done.stdout.split())
    assert done.returncode == int(words[0] == "doctor"), done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_command_and_says_what_it_does(program: Program) -> None:
    outcome = program.run("--help")
    assert outcome.code == 0
    for command in ("list", "plan", "run", "paper", "show", "why", "verify", "schema", "cache"):
        assert f" {command} " in outcome.out
        own = program.run(command, "--help")
        assert own.code == 0
        assert "Usage:" in own.out


def test_every_command_takes_the_short_form_of_help(program: Program) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    for name in ("", *group.commands):
        short, long = (program.run(*filter(None, (name, option))) for option in ("-h", "--help"))
        assert short.code == 0, name
        assert short.out == long.out


def test_the_version_is_told(program: Program) -> None:
    from benchsuite import __version__

    assert program.run("--version").out == f"benchsuite {__version__}\n"


def test_a_number_of_threads_that_is_none_is_refused(program: Program) -> None:
    program.patch.setenv("BENCHSUITE_THREADS", "many")
    program.run("plan", "squares_width", "--policy", "sample").refused("BENCHSUITE_THREADS", "'many'", "remedy")


@pytest.mark.parametrize("name", ["BENCHSUITE_CACHE_GB", "BENCHSUITE_CHECKPOINT_SECONDS"])
@pytest.mark.parametrize("value", ["lots", "-1", "nan", "inf"])
def test_a_variable_that_is_no_number_is_refused(program: Program, name: str, value: str) -> None:
    program.patch.setenv(name, value)
    program.run("plan", "squares_width", "--policy", "sample").refused(name, repr(value), "a number from 0")


def test_an_unforeseen_exception_is_told_on_one_screen_and_its_traceback_kept(program: Program) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("the core divides by zero")

    program.patch.setattr("benchsuite.commands.suite_rows.suite_files", broken)
    program.patch.setattr("tempfile.tempdir", str(program.folder))
    program.run("list").refused("a defect of benchsuite", "ZeroDivisionError", "remedy")
    (kept,) = program.folder.glob("benchsuite-*.traceback.txt")
    assert "in broken" in kept.read_text()


def test_python_m_is_the_same_program() -> None:
    from benchsuite import __version__

    done = subprocess.run([sys.executable, "-m", "benchsuite", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"benchsuite {__version__}\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MPLBACKEND", "module://matplotlib_inline.backend_inline"),
        ("MPLBACKEND", "nothing"),
        ("SOURCE_DATE_EPOCH", "x"),
    ],
)
def test_what_notebooks_and_builds_set_for_drawing_does_not_matter(
    program: Program, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    drawing = f"HEAVY = ()\n{WATCH}" + (
        "from benchsuite.paper.figures.canvas import drawing\n"
        "with drawing('one', 3, 2) as canvas: canvas.figure.subplots()\n"
        "canvas.figure.savefig('one.svg')\n"
    )
    command = [sys.executable, "-c", drawing, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=program.folder, check=False)
    assert done.returncode == 0, done.stderr


def test_no_workers_and_no_threads_are_refused(program: Program) -> None:
    for option in ("--workers", "--threads"):
        outcome = program.run("run", "squares_width", "--policy", "sample", option, "0")
        assert outcome.code == 2
        assert option in outcome.err
        assert "Invalid value for" in outcome.err
