"""The example notebooks: kept without outputs, linked, and executed from the first cell to the last."""

from __future__ import annotations

from pathlib import Path

import nbclient
import nbformat
import pytest

from support.pages import DOCS

NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.ipynb"))
MOST = 6000
"""Characters that a cell may show as text."""


def name(path: Path) -> str:
    return path.name


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_kept_valid_and_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.metadata
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_is_linked_from_the_index_and_from_a_page(path: Path) -> None:
    assert f"notebooks/{path.name}" in (DOCS / "index.md").read_text(encoding="utf-8")
    assert f"notebooks/{path.name}" in (DOCS / "guide" / "notebooks.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_a_notebook_runs_from_the_first_cell_to_the_last(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("BENCHSUITE_DATA", "BENCHSUITE_RESULTS", "BENCHSUITE_PLUGINS", "MPLBACKEND"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "home"
    folder.mkdir()
    notebook = nbformat.read(path, as_version=4)
    options = {"timeout": 300, "resources": {"metadata": {"path": str(folder)}}}
    nbclient.NotebookClient(notebook, kernel_name="python3", **options).execute()
    cells = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    for source, outputs in cells.items():
        text = "".join(output.get("text", "") for output in outputs)
        assert len(text) < MOST, source
        assert "\x1b" not in text, source
        assert "stderr" not in {output.get("name") for output in outputs}, f"{source}\n{text}"
    shown = [output.data for outputs in cells.values() for output in outputs if "data" in output]
    pages = "".join(data.get("text/html", "") for data in shown)
    for part in ("<iframe srcdoc=", "4 runs done", "La red más ancha acierta más", "test_accuracy"):
        assert part in pages, part
    assert [data for data in shown if "image/png" in data], "the curves are drawn in the notebook"
    assert (folder / "results" / "first@sample" / "paper.pdf").is_file()
