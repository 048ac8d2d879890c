"""What the pages say holds: suites are valid, code runs, commands parse, and nothing of the program is left out."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import benchsuite.api
from benchsuite import hookspecs
from benchsuite.cli import app
from benchsuite.registry import Registry, discover
from benchsuite.suite import expand, parse_suite, read_report
from support.pages import DOCS, ROOT, Block, blocks, pages, reports, suites, write

BLOCKS = [block for page in pages() for block in blocks(page)]
SOURCE = ast.parse(Path(hookspecs.__file__).read_text(encoding="utf-8"))
HOOKS = {
    node.name: f"{node.name}({ast.unparse(node.args)}) -> {ast.unparse(node.returns)}"
    for node in SOURCE.body
    if isinstance(node, ast.FunctionDef) and node.returns is not None
}


def of(*languages: str, captioned: bool | None = None) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages and captioned in (None, block.caption is not None)]


def place(block: Block) -> str:
    return block.place


def known(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """What is there for a reader of a page who has written all its Python files."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    files = [write(block, folder) for block in blocks(page) if block.language == "python" and block.caption]
    plugins = [file for file in files if re.search(r"^\s+name = ", file.read_text(), re.M)]
    return discover(local=plugins)


def test_every_fence_is_read_as_a_block() -> None:
    for page in pages():
        fences = re.findall(r"^```(?:\{code-block\} )?\w+$", page.read_text(encoding="utf-8"), re.M)
        assert len(fences) == len(list(blocks(page))), page


def test_blocks_are_of_languages_that_are_run() -> None:
    assert {block.language for block in BLOCKS} <= {"python", "yaml", "console", "toml"}


def test_only_what_needs_the_system_or_the_network_is_not_run() -> None:
    left_out = [block for block in BLOCKS if block.reason]
    assert {block.page for block in left_out} == {"docs/installation.md"}
    assert {block.reason for block in left_out} == {"it changes the system", "it needs the network"}


@pytest.mark.parametrize(
    "page", [page for page in pages() if list(suites(page))], ids=lambda page: page.relative_to(DOCS).as_posix()
)
def test_every_suite_is_valid(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = known(page, tmp_path, monkeypatch)
    assert not registry.quarantined
    for block, text in suites(page):
        assert expand(parse_suite(text.encode(), block.place, registry), registry).runs, block.place


@pytest.mark.parametrize("page", [page for page in pages() if list(reports(page))], ids=lambda page: page.stem)
def test_every_report_is_valid(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    registry = known(page, tmp_path, monkeypatch)
    for block in blocks(page):
        if block.language == "yaml" and block.caption:
            write(block, tmp_path)
    for block in reports(page):
        assert read_report(write(block, tmp_path), registry).files, block.place


@pytest.mark.parametrize("block", of("python", captioned=False), ids=place)
def test_every_piece_of_python_runs(block: Block, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", block.body], cwd=tmp_path, check=True)


@pytest.mark.parametrize("block", of("python", captioned=True), ids=place)
def test_every_python_file_is_whole(block: Block) -> None:
    compile(block.body, block.place, "exec")


@pytest.mark.parametrize(
    "block", [block for block in of("python", captioned=True) if "@hookimpl" in block.body], ids=place
)
def test_every_plugin_with_hooks_is_taken(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "suites").mkdir()
    registry = discover([], local=[write(block, tmp_path)])
    assert not registry.quarantined
    assert registry.components or registry.observers or registry.suite_folders


@pytest.mark.parametrize("block", of("toml"), ids=place)
def test_every_piece_of_toml_can_be_read(block: Block) -> None:
    assert tomllib.loads(block.body)


def commands() -> list[tuple[str, str]]:
    """Every benchsuite command of the pages, in blocks and in prose."""
    found = [(block.place, command) for block in of("console") for command, _ in block.commands]
    for page in pages():
        text = page.read_text(encoding="utf-8")
        found += [(page.name, command) for command in re.findall(r"`(benchsuite [a-z][^`\n]*)`", text)]
    return [(where, command) for where, command in found if command.startswith("benchsuite ")]


def test_every_command_parses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    (tmp_path / "tiny.py").touch()  # --plugins looks whether it is there
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCHSUITE_PLUGINS", "")

    group = typer.main.get_command(app)
    for where, line in commands():
        words = shlex.split(re.split(r" (?:>|\|\|) ", line)[0])[1:]
        if words[0].startswith("-"):
            continue
        name, command, rest = group.resolve_command(group.make_context("benchsuite", list(words)), words)  # type: ignore[attr-defined]
        assert command is not None, f"{where}: {line}"
        if rest:  # prose may name a command without its arguments
            command.make_context(name, list(rest))


def text_of_all_pages() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in pages())


def test_every_hook_is_documented_with_its_exact_signature() -> None:
    page = (DOCS / "reference" / "hooks.md").read_text(encoding="utf-8")
    documented = re.findall(r"^```\{py:function\} (.*)$", page, re.M)
    assert HOOKS
    assert sorted(documented) == sorted(HOOKS.values())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_example(hook: str) -> None:
    implemented = [block for block in of("python") if f"def {hook}(" in block.body]
    kinds = (
        "benchsuite_datasets",
        "benchsuite_models",
        "benchsuite_metrics",
        "benchsuite_figures",
        "benchsuite_executors",
    )  # made like benchsuite_recipes, which stands beside them
    assert implemented or hook in kinds


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_test(hook: str) -> None:
    tests = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    assert any(re.search(rf"^def test_{hook}_", text, re.M) for text in tests)


def test_every_name_that_plugins_may_import_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\.\. auto\w+:: benchsuite\.api\.(\w+)$", page, re.M)
    assert sorted(documented) == sorted(benchsuite.api.__all__)


def test_every_command_of_the_program_is_told_of() -> None:
    import typer

    text = text_of_all_pages()
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert f"benchsuite {name}" in text, name
    assert "```{commands}" in text


def test_every_environment_variable_is_documented_and_none_that_is_not_read() -> None:
    files = [path for folder in ("benchsuite", "plugins") for path in (ROOT / folder).rglob("*.py")]
    read = {name for path in files for name in re.findall(r"BENCHSUITE_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    page = (DOCS / "reference" / "environment.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(BENCHSUITE_\w+)`", page, re.M)) == read


@pytest.mark.slow
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "--fail-on-warning",
            "--keep-going",
            "--quiet",
            "docs",
            str(tmp_path / "html"),
        ],
        cwd=ROOT,
        env={**os.environ, "BENCHSUITE_PLUGINS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "html" / "reference").glob("*.html")}
    for kind in ("dataset", "model", "recipe", "executor"):
        for entries in discover().entries(kind).values():  # type: ignore[arg-type]
            for entry in entries:
                if entry.distribution == "benchsuite":
                    assert f"<h2>{entry.name}<" in shown[f"{kind}s"]
                    for name in entry.component.Parameters.model_fields:
                        assert re.search(rf">{name}[.<]", shown[f"{kind}s"]), f"{entry.name}: {name}"
    assert "benchsuite check-plugin" in shown["commands"]
