"""Two papers compared word by word, wherever their lines end."""

from __future__ import annotations

import pytest

from benchsuite.paper.bundle.pdf_diff import differing_words

PROSE = (
    "El congelamiento selectivo de bloques residuales preentrenados mantiene aproximadamente la exactitud en test "
    "(96,1 ± 0,6 %) mientras reduce considerablemente el tiempo de entrenamiento; un muestreo estratificado y el "
    "aprendizaje por transferencia, o fine-tuning, lo explican satisfactoriamente."
)


def printed(prose: str, width: int) -> bytes:
    from weasyprint import HTML

    style = f"p{{width:{width}px;hyphens:auto;hyphenate-character:'-';hyphenate-limit-chars:6 2 3}}"
    made: bytes = HTML(string=f"<html lang='es'><style>{style}</style><p>{prose}</p></html>").write_pdf()
    return made


@pytest.mark.parametrize("width", [90, 130, 170, 230])
def test_words_that_lines_break_elsewhere_are_the_same_words(width: int) -> None:
    usual = printed(PROSE, 300)
    assert differing_words(usual, printed(PROSE, width)) == []
    (found,) = differing_words(usual, printed(PROSE.replace("96,1", "97,1"), width))
    assert (found.printed, found.recomputed) == ("(96,1", "(97,1")
