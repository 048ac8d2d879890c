"""What `benchsuite list` remembers of suites: it is what reading them would give, whatever was edited."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import benchsuite
from benchsuite.commands import suite_rows
from benchsuite.registry import OURS, registry
from support.program import Program

SUITE = """\
name: little
title: Un estudio pequeño
size: {cases: 2, seeds: 3}
dataset: {name: fake}
model: {name: mlp, hidden: [4]}
recipe: {name: train}
vary: {recipe.max_epochs: [1, 2]}
seeds: 3
paper: {abstract: "Como en [[one]].", bibliography: references.bib}
"""
BIBTEX = "@book{one, author = {A. Author}, title = {Title}, publisher = {House}, year = {2001}}\n"
REPORT = """\
kind: report
name: all
title: Un informe
studies: [little]
paper: {abstract: "Uno.", sections: [{title: Conclusiones, id: conclusions, text: "Nada."}]}
"""
ROW = {"name": "little", "cases": 2, "runs": 6, "title": "Un estudio pequeño"}


def settle(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make this the current folder, with a cache and the one suite; the folder of the suite and its bibliography."""
    patch.setenv("BENCHSUITE_CACHE", str(folder / "cache"))
    patch.setenv("BENCHSUITE_PLUGINS", "")
    patch.chdir(folder)
    patch.setattr(suite_rows, "suite_files", lambda _: {"little": (Path("suites/little.yaml"),)})
    suites = folder / "suites"
    suites.mkdir()
    (suites / "little.yaml").write_text(SUITE, encoding="utf-8")
    (suites / "references.bib").write_text(BIBTEX, encoding="utf-8")
    return suites


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return settle(tmp_path, monkeypatch)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the suites that are read from here on."""
    names: list[str] = []
    row = suite_rows._row

    def noted(name: str, *rest: object) -> object:
        names.append(name)
        return row(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(suite_rows, "_row", noted)
    return names


def rows() -> dict[str, object]:
    return {row["name"]: row for row in suite_rows.suite_rows(registry())}


@pytest.mark.usefixtures("folder")
def test_a_suite_is_read_once(read: list[str]) -> None:
    assert rows()["little"] == ROW
    assert "little" in read
    read.clear()
    assert rows()["little"] == ROW
    assert read == []


def test_a_report_is_read_again_when_one_of_its_studies_was_edited(
    folder: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "all.yaml").write_text(REPORT, encoding="utf-8")
    files = {name: (Path(f"suites/{name}.yaml"),) for name in ("little", "all")}
    monkeypatch.setattr(suite_rows, "suite_files", lambda _: files)
    assert rows()["all"] == {"name": "all", "cases": 0, "runs": 0, "title": "Un informe (a report on little)"}
    read.clear()
    assert rows()["all"]
    assert read == []
    (folder / "little.yaml").write_text(SUITE.replace("name: little", "name: large"), encoding="utf-8")
    assert "INVALID" in str(rows()["all"])


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file of the two with a piece of it replaced, the whole or nothing of it included."""
    name, text = draw(st.sampled_from([("little.yaml", SUITE), ("references.bib", BIBTEX)]))
    content = text.encode()
    first = draw(st.integers(0, len(content)))
    last = draw(st.integers(first, min(len(content), first + 8)))
    piece = draw(st.binary(max_size=3) | st.sampled_from([b"9", b" ", b"\n", b"a"]))
    return name, content[:first] + piece + content[last:]


@given(edit=edits())
@settings(max_examples=12)
def test_whatever_is_edited_is_seen(edit: tuple[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    name, content = edit
    with pytest.MonkeyPatch.context() as patch:
        file = settle(tmp_path_factory.mktemp("edited"), patch) / name
        assert rows()["little"] == ROW
        kept = file.stat()
        file.write_bytes(content)
        os.utime(file, ns=(kept.st_atime_ns, kept.st_mtime_ns))  # as some tools leave it
        remembering = rows()
        patch.setenv("BENCHSUITE_CACHE", "another")
        assert rows() == remembering


def test_what_is_wrong_is_told_each_time(folder: Path, read: list[str]) -> None:
    (folder / "little.yaml").write_text(SUITE.replace("cases: 2", "cases: 3"), encoding="utf-8")
    for _ in range(2):
        assert "INVALID: " in str(rows()["little"])
    assert read.count("little") == 2
    (folder / "little.yaml").write_text(SUITE, encoding="utf-8")
    assert rows()["little"] == ROW
    (folder / "references.bib").unlink()
    assert "INVALID: " in str(rows()["little"])


def test_a_suite_that_is_edited_while_it_is_read_is_not_remembered(
    folder: Path, monkeypatch: pytest.MonkeyPatch, read: list[str]
) -> None:
    noted, text = suite_rows._row, SUITE.replace("Un estudio", "Otro")

    def meanwhile(name: str, *rest: object) -> object:
        found = noted(name, *rest)  # type: ignore[arg-type]
        (folder / "little.yaml").write_text(text, encoding="utf-8")
        return found

    monkeypatch.setattr(suite_rows, "_row", meanwhile)
    rows()
    read.clear()
    rows()
    assert "little" in read


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package in the place of benchsuite's own."""
    package = tmp_path / "package"
    (package / "inner").mkdir(parents=True)
    (package / "inner" / "one.py").write_text("1\n")
    monkeypatch.setattr(suite_rows, "benchsuite", SimpleNamespace(__file__=str(package / "__init__.py")))
    yield package
    assert Path(benchsuite.__file__).parent != package


@pytest.mark.usefixtures("folder")
def test_a_change_of_the_program_is_seen(sources: Path, read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows()
    read.clear()
    rows()
    assert "little" in read, "it changed just now, and may change again within a tick of the clock"
    monkeypatch.setattr("benchsuite.file_stamps.SETTLED_NS", 0)
    rows()
    read.clear()
    rows()
    assert read == []
    (sources / "inner" / "one.py").write_text("10\n")
    rows()
    assert "little" in read
    read.clear()
    (sources / "two.toml").write_text("")
    rows()
    assert "little" in read


@pytest.mark.usefixtures("folder")
def test_another_version_of_a_library_is_seen(read: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows()
    read.clear()
    version = suite_rows.metadata.version
    monkeypatch.setattr(suite_rows.metadata, "version", lambda name: version(name) + "9" * (name == "PyYAML"))
    rows()
    assert "little" in read


def test_suites_with_components_of_others_are_read_each_time(program: Program, read: list[str]) -> None:
    """What such code looks at, a file or the day of the week, is not known."""
    program.suite(SUITE.replace(", bibliography: references.bib", "").replace("Como en [[one]].", ""), "little")
    program.suite("name: x\nplugins: [own.py]\n" + SUITE.partition("\n")[2].replace("[[one]]", ""), "with_own")
    assert any(entry.distribution != OURS for entry in registry().components)
    program.run("list", "suites")
    read.clear()
    listed = program.run("list", "suites")
    assert {"squares_width", "with_own"} <= set(read)
    assert "little" not in read
    assert "squares_width" in listed.out
    assert "little" in listed.out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"little": 3}', b'{"little": [[1, 2, 3], "x"]}'])
def test_a_damaged_memory_costs_time_only(damage: bytes, tmp_path: Path) -> None:
    rows()
    (memory,) = (tmp_path / "cache" / suite_rows.PLACE).glob("*.json")
    memory.write_bytes(damage)
    assert rows()["little"] == ROW


@pytest.mark.usefixtures("folder")
def test_a_cache_that_cannot_be_written_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "file"))
    assert rows()["little"] == ROW
