"""Whatever a file is that somebody calls a paper, reading it ends soon, takes little, and is told in one sentence."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from benchsuite.errors import BenchsuiteError, PaperError
from benchsuite.paper.bundle import reader as reading
from benchsuite.paper.bundle.attachments import pack
from benchsuite.paper.bundle.reader import Carried, PaperReader
from benchsuite.paper.context.material import PaperMaterial
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.pdf import render_pdf
from benchsuite.paper.sections.compose import compose
from benchsuite.processes import Parent
from support.hostile_papers import FILES_THAT_HURT, RESULTS_THAT_CANNOT_BE, many_words, with_results
from support.paper_material import make_material

ANSWERS = ("no results are attached", "the attached results have format")
HOSTILE = "this paper is damaged or hostile: "
BUILT_OTHERWISE = {
    "a loss near the largest number", "huge losses in all epochs", "no keys", "no records",
    "a confusion of another size", "titles that are none",
}  # fmt: skip
"""What can be read: its faults are told, or the paper that is built again says other things."""


@cache
def material() -> PaperMaterial:
    return make_material(cases=2, seeds=1)


@cache
def honest() -> bytes:
    document = compose(material())
    return render_pdf(document, number(document))


def read(paper: bytes) -> Carried:
    """As the process reads it, but here."""
    return reading._guarded(reading._carried, paper)


def file_of(folder: Path, content: bytes) -> Path:
    path = folder / "paper.pdf"
    path.write_bytes(content)
    return path


def refused(paper: Path) -> str:
    with PaperReader(paper) as reader, pytest.raises(PaperError) as caught:
        reader.read()
    assert caught.value.remedy
    assert caught.value.where == str(paper)
    return caught.value.what


def test_what_an_honest_paper_carries_comes_back_whole(tmp_path: Path) -> None:
    with PaperReader(file_of(tmp_path, honest())) as reader:
        found, faults = reader.read()
        assert pack(found) == pack(material())
        assert faults == ()
        assert reader.compare(honest()) == reading.Differences((), ())
        other = compose(make_material(cases=2, seeds=1, done=1))
        told = reader.compare(render_pdf(other, number(other)))
    assert told.words
    assert told.drawings


@pytest.mark.parametrize("name", RESULTS_THAT_CANNOT_BE)
def test_results_that_cannot_be_are_told(name: str) -> None:
    paper = with_results(honest(), RESULTS_THAT_CANNOT_BE[name])
    if name in BUILT_OTHERWISE:
        read(paper)
        return
    with pytest.raises(PaperError) as caught:
        read(paper)
    assert caught.value.what.startswith(HOSTILE)
    assert "NameError" not in caught.value.what
    assert caught.value.remedy


@pytest.mark.parametrize("name", FILES_THAT_HURT)
def test_files_that_hurt_do_not(name: str, tmp_path: Path) -> None:
    paper = file_of(tmp_path, FILES_THAT_HURT[name](honest()))
    if name in ("many words", "a page of nested forms"):
        with PaperReader(paper) as reader:
            reader.read()
            reader._seconds = reader.work() + 0.2
            with pytest.raises(PaperError, match=f"{HOSTILE}reading it takes more than"):
                reader.compare(honest())
        return
    assert refused(paper).startswith("no results are attached" if name == "without attachments" else HOSTILE)


def take_memory(parent: Parent) -> None:
    """In place of `main`: what a file may make the libraries do."""
    reading.limit_memory(2**28)
    parent.receive()
    reading.answer(parent, lambda: reading._guarded(lambda: bytes(2**30), memory=2**30))


def leave(parent: Parent) -> None:
    parent.receive()
    raise SystemExit(3)


def hang(parent: Parent) -> None:
    parent.receive()
    while True:
        pass


@pytest.mark.parametrize(
    ("instead", "told"),
    [(take_memory, "takes more than 1 GiB of memory"), (leave, "exit code 3"), (hang, "takes more than 1 s")],
)
def test_its_limits_are_told(instead: object, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "main", instead)
    monkeypatch.setattr(reading, "allowed", lambda size: (1.0 if instead is hang else 60.0, 2**30))
    what = refused(file_of(tmp_path, honest()))
    assert what.startswith(HOSTILE)
    assert told in what


def test_all_that_is_asked_shares_one_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with PaperReader(file_of(tmp_path, honest())) as reader:
        reader.read()
        reader._seconds = reader.work()
        with pytest.raises(PaperError, match="reading it takes more than"):
            reader.compare(honest())


@pytest.mark.parametrize("name", ["absent.pdf", "", "a\0b", "x" * 5000])
def test_what_is_no_file_is_told_with_what_to_do(name: str, tmp_path: Path) -> None:
    with pytest.raises(PaperError) as caught:
        PaperReader(tmp_path / name)
    assert caught.value.remedy
    assert caught.value.expected


def test_nothing_is_remarked_of_each_object_of_a_damaged_paper(caplog: pytest.LogCaptureFixture) -> None:
    damaged = b"not at its beginning: " + honest()
    logging.getLogger("pypdf").setLevel(logging.NOTSET)
    len(PdfReader(io.BytesIO(damaged)).pages)
    assert caplog.records, "pypdf has something to remark"
    caplog.clear()
    told(lambda: read(damaged))
    assert caplog.records == []


unshrunk = settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])
damages = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=20)
cuts = st.tuples(st.floats(0, 1), st.floats(0, 1))


def told(work: Callable[[], object]) -> str:
    """What is said of a paper that cannot be read; nothing of one that can."""
    try:
        work()
    except BenchsuiteError as error:
        return error.what if error.remedy else f"without a remedy: {error.what}"
    return ""


@pytest.mark.slow
@given(damages, st.none() | cuts)
@unshrunk
def test_damaged_bytes_are_read_or_refused(changes: list[tuple[float, int]], cut: tuple[float, float] | None) -> None:
    paper = bytearray(honest())
    for place, value in changes:
        paper[int(place * (len(paper) - 1))] = value
    if cut is not None:
        start, end = (int(place * len(paper)) for place in sorted(cut))
        del paper[start:end]
    said = (
        told(lambda: read(bytes(paper))),
        told(lambda: reading._guarded(reading._differences, bytes(paper), honest())),
    )
    assert all(not one or one.startswith((HOSTILE, *ANSWERS)) for one in said), said


@pytest.mark.slow
@given(st.data())
@unshrunk
def test_damaged_results_are_read_or_refused(data: st.DataObject) -> None:
    content = results()
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content = content[:place] + data.draw(st.binary(max_size=6)) + content[place + data.draw(st.integers(0, 9)) :]
    said = told(lambda: read(with_results(honest(), content)))
    assert not said or said.startswith((HOSTILE, *ANSWERS)), said


@cache
def results() -> bytes:
    return PdfReader(io.BytesIO(honest())).attachments["results.json"][0]


def test_many_words_are_many() -> None:
    assert len(PdfReader(io.BytesIO(many_words(honest()))).pages) > 30
