"""What is kept between builds: the same thing as made anew, and made anew whenever what it is made from changes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.errors import PaperError
from benchsuite.paper.build import NOTHING, _remembered, build_paper
from benchsuite.paper.bundle.renderer_versions import renderer
from benchsuite.paper.concurrency.memo import memoize, prefetch, use_memo
from benchsuite.paper.context.material import PaperFiles, PaperMaterial
from benchsuite.paper.document.blocks import Drawing, Facet, Series
from benchsuite.paper.rendering import process
from support.paper_material import make_material

CALLS: list[tuple[object, ...]] = []
finite = st.floats(allow_nan=False, allow_infinity=False)


@memoize
def drawn(name: str, numbers: tuple[float, ...], *, factor: str = "") -> Drawing:
    CALLS.append((name, numbers, factor))
    points = tuple((number, -number, f"{number:g} «á»") for number in numbers)
    return Drawing(f"<svg>{name}{factor}</svg>", name, (Series("s", points, Facet("c", 1)), Series("t", ())))


@given(st.text(), st.lists(finite).map(tuple))
def test_what_was_kept_is_what_was_made(name: str, numbers: tuple[float, ...]) -> None:
    with use_memo({}) as first:
        made = drawn(name, numbers)
    CALLS.clear()
    with use_memo(first.used) as second:
        assert drawn(name, numbers) == made
    assert not CALLS
    assert second.used == first.used


@pytest.mark.parametrize("change", [{"name": "b"}, {"numbers": (1.0, 2.5)}, {"factor": "f"}])
def test_whatever_changes_it_is_made_anew(change: dict[str, object]) -> None:
    same: dict[str, object] = {"name": "a", "numbers": (1.0, 2.0)}
    with use_memo({}) as first:
        drawn(**same)  # type: ignore[arg-type]
    CALLS.clear()
    with use_memo(first.used) as second:
        drawn(**(same | change))  # type: ignore[arg-type]
    assert len(CALLS) == 1
    assert not set(second.used) & set(first.used)  # and what is no longer used is not kept


def test_without_a_shelf_nothing_is_kept() -> None:
    CALLS.clear()
    drawn("a", ())
    drawn("a", ())
    assert len(CALLS) == 2


def test_what_is_made_ahead_is_there_when_it_is_asked_for_wherever_it_was_made() -> None:
    names = [f"figure {number}" for number in range(20)]
    with use_memo({}):
        prefetch([partial(drawn, name, (1.0,)) for name in names])
        CALLS.clear()
        made = [drawn(name, (1.0,)) for name in names]
    assert not CALLS
    assert made == [drawn(name, (1.0,)) for name in names]


def test_what_fails_ahead_fails_as_it_would_later() -> None:
    def fail() -> None:
        raise PaperError("no drawing")

    with use_memo({}), pytest.raises(PaperError, match="no drawing"):
        prefetch([fail] * 4)


def test_without_a_shelf_nothing_is_made_ahead() -> None:
    CALLS.clear()
    prefetch([partial(drawn, "a", ())])
    assert not CALLS


def without_a_renderer(patch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a renderer was started")

    patch.setattr(process, "Renderer", refuse)


@pytest.fixture(scope="module")
def material() -> PaperMaterial:
    return replace(make_material(cases=2, seeds=2), renderer=renderer())


@pytest.fixture(scope="module")
def built(material: PaperMaterial, tmp_path_factory: pytest.TempPathFactory) -> tuple[PaperFiles, Path]:
    folder = tmp_path_factory.mktemp("built")
    return build_paper(material, folder, memory=folder / "memory"), folder / "memory"


def test_an_unchanged_paper_is_not_built_again(
    material: PaperMaterial, built: tuple[PaperFiles, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, memory = built
    before = files.pdf.stat().st_mtime_ns
    without_a_renderer(monkeypatch)
    assert build_paper(material, files.pdf.parent, memory=memory) == files
    assert files.pdf.stat().st_mtime_ns == before


def test_a_readme_that_was_taken_away_comes_back(material: PaperMaterial, built: tuple[PaperFiles, Path]) -> None:
    files, memory = built
    readme = files.html.with_name("README.md")
    told = readme.read_bytes()
    readme.unlink()
    assert build_paper(material, files.pdf.parent, memory=memory) == files
    assert readme.read_bytes() == told


def test_a_drawing_that_was_changed_where_it_is_remembered_is_not_believed(
    built: tuple[PaperFiles, Path], tmp_path: Path
) -> None:
    (remembered,) = built[1].iterdir()
    content = remembered.read_text()
    copy = tmp_path / remembered.name
    copy.write_text(content)
    assert _remembered(copy).memo
    copy.write_text(content.replace("svg", "swg", 1))
    assert _remembered(copy) == NOTHING


@pytest.mark.slow
def test_a_paper_that_was_touched_or_changed_is_built_again_with_the_drawings_of_before(
    material: PaperMaterial, built: tuple[PaperFiles, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    files, memory = built
    original = files.pdf.read_bytes()
    files.pdf.write_bytes(original + b"\n")
    shelves: list[tuple[int, int]] = []
    pages = process.Renderer.pages

    def watched(self: process.Renderer, packed: object, kept: dict[str, str]) -> process.Pages:
        done = pages(self, packed, kept)  # type: ignore[arg-type]
        shelves.append((len(set(done.memo) & set(kept)), len(done.memo)))
        return done

    monkeypatch.setattr(process.Renderer, "pages", watched)
    build_paper(material, files.pdf.parent, memory=memory)
    assert files.pdf.read_bytes() == original
    suite = material.suite.model_copy(update={"title": "Otro título"})
    changed = replace(material, results=replace(material.results, suite=suite))
    build_paper(changed, files.pdf.parent, memory=memory)
    anew = build_paper(changed, tmp_path)
    assert files.pdf.read_bytes() == anew.pdf.read_bytes() != original
    assert files.html.read_bytes() == anew.html.read_bytes()
    (again, of), (others, of_others), (none, made) = shelves
    assert again == of
    assert of_others - others <= 1  # the letters of the web page, of which the title may need others
    assert none == 0
    assert made == of_others > 5


def test_another_renderer_keeps_nothing(
    material: PaperMaterial, built: tuple[PaperFiles, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    files, memory = built
    given: list[int] = []

    def watched(self: process.Renderer, packed: object, kept: dict[str, str]) -> process.Pages:
        given.append(len(kept))
        return process.Pages(b"html", b"pdf", {})

    monkeypatch.setattr(process.Renderer, "pages", watched)
    other = replace(material, renderer={**material.renderer, "matplotlib": "0.1"})
    build_paper(other, files.pdf.parent, memory=memory)
    assert given == [0]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"order": 1}', '{"order": "a", "more": "b"}'])
def test_a_damaged_memory_is_no_memory(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchsuite.paper.build import NOTHING, _remembered

    place = tmp_path / "memory.json"
    place.write_text(damage)
    assert _remembered(place) == NOTHING
