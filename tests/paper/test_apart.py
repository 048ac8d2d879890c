"""The process that sets papers: bounded, deaf and blind, and its errors arrive as they are."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchsuite.errors import PaperError
from benchsuite.paper.apart import render_apart
from support.paper_material import make_material

CLOSED = """
import socket, subprocess, sys
import weasyprint
from benchsuite.paper.apart import _close
_close()
try:
    {attempt}
except PermissionError as error:
    print("refused", error)
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd')",
        "open('{folder}/secret')",
        "open('{folder}/new', 'w')",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('example.invalid', 80)",
        "subprocess.run(['true'])",
        "__import__('os').system('true')",
        "__import__('os').remove('{folder}/secret')",
    ],
)
def test_once_it_has_its_libraries_it_reaches_nothing(attempt: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    code = CLOSED.format(attempt=attempt.format(folder=tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("refused"), done.stderr
    assert (tmp_path / "secret").exists()


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
