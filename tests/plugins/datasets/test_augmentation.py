"""Suites say augmentations as names or with options; every mistake is told at its place in the file."""

from __future__ import annotations

import pytest

from benchsuite.registry import registry
from benchsuite.suite import SuiteError, expand, parse_suite

SUITE = """name: augmented
title: Un estudio
size: {{cases: 1, seeds: 1}}
dataset: {{name: cifar10, augmentation: {given}}}
model: {{name: lenet5}}
recipe: {{name: train}}
seeds: 1
"""


def read(given: str) -> list[object]:
    """What the plan's only case has after this was written."""
    (case,) = expand(parse_suite(SUITE.format(given=given).encode(), "a.yaml", registry()), registry()).cases
    found = case.dataset.parameters["augmentation"]
    assert isinstance(found, list | tuple)
    return list(found)


def test_options_are_resolved_and_usual_ones_left_out() -> None:
    assert read("[horizontal_flip, {name: randaugment, magnitude: 5}, {name: color_jitter}]") == [
        "horizontal_flip",
        {"name": "randaugment", "operations": 2, "magnitude": 5},
        "color_jitter",
    ]


@pytest.mark.parametrize("dataset", ["beans", "cub", "fake", "image_folder"])
def test_every_data_set_takes_all_augmentations(dataset: str) -> None:
    names = ["random_resized_crop", "color_jitter", "trivialaugment", "pad_crop"]
    root = {"folder": "photos"} if dataset == "image_folder" else {}
    entry = registry().dataset(dataset)
    required = {
        name: root.get("folder", "photos")
        for name, field in entry.component.Parameters.model_fields.items()
        if field.is_required()
    }
    params = entry.parse({**required, "augmentation": names})
    found = entry.component.preprocessing(params).augmentations  # type: ignore[union-attr]
    assert [one.name for one in found] == names


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("[horizontal_flop]", "augmentation[0]: 'horizontal_flop' is not allowed (expected one of: horizontal_flip, "),
        ("[horizontal_flop]", "did you mean 'horizontal_flip'?"),
        ("[{name: randaugmnt}]", "'randaugmnt' is not allowed (expected one of: horizontal_flip, "),
        ("[{name: randaugmnt}]", "did you mean 'randaugment'?"),
        ("[{magnitude: 5}]", "augmentation[0]: 'name' is missing (expected one of: horizontal_flip, "),
        ("[{name: randaugment, magnitud: 5}]", "one of: name, operations, magnitude); did you mean 'magnitude'?"),
        ("[{name: randaugment, magnitude: 31}]", "magnitude: 31 is too large (expected an integer ≥ 0 and ≤ 30)"),
        ("[{name: pad_crop, padding: 1.5}]", "padding: 1.5 is not an integer"),
        ("[{name: random_erasing, min_area: 0.5}]", "min_area 0.5 is above max_area 0.4"),
        ("[randaugment, {name: randaugment, magnitude: 3}]", "randaugment is named twice; name each once"),
        ("horizontal_flip", "put brackets around it"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_problem_at_its_place(given: str, said: str) -> None:
    with pytest.raises(SuiteError) as caught:
        read(given)
    (found,) = map(str, caught.value.problems)
    assert found.startswith("a.yaml:4:")
    assert said in found
