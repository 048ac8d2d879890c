"""What shells are offered, by the very protocol by which bash, zsh and fish ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.plugins import SUITE
from support.program import Program

SHELLS = ("bash", "zsh", "fish")
PROGRAM = "import sys; sys.argv[0] = 'benchsuite'; from benchsuite.cli import main; main()"
"""As it is installed: shells ask it by its name."""


def asked(shell: str, words: list[str], incomplete: str) -> dict[str, str]:
    """The environment by which a shell asks what may stand for `incomplete` after `words`."""
    line = ["benchsuite", *words]
    if shell == "bash":
        return {
            "_BENCHSUITE_COMPLETE": "complete_bash",
            "COMP_WORDS": "\n".join([*line, incomplete]),
            "COMP_CWORD": str(len(line)),
        }
    return {
        "_BENCHSUITE_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": " ".join([*line, incomplete]),
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }


def offered(program: Program, shell: str, words: list[str], incomplete: str = "") -> list[str]:
    """What the program offers a shell, without the words that explain it; it must say nothing else."""
    return answers(program, shell, asked(shell, words, incomplete))


def answers(program: Program, shell: str, environment: dict[str, str]) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(program.plugins), **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    if shell == "zsh":
        return [line.split('"')[1] for line in done.stdout.splitlines() if '"' in line]
    return [line.partition("\t")[0] for line in done.stdout.splitlines() if line]


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_a_line_is_completed_word_by_word(program: Program, shell: str) -> None:
    def found(*words: str, typed: str = "") -> list[str]:
        return offered(program, shell, [*words], typed)

    assert "gc" in found(typed="g")
    assert found(typed="check") == ["check", "check-plugin"]
    assert found("run", typed="squ") == ["squares_width"]
    assert found("run", "squares_width", "--case", typed="w") == ["width=2", "width=4"]
    assert found("show", typed="squares_width/") == ["squares_width/width=2", "squares_width/width=4"]
    for command in ("predict", "export", "why"):
        assert found(command, typed="squ") == ["squares_width"]
    assert found("verify", typed="squ") == ["squares_width"]
    parameters = found("run", "squares_width", "--set", typed="recipe.max")
    assert parameters == ["recipe.max_epochs="]
    assert "dask" in found("run", "squares_width", "--executor", typed="d")
    assert "address=" in found("run", "squares_width", "--executor", "dask", "--executor-option", typed="a")
    assert "squares" in found("inspect", "data", typed="squ")


@pytest.mark.slow
def test_values_are_offered_where_they_are_listed_and_the_one_there_is_elsewhere(program: Program) -> None:
    line = ["run", "squares_width", "--set"]
    precisions = offered(program, "fish", line, "recipe.precision=")
    assert {"recipe.precision=auto", "recipe.precision=fp32"} <= set(precisions)
    assert offered(program, "fish", line, "recipe.batch_size=") == ["recipe.batch_size=4"]
    assert "model.width=" not in offered(program, "fish", line, "model."), "the suite varies it"
    assert "model.fault=" in offered(program, "fish", line, "model.")


@pytest.mark.slow
def test_bash_which_takes_assignments_apart_is_offered_their_values(program: Program) -> None:
    apart = ["benchsuite", "run", "squares_width", "--set", "recipe.precision", "=", "fp"]
    environment = {
        "_BENCHSUITE_COMPLETE": "complete_bash",
        "COMP_WORDS": "\n".join(apart),
        "COMP_CWORD": str(len(apart) - 1),
    }
    found = answers(program, "bash", environment)
    assert "fp32" in found
    assert all(one.startswith("fp") for one in found), "bash puts them after the sign"
    run = ["benchsuite", "show", "squares_width/width", "=", ""]
    found = answers(program, "bash", environment | {"COMP_WORDS": "\n".join(run), "COMP_CWORD": "4"})
    assert found == ["2", "4"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not here")
def test_bash_itself_takes_what_is_offered(program: Program) -> None:
    """By the function that `--install-completion` gives it."""
    script = """
        source <(_BENCHSUITE_COMPLETE=source_bash benchsuite)
        ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _benchsuite_completion benchsuite
                printf '%s\\n' "${COMPREPLY[@]}"; echo --; }
        ask benchsuite run squ
        ask benchsuite run squares_width --set recipe.precision = fp3
        ask benchsuite show squares_width/width = 4/
    """
    programs = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PYTHONPATH": str(program.plugins), "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "squares_width\n--\nfp32\n--\n4/0\n4/1\n--\n"


@pytest.mark.slow
def test_runs_are_completed_to_their_seeds(program: Program) -> None:
    runs = [f"squares_width/width=2/{seed}" for seed in (0, 1)]
    assert offered(program, "fish", ["show"], "squares_width/width=2/") == runs


@pytest.mark.slow
@pytest.mark.parametrize("shell", SHELLS)
def test_nothing_is_said_of_what_is_broken(program: Program, shell: str) -> None:
    program.suite("name: [", "broken")
    program.suite(SUITE.replace("speck", "spek"), "odd")
    program.install("bad-plugin", "raise RuntimeError('no')")
    (program.folder / "suites" / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert "squares_width" in offered(program, shell, ["run"], "squ")
    for suite in ("broken", "odd", "bytes", "absent"):
        assert offered(program, shell, ["show"], f"{suite}/") in ([], ["_files"])
        assert offered(program, shell, ["run", suite, "--set"], "recipe.") in ([], ["_files"])
        assert offered(program, shell, ["run", suite, "--case"], "") in ([], ["_files"])


@pytest.mark.slow
def test_completion_imports_no_torch(program: Program, tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        "def look():\n"
        "    heavy = {'torch', 'numpy', 'pandas', 'scipy', 'weasyprint', 'matplotlib'} & set(sys.modules)\n"
        f"    open({str(tmp_path / 'heavy')!r}, 'w').write(' '.join(sorted(heavy)))\n"
        "atexit.register(look)\n"
        "from benchsuite.cli import main; sys.argv[0] = 'benchsuite'; main()"
    )
    for line, typed in ((["run", "squares_width", "--set"], "recipe.precision="), (["show"], "squares_width/")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": str(program.plugins), **asked("fish", line, typed)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.stdout, done.stderr
        assert "torch" not in (tmp_path / "heavy").read_text().split()


def test_assignments_are_joined_where_the_cursor_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from benchsuite.commands.completion import join_assignments

    monkeypatch.setenv("_BENCHSUITE_COMPLETE", "complete_bash")
    for words, place, joined, at in (
        (["b", "run", "--set", "a", "=", "1"], 5, "b run --set a=1", 3),
        (["b", "run", "--set", "a", "="], 4, "b run --set a=", 3),
        (["b", "run", "--set", "a", "=", "1", "--s"], 6, "b run --set a=1 --s", 4),
        (["b", "run", "--set", "a", "=", "1", ""], 6, "b run --set a=1 ''", 4),
        (["b", "run", "x"], 2, "b\nrun\nx", 2),
    ):
        monkeypatch.setenv("COMP_WORDS", "\n".join(words))
        monkeypatch.setenv("COMP_CWORD", str(place))
        join_assignments()
        assert (os.environ["COMP_WORDS"], os.environ["COMP_CWORD"]) == (joined, str(at))
