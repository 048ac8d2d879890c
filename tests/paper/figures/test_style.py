"""The look of series, and labels that leave a drawing room."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.figures import style


def test_lines_look_different_without_their_colours() -> None:
    looks = [replace(style.look(index), colour="") for index in range(98)]
    assert len(set(looks)) == len(looks)


def test_points_look_different_without_their_colours() -> None:
    looks = [style.look(index) for index in range(2 * len(style.MARKERS))]
    assert len({(one.marker, one.filled) for one in looks}) == len(looks)


def test_bars_look_different_without_their_colours() -> None:
    assert len({style.hatch(index) for index in range(len(style.COLOURS))}) == len(style.COLOURS)


def test_labels_are_cut_at_the_end_unless_they_would_be_alike() -> None:
    assert style.shorten_all(["corta", "x" * 31]) == ["corta", "x" * 29 + "…"]
    alike = ["el mismo comienzo muy largo de nombre 1", "el mismo comienzo muy largo de nombre 2"]
    assert style.shorten_all(alike) == ["el mismo comie…rgo de nombre 1", "el mismo comie…rgo de nombre 2"]


def test_long_labels_with_spaces_are_broken_into_two_lines() -> None:
    assert style.break_label("Lado de la imagen (píxeles)") == "Lado de la imagen\n(píxeles)"
    assert style.break_label("corta") == "corta"
    assert style.break_label("una_palabra_sin_ningún_espacio") == "una_palabra_sin_ningún_espacio"


def test_titles_of_panels_that_are_too_long_have_two_lines_or_are_cut() -> None:
    titles = ["mlp", "fc_hl_bigvalues_and_2layers", "ajuste 1 (weight decay 0.01)", "x" * 30]
    broken = style.break_titles(titles, 19)
    assert broken == ["mlp", "fc_hl_bigvalues_\nand_2layers", "ajuste 1\n(weight decay 0.01)", "x" * 18 + "…"]
    assert style.count_broken(broken, 2) == 2
    assert style.count_broken(broken[:1], 2) == 0
