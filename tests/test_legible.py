"""Names that are no UTF-8, and characters that a terminal lacks, are written as escapes, wherever they are written."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.atomic_files import check_name, write_text
from benchsuite.commands.console import print_json
from benchsuite.errors import StoreError
from benchsuite.legible import legible, let_streams_escape

LATIN = os.fsdecode(b"ma\xedz")
ANY = st.text(st.characters(codec=None, categories=None))


def test_a_strange_byte_is_written_as_its_escape() -> None:
    assert legible(LATIN) == "ma\\xedz"
    assert legible({"where": [LATIN, 3], "what": (LATIN, None)}) == {
        "where": ["ma\\xedz", 3],
        "what": ("ma\\xedz", None),
    }


@given(ANY)
def test_what_is_legible_can_be_written_and_what_was_it_already_stays(text: str) -> None:
    written = legible(text)
    assert written.encode().decode() == written
    try:
        text.encode()
    except UnicodeEncodeError:
        assert written != text
    else:
        assert written == text


def test_files_take_such_names(tmp_path: Path) -> None:
    write_text(tmp_path / "log.txt", f"class {LATIN}, ¡hola!")
    assert (tmp_path / "log.txt").read_text(encoding="utf-8") == "class ma\\xedz, ¡hola!"


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1", "cp1252"])
def test_streams_take_such_names_in_any_encoding(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding))
    let_streams_escape()
    print(f"{LATIN} ✓ …")
    print_json({"class": LATIN, "sign": "✓"})
    sys.stdout.flush()
    line, _, document = written.getvalue().decode(encoding).partition("\n")
    assert line.startswith("ma\\xedz ")
    assert json.loads(document) == {"class": LATIN, "sign": "✓"}


def test_a_folder_that_libraries_could_not_write_in_is_refused_with_a_remedy(tmp_path: Path) -> None:
    check_name(tmp_path)
    with pytest.raises(StoreError) as caught:
        check_name(tmp_path / LATIN)
    assert caught.value.where == f"{tmp_path}/ma\\xedz"
    assert "--results" in (caught.value.remedy or "")
