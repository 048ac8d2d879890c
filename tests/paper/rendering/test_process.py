"""The process that sets papers: bounded, deaf and blind, and its errors arrive as they are."""

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
from benchsuite.processes import Parent
from support.paper_material import make_material

ATTEMPTS = {
    "reading": "open('/etc/passwd')",
    "reading nearby": "open('{folder}/secret')",
    "writing": "open('{folder}/new', 'w')",
    "connecting": "socket.create_connection(('127.0.0.1', 9))",
    "asking for a name": "socket.getaddrinfo('example.invalid', 80)",
    "starting a program": "subprocess.run(['true'])",
    "starting a shell": "os.system('true')",
    "removing": "os.remove('{folder}/secret')",
    "removing all": "__import__('shutil').rmtree('{folder}')",
}


def close_and_try(parent: Parent) -> None:
    """In place of `main`: try what is sent once the process is closed, and tell what became of it."""
    import os
    import socket
    import subprocess

    import weasyprint  # noqa: F401

    names = {"os": os, "socket": socket, "subprocess": subprocess}
    process._close()
    while (attempt := parent.receive()) is not None:
        try:
            exec(attempt, names)
            parent.send("done")
        except PermissionError as error:
            parent.send(f"refused {error}")


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each attempt, one after the other in one process that is started as the renderer is."""
    folder = tmp_path_factory.mktemp("apart")
    (folder / "secret").write_text("x")
    refused = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "main", close_and_try)
        with Renderer() as renderer:
            for name, attempt in ATTEMPTS.items():
                renderer._process.send(attempt.format(folder=folder))
                refused[name] = renderer._process.receive(60)
    assert (folder / "secret").exists()
    return refused


def set_apart(material: PaperMaterial, **limits: float) -> Pages:
    with Renderer() as renderer:
        return renderer.pages([pack(material)], **limits)  # type: ignore[arg-type]


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


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_once_it_has_its_libraries_it_reaches_nothing(attempt: str, refusals: dict[str, str]) -> None:
    assert refusals[attempt].startswith("refused the renderer may not")


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
        set_apart(make_material(cases=2, seeds=1), memory=2**28)


def test_photos_that_cannot_be_decoded_are_told_before() -> None:
    with pytest.raises(PaperError, match="cannot be decoded"):
        set_apart(replace(make_material(done=0), samples=(("hoja", b"no picture"),)))
