"""What is foreseen when a study is planned: batches of one image, and metrics that no run here will have."""

from __future__ import annotations

import pytest

from benchsuite.engine.task import RunTask
from benchsuite.errors import PluginError
from benchsuite.execution.foresight import check_lengths, foresee
from benchsuite.suite import parse_suite
from support.engine import Bench, make_case
from support.fake_components import BASE, REGISTRY

ASKING = """\
claims:
  - {id: thrifty, text: Gasta poco., metric: energy_joules, at_most: 5}
paper:
  abstract: 'Gasta {{energy_joules freeze_blocks=0}} y acierta {{test_accuracy freeze_blocks=0}}.'
"""


def test_a_batch_of_one_image_is_told_with_the_sizes_that_fit(bench: Bench) -> None:
    suite = parse_suite(BASE.encode(), "tiny.yaml", REGISTRY)
    lonely, sound = bench.tasks(make_case("lonely", batch_size=13), make_case("sound", batch_size=12), seeds=(0, 1))[:2]
    (told,) = foresee(suite, [lonely, lonely, sound], bench.registry, "cpu")
    assert "the last batch of each epoch has one image (27 training images, batch_size 13)" in told
    assert "sizes that fit: 11, 12, 14, 15" in told


@pytest.mark.parametrize(("device", "places"), [("cuda", []), ("cpu", ["the claim 'thrifty'", "paper.abstract"])])
def test_what_only_a_gpu_can_tell_is_foreseen_to_be_missing(device: str, places: list[str]) -> None:
    suite = parse_suite((BASE + ASKING).encode(), "tiny.yaml", REGISTRY)
    told = list(foresee(suite, (), REGISTRY, device))
    assert [line.partition(" asks for energy_joules")[0] for line in told] == places


def test_a_comparison_by_what_only_a_gpu_can_tell_is_foreseen_to_be_empty() -> None:
    compared = BASE.replace("baseline: 0", "baseline: 0, metric: energy_joules")
    (told,) = foresee(parse_suite(compared.encode(), "tiny.yaml", REGISTRY), (), REGISTRY, "cpu")
    assert told.startswith("compare.metric asks for energy_joules")


def test_a_schedule_in_steps_is_measured_by_the_images(bench: Bench) -> None:
    """27 images in batches of 8, two to a step: two steps in each of three epochs."""

    def made(steps: int) -> RunTask:
        schedule = {"name": "step", "step_size": steps, "by_step": True, "in_steps": True}
        return bench.task(make_case(recipe="tiny_train", accumulate=2, scheduler=schedule))

    check_lengths([made(6)], bench.registry)
    with pytest.raises(PluginError, match="it takes 7 steps, of which the training has 6") as caught:
        check_lengths([made(7)], bench.registry)
    assert "shorten it" in (caught.value.remedy or "")
