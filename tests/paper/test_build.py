"""The files: text and watermark of the PDF, the self-contained HTML, hostile prose, equal bytes."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchsuite.errors import SetupError
from benchsuite.paper.context.material import PaperFiles
from benchsuite.paper.rendering.pango import check_pango

ROOT = Path(__file__).parents[2]
needs_pdftotext = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler) is not installed")

BUILD = """
import sys
from pathlib import Path
from support.paper_material import SAMPLE, make_material
from benchsuite.paper.build import build_paper
build_paper(make_material(**SAMPLE), Path(sys.argv[1]))
"""


def pages(files: PaperFiles) -> list[str]:
    text = subprocess.run(["pdftotext", str(files.pdf), "-"], capture_output=True, check=True).stdout.decode()
    return text.rstrip("\f").split("\f")


@needs_pdftotext
def test_a_sample_says_so_on_every_page_and_in_the_abstract(sample_paper: PaperFiles) -> None:
    found = pages(sample_paper)
    assert len(found) >= 2
    assert all("MUESTRA SINTÉTICA" in page for page in found)
    assert re.search(r"Resumen—\[MUESTRA", " ".join(found[0].split()))
    assert "RESULTADOS PARCIALES" in " ".join(found[0].split())


@needs_pdftotext
def test_the_text_of_the_pdf_has_whole_words_numbers_and_references(sample_paper: PaperFiles) -> None:
    text = " ".join(" ".join(pages(sample_paper)).split())
    for words in ("Palabras clave—", "I. INTRODUCCIÓN", "Cuadro I", "Figura 1.", "REFERENCIAS", "[1] Obra zeta"):
        assert words in text
    assert "nunca" not in text
    assert "\u2010" not in text


@needs_pdftotext
def test_hostile_prose_ends_as_text(sample_paper: PaperFiles) -> None:
    text = " ".join(" ".join(pages(sample_paper)).split())
    assert "<script>alert(1)</script>" in text
    assert "{% for x in y %}" in text
    assert "\u202e" not in text
    page = sample_paper.html.read_text()
    assert "<script>alert(1)" not in page
    assert "file:///etc/passwd&#39;" in page
    assert b"root:" not in sample_paper.pdf.read_bytes()


def test_the_page_asks_for_nothing_from_anywhere(sample_paper: PaperFiles) -> None:
    page = sample_paper.html.read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    sources = re.findall(r"""<(?:script|img|link|iframe|source)[^>]*\s(?:src|href)="([^"]+)""", page)
    assert sources
    assert all(source.startswith("data:") for source in sources)
    assert not re.findall(r"url\((?!data:|#)", re.sub(r"<p.*?</p>", "", page, flags=re.DOTALL))


def test_the_results_can_be_downloaded_from_the_page(sample_paper: PaperFiles) -> None:
    import base64

    encoded = re.search(
        r'download="results.json" href="data:application/json;base64,([^"]+)"', sample_paper.html.read_text()
    )
    assert encoded is not None
    results = json.loads(base64.b64decode(encoded[1]))
    assert [record["status"] for record in results["records"]] == ["done"] * 8
    assert results["suite"]["name"] == "beans_freeze"


def test_a_readme_stands_beside_it_with_the_same_notice_and_no_markup(sample_paper: PaperFiles) -> None:
    text = sample_paper.html.with_name("README.md").read_text(encoding="utf-8")
    assert "**MUESTRA SINTÉTICA" in text
    assert "[PDF](paper.pdf)" in text
    assert "<script" not in text


def test_numbers_name_the_runs_they_come_from(sample_paper: PaperFiles) -> None:
    assert re.search(
        r'<a class="q" href="#run-[0-9a-f]{12}" data-runs="([0-9a-f]{12} )+[0-9a-f]{12}">',
        sample_paper.html.read_text(),
    )


@needs_pdftotext
def test_the_pdf_is_tagged_archival_and_carries_the_results(sample_paper: PaperFiles) -> None:
    facts = subprocess.run(["pdfinfo", str(sample_paper.pdf)], capture_output=True, check=True).stdout.decode()
    assert re.search(r"Tagged:\s+yes", facts)
    attached = subprocess.run(["pdfdetach", "-list", str(sample_paper.pdf)], capture_output=True, check=True)
    assert b"results.json" in attached.stdout
    metadata = subprocess.run(["pdfinfo", "-meta", str(sample_paper.pdf)], capture_output=True, check=True).stdout
    assert b"pdfuaid" in metadata
    assert re.search(rb'pdfaid:(part="3"|part>3)', metadata)


@pytest.mark.slow
def test_another_process_folder_time_zone_locale_home_hash_seed_and_no_fonts_give_the_same_bytes(
    sample_paper: PaperFiles, tmp_path: Path
) -> None:
    fonts = tmp_path / "fonts.conf"
    fonts.write_text('<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>')
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "77",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
        "HOME": str(tmp_path),
        "FONTCONFIG_FILE": str(fonts),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
    }
    command = [sys.executable, "-c", BUILD, str(tmp_path / "elsewhere")]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    for ours in (sample_paper.html, sample_paper.pdf, sample_paper.html.with_name("README.md")):
        assert (tmp_path / "elsewhere" / ours.name).read_bytes() == ours.read_bytes()


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("benchsuite.paper.build", ["weasyprint", "matplotlib", "torch"]),
        ("benchsuite.paper.rendering.process", ["numpy", "pydantic", "weasyprint"]),  # a renderer starts at once
    ],
)
def test_what_builds_a_paper_loads_no_renderer(module: str, without: list[str]) -> None:
    code = f"import sys, {module}; print([m for m in {without} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_a_missing_pango_is_said_with_the_packages_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    original = builtins.__import__

    def refuse(name: str, *arguments: object, **options: object) -> object:
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return original(name, *arguments, **options)  # type: ignore[arg-type]

    def absent(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(builtins, "__import__", refuse)
    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(SetupError, match="Pango") as caught:
        check_pango()
    for package in ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"):
        assert package in str(caught.value)
