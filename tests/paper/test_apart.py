"""The process that sets papers: bounded, deaf and blind, and its errors arrive as they are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.apart import render_apart
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
}
CLOSED = """
import os, socket, subprocess, sys
import weasyprint
from benchsuite.paper.apart import _close
_close()
for attempt in sys.argv[1:]:
    try:
        exec(attempt)
        print("done")
    except PermissionError as error:
        print("refused", error)
"""


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each attempt, one after the other in one process."""
    folder = tmp_path_factory.mktemp("apart")
    (folder / "secret").write_text("x")
    attempts = [attempt.format(folder=folder) for attempt in ATTEMPTS.values()]
    done = subprocess.run([sys.executable, "-c", CLOSED, *attempts], capture_output=True, text=True, check=True)
    assert (folder / "secret").exists()
    return dict(zip(ATTEMPTS, done.stdout.splitlines(), strict=True))


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_once_it_has_its_libraries_it_reaches_nothing(attempt: str, refusals: dict[str, str]) -> None:
    assert refusals[attempt].startswith("refused the renderer may not")


def test_an_error_of_the_prose_arrives_as_it_is() -> None:
    material = make_material({"abstract": "Como se sabe [[nadie]]."}, cases=2, seeds=1, done=0)
    with pytest.raises(PaperError, match=r"cites \[\[nadie\]\]") as raised:
        render_apart(material)
    assert raised.value.remedy is not None


def test_a_paper_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(PaperError, match="is not finished after"):
        render_apart(make_material(cases=2, seeds=1), seconds=0.3)


def test_a_paper_that_takes_too_much_memory_is_given_up() -> None:
    with pytest.raises(PaperError, match=r"memory|the process that sets the paper ended with"):
        render_apart(make_material(cases=2, seeds=1), memory=2**28)


def test_photos_that_cannot_be_decoded_are_told_before() -> None:
    with pytest.raises(PaperError, match="cannot be decoded"):
        render_apart(replace(make_material(done=0), samples=(("hoja", b"no picture"),)))
