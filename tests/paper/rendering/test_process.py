"""The process that sets papers: bounded, and its errors arrive as they are."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.rendering import process
from benchsuite.paper.rendering.process import Pages, Renderer
from benchsuite.paper.typesetting import float_placement
from benchsuite.processes import Parent
from support.paper_material import make_material


def set_apart(material: PaperMaterial, **limits: float) -> Pages:
    with Renderer(**limits) as renderer:
        return renderer.pages([pack(material)])  # type: ignore[arg-type]


@pytest.mark.slow
def test_it_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert set_apart(make_material(cases=2, seeds=1)).pdf.startswith(b"%PDF-")
    assert not list(tmp_path.iterdir())


def test_a_renderer_that_was_not_needed_ends() -> None:
    with Renderer() as renderer:
        process = renderer._process
    assert not process.alive
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


@pytest.mark.slow
def test_one_that_has_tried_the_words_sets_the_same_bytes() -> None:
    material = make_material(cases=2, seeds=1)
    with Renderer() as renderer:
        renderer.try_words(pack(make_material(cases=2, seeds=1, done=0)))
        assert renderer.alive
        tried = renderer.pages([pack(material)])
    fresh = set_apart(material)
    assert (tried.html, tried.pdf) == (fresh.html, fresh.pdf)
    assert tried.memo.items() >= fresh.memo.items()


def set_without_content(parent: Parent) -> None:
    """Set papers with a search that nothing contents, so that it goes through all of its rounds."""
    float_placement._Search.flawless = lambda *_: False  # type: ignore[method-assign,assignment]
    process.main(parent)


@pytest.mark.slow
def test_a_paper_that_no_arrangement_suits_is_set_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "main", set_without_content)
    assert set_apart(make_material()).pdf.startswith(b"%PDF-")


def test_an_error_of_the_prose_arrives_as_it_is() -> None:
    material = make_material({"abstract": "Como se sabe [[nadie]]."}, cases=2, seeds=1, done=0)
    with pytest.raises(PaperError, match=r"cites \[\[nadie\]\]") as raised:
        set_apart(material)
    assert raised.value.remedy is not None


def test_a_paper_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(PaperError, match="is not finished after"):
        set_apart(make_material(cases=2, seeds=1), seconds=0.3)


def test_a_paper_that_takes_too_much_memory_is_given_up() -> None:
    with pytest.raises(PaperError, match=r"memory|the process that sets the paper ended with"):
        set_apart(make_material(cases=2, seeds=1), memory=2**24)


def test_photos_that_cannot_be_decoded_are_told_before() -> None:
    with pytest.raises(PaperError, match="cannot be decoded"):
        set_apart(replace(make_material(done=0), samples=(("hoja", b"no picture"),)))
