"""The repository keeps its promises: the README's commands, the packages, the lock, the suites, the words."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.M | re.S)
INLINE = re.compile(r"`((?:make|benchsuite) [^`]+)`")


def blocks(*languages: str) -> list[str]:
    return [body for language, body in FENCE.findall(README) if language in languages]


def commands() -> list[str]:
    """Every `make` and `benchsuite` command of the README, in blocks and in prose, without its environment."""
    prose = FENCE.sub("", README)
    lines = [line for body in blocks("sh", "console") for line in body.splitlines()]
    found = [re.sub(r"^(\w+=\S+ )+", "", line.strip()) for line in (*lines, *INLINE.findall(prose))]
    return list(dict.fromkeys(line for line in found if line.startswith(("make ", "benchsuite "))))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git repository")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_readme_has_commands() -> None:
    assert "make suite SUITE=beans_freeze" in commands()
    assert len(commands()) > 15


@pytest.mark.parametrize("command", [line for line in commands() if line.startswith("make ")])
def test_every_make_command_of_the_readme_exists(command: str, tmp_path: Path) -> None:
    (tmp_path / ".ready").touch()
    done = subprocess.run(
        ["make", "-n", f"VENV={tmp_path}", *shlex.split(command)[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_benchsuite_command_of_the_readme_parses(monkeypatch: pytest.MonkeyPatch) -> None:
    import typer

    from benchsuite.cli import app

    group = typer.main.get_command(app)
    for line in commands():
        words = shlex.split(line.partition(" > ")[0])[1:]
        if line.startswith("benchsuite "):
            with group.make_context("benchsuite", list(words)) as outer:
                name, command, rest = group.resolve_command(outer, words)  # type: ignore[attr-defined]
                assert command is not None, line
                if rest or line not in INLINE.findall(README):  # prose may name a command without its arguments
                    command.make_context(name, list(rest), parent=outer)


def test_every_environment_variable_of_the_readme_is_read() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "benchsuite").rglob("*.py"))
    for name in set(re.findall(r"BENCHSUITE_\w+", README)):
        assert name in source, name


def test_the_suites_of_the_readme_are_valid() -> None:
    from benchsuite.registry import registry
    from benchsuite.suite import Plan, expand, parse_suite

    def planned(text: str) -> Plan:
        return expand(parse_suite(text.encode(), "README.md", registry()), registry())

    text, claims, photos, search = blocks("yaml")
    assert len(planned(text).runs) == 6
    assert len(planned(f"{claims}{text}").runs) == 6
    # The others are lines to put into the first.
    own = planned(text.replace("dataset: {name: beans, image_size: 96}\n", photos))
    assert {case.dataset.name for case in own.cases} == {"image_folder"}
    assert planned(text.replace("size: {cases: 2, seeds: 3}\n", search)).following == 24 + 9 + 4


def test_every_suite_that_ships_is_valid() -> None:
    from benchsuite.registry import registry
    from benchsuite.suite.planning.expand import expand
    from benchsuite.suite.reader import is_report, read_suite
    from benchsuite.suite.reports import read_report

    files = sorted((ROOT / "suites").glob("*.yaml"))
    assert files
    for file in files:
        if is_report(file):
            assert read_report(file, registry()).report.name == file.stem
            continue
        suite = read_suite(file, registry())
        assert suite.name == file.stem
        assert expand(suite, registry()).runs


def test_help_explains_every_target_of_the_makefile() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert phony is not None
    targets = set(phony[1].split())
    assert targets == set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in targets:
        assert f"make {target} " in shown


@pytest.mark.parametrize("uv", ["/opt/tools/uv", ""])
def test_setup_checks_every_hash_with_uv_and_without(uv: str, tmp_path: Path) -> None:
    words = ["make", "-n", "setup", f"UV={uv}", f"VENV={tmp_path}"]
    shown = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = [line for line in shown.splitlines() if "requirements.lock" in line]
    assert len(installs) == (2 if uv else 1)
    assert all("--require-hashes" in line for line in installs)
    assert (f'"{uv}" pip install' in shown) == bool(uv)


def test_every_package_on_disk_is_packed() -> None:
    folders = {"benchsuite_plugins": "plugins", "benchsuite_suites": "suites"}
    folders |= {"benchsuite_report_templates": "report_templates", "benchsuite": "benchsuite"}
    on_disk = {
        ".".join((name, *init.parent.relative_to(ROOT / folder).parts))
        for name, folder in folders.items()
        for init in (ROOT / folder).rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == on_disk


def test_the_lock_pins_everything_with_hashes_and_names_no_index() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "index-url" not in lock
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.M | re.I)
    pinned = set()
    for entry in filter(None, (part.strip() for part in entries)):
        if entry.startswith("#"):
            continue
        match = re.match(r"([A-Za-z0-9._-]+)(\[[^]]*\])?==\S+", entry)
        assert match, entry.splitlines()[0]
        assert "--hash=sha256:" in entry, match[1]
        pinned.add(re.sub(r"[-_.]+", "-", match[1]).lower())
    extras = PROJECT["project"]["optional-dependencies"]
    assert {"benchsuite[all]", "benchsuite[docs]"} <= set(extras["dev"])
    everything = [*PROJECT["project"]["dependencies"], *(one for extra in extras.values() for one in extra)]
    for requirement in (one for one in everything if not one.startswith("benchsuite[")):
        name = re.split(r"[\[<>=~! ;]", requirement)[0]
        assert re.sub(r"[-_.]+", "-", name).lower() in pinned, name


def test_licence_and_changelog_are_there() -> None:
    assert "MIT License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "## [Unreleased]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_version_is_the_same_wherever_it_is_written() -> None:
    from benchsuite import __version__

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == __version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", changelog, re.M)
    assert released[0] == (__version__, str(citation["date-released"]))
    assert changelog.index("## [Unreleased]") < changelog.index(f"## [{__version__}]")


GUIDES = ("CONTRIBUTING.md", "RELEASING.md", "SECURITY.md", "tests/support/README.md", "docs/guide/architecture.md")
FILE = re.compile(r"`((?:benchsuite|plugins|tests|docs|suites|report_templates)/[\w./]+)`")


@pytest.mark.parametrize("name", GUIDES)
def test_the_guides_speak_of_what_is_there(name: str) -> None:
    guide = ROOT / name
    text = guide.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (guide.parent / link).exists(), link
    for path in FILE.findall(text):
        if not re.search("NAME|VERSION|KIND|X.Y.Z", path):  # stand for others
            assert (ROOT / path).exists(), path
    targets = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
    code = "\n".join((*re.findall(r"`([^`]+)`", FENCE.sub("", text)), *(body for _, body in FENCE.findall(text))))
    for words in re.findall(r"\bmake ((?:[a-z-]+ ?)+)(?![a-z=])", code):
        assert set(words.split()) <= targets, words


def test_everything_that_tests_share_is_described() -> None:
    described = re.findall(r"^\| `(\w+\.py)` \|", (ROOT / "tests" / "support" / "README.md").read_text(), re.M)
    assert sorted(described) == sorted(path.name for path in (ROOT / "tests" / "support").glob("*.py"))


def test_the_devcontainer_and_the_images_name_what_is_there() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = re.findall(r"^FROM \S+ AS (\w+)$", dockerfile, re.M)
    assert {container["build"]["target"], "cpu", "cuda"} <= set(stages)
    assert stages[-1] == "cpu", "what docker build makes without a target"
    allowed = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.M)
    assert not [name for name in allowed if not (ROOT / name).exists()]
    folders = {*PROJECT["tool"]["setuptools"]["package-dir"].values(), "benchsuite"}
    assert folders <= set(allowed), "an image is built from all packages"


def test_no_tracked_file_is_large() -> None:
    assert not [str(path) for path in tracked() if path.stat().st_size > 1_000_000]


# Written apart, so that this file does not contain them.
ELSEWHERE = tuple("".join(parts) for parts in (("iss", "ue"), ("/wo", "rk/"), ("../sha", "red"), ("py", "pi.org")))
TOLERATED = {".ci/run"}


def test_the_text_speaks_of_nothing_outside_the_repository() -> None:
    for path in tracked():
        name = str(path.relative_to(ROOT))
        if path.suffix in (".png", ".woff2", ".ttf", ".otf", ".lock") or name in TOLERATED:
            continue
        text = path.read_text(encoding="utf-8").lower()
        for word in ELSEWHERE:
            if word == ELSEWHERE[0]:
                assert not re.search(rf"\b{word}s?\b", text), f"{word} in {name}"
            else:
                assert word not in text, f"{word} in {name}"


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [line for line in commands() if re.match(r"benchsuite (list|plan|schema|cache)\b(?!.*--clear)", line)]
)
def test_the_cheap_commands_of_the_readme_run(command: str, tmp_path: Path) -> None:
    words = shlex.split(command.partition(" > ")[0])[1:]
    done = subprocess.run(
        [sys.executable, "-m", "benchsuite", *words],
        env={**os.environ, "BENCHSUITE_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
