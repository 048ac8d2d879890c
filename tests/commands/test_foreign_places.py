"""Runs of a stranger's paper are repeated with the folder of data alone, whatever places the paper names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchsuite.commands.foreign_places import refuse_foreign_places
from benchsuite.errors import PaperError
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.suite.cases.plan import Component
from support.paper_material import make_material

PAPER = Path("stranger.pdf")


def naming(folder: str = "photos", weights: str = "none", *, sample: bool = False, **more: Any) -> PaperMaterial:
    """The material of a paper whose only case names these."""
    material = make_material(cases=1, seeds=1, sample=sample)
    own: dict[str, Any] = {"distribution": "benchsuite", "version": "0.1.0"}
    case = material.results.plan.cases[0].model_copy(
        update={
            "dataset": Component(name="image_folder", parameters={"folder": folder, **more}, **own),
            "model": Component(name="resnet", parameters={"weights": weights}, **own),
            "recipe": Component(name="train", parameters={}, **own),
        }
    )
    plan = material.results.plan.model_copy(update={"cases": (case,)})
    return replace(material, results=replace(material.results, plan=plan))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "away").symlink_to("/etc")
    return tmp_path / "data"


@pytest.mark.parametrize(
    "named",
    [
        {"folder": "/home/ana/photos"},
        {"folder": "~/photos"},
        {"folder": "../photos"},
        {"folder": "photos/../../photos"},
        {"folder": "away"},
        {"weights": "/home/ana/.ssh/key.pth"},
        {"weights": "../secret.safetensors"},
        {"weights": "~/secret.pth"},
    ],
)
def test_places_outside_the_data_are_refused(named: dict[str, str], data: Path) -> None:
    for root in (data, None):
        if root is None and named == {"folder": "away"}:
            continue
        with pytest.raises(PaperError, match="names files of this machine outside the folder of data") as caught:
            refuse_foreign_places(naming(**named), PAPER, root)
        assert next(iter(named.values())) in caught.value.what
        assert "--data" in (caught.value.remedy or "")


def test_places_below_the_data_are_taken(data: Path) -> None:
    refuse_foreign_places(naming("photos"), PAPER, data)
    refuse_foreign_places(naming("photos", "weights.pth"), PAPER, None)
    refuse_foreign_places(naming(str(data / "photos"), str(data / "a.pth")), PAPER, data)
    refuse_foreign_places(naming("/home/ana/photos", str(data / "a.pth")), PAPER, Path("/"))


def test_a_smoke_run_needs_no_photos_but_may_read_no_weights_either(data: Path) -> None:
    refuse_foreign_places(naming("/home/ana/photos", sample=True), PAPER, None)
    with pytest.raises(PaperError, match=r"weights\.pth"):
        refuse_foreign_places(naming("/home/ana/photos", "/home/ana/weights.pth", sample=True), PAPER, None)


def test_parameters_that_the_plugin_here_does_not_take_are_told(data: Path) -> None:
    with pytest.raises(PaperError, match="has parameters that the one here does not take") as caught:
        refuse_foreign_places(naming(colour="red"), PAPER, data)
    assert "version" in (caught.value.remedy or "")
