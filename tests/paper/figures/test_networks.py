"""Drawings of networks: a box a stage, darker the more of the parameters it has, in words that stay legible."""

from __future__ import annotations

import re

from benchsuite.paper.figures.networks import DARKEST, MOST_ABREAST, NetworkSketch, Stage, draw_networks
from support.figures import printed_text


def network(stages: int, title: str = "Red", case: str | None = None) -> NetworkSketch:
    """Stages of 0, 1, 2, ... parameters."""
    made = (Stage(f"etapa{i}", ("Convolución 3×3, 64", "Máximo 2×2"), "64×8×8", i) for i in range(stages))
    return NetworkSketch(title, tuple(made), case)


def test_each_stage_is_a_box_as_dark_as_its_share_of_the_parameters() -> None:
    svg = draw_networks("fig-networks", [network(4)]).svg
    tones = [
        float(tone) for tone in re.findall(r'fill-opacity="([\d.]+)"', svg) or re.findall(r' opacity="([\d.]+)"', svg)
    ]
    assert tones == [round(DARKEST * i / 6, 6) for i in range(4)] or tones[-1] == max(tones) <= DARKEST
    for stage in range(4):
        assert f">etapa{stage}<" in svg
    assert svg.count(">64×8×8<") == 4


def test_long_networks_go_on_below_and_each_network_has_rows_of_its_own() -> None:
    drawn = draw_networks("fig-networks", [network(3, "Corta"), network(MOST_ABREAST + 2, "Larga")])
    heights = [float(y) for y in re.findall(r'<text[^>]* y="([\d.-]+)"[^>]*>etapa[02]<', drawn.svg)]
    assert len(set(heights)) == 2 or drawn.svg.count(">etapa0<") == 2
    assert drawn.svg.count(f">etapa{MOST_ABREAST}<") == 1
    assert drawn.svg.count(">Larga<") == 1
    assert printed_text(drawn.svg, wide=True) >= 7


def test_the_lines_of_a_long_network_are_of_like_length() -> None:
    svg = draw_networks("fig-networks", [network(MOST_ABREAST + 2)]).svg
    lines = [re.findall(rf'<text[^>]* y="([\d.-]+)"[^>]*>etapa{at}<', svg) for at in range(MOST_ABREAST + 2)]
    half = MOST_ABREAST // 2 + 1
    assert lines == [lines[0]] * half + [lines[-1]] * half
    assert lines[0] != lines[-1]


def test_names_that_are_too_long_are_broken_after_an_underscore() -> None:
    svg = draw_networks(
        "fig-networks", [network(1, "fc_hl_1layerless_smallvalues"), network(1, "Una red con espacios")]
    ).svg
    assert re.findall(r">((?:fc_|small|Una|con|espacios)[^<]*)<", svg) == [
        "fc_hl_1layerless_",
        "smallvalues",
        "Una red con",
        "espacios",
    ]


def test_it_reads_its_layers_aloud_and_belongs_to_the_case_that_it_is_of() -> None:
    drawn = draw_networks("fig-networks", [network(2, "Una", "caso"), network(2, "De todas")])
    assert "Una: etapa0, Convolución 3×3, 64, Máximo 2×2, 64×8×8, 0" in drawn.alt.replace("\u00a0", " ")
    assert set(re.findall(r'data-case="([^"]+)"', drawn.svg)) == {"caso"}


def test_networks_without_parameters_are_drawn_too() -> None:
    assert ">etapa0<" in draw_networks("fig-networks", [network(1)]).svg
