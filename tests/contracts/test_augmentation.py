"""Augmentations are declared as suites write them: a name, or a mapping with options, and mistakes are told by name."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from benchsuite.api import Augmentation, Augmentations, Parameters, declared
from benchsuite.contracts.augmentation import OPTIONS, usual
from benchsuite.engine.data.augment import AUGMENTATIONS


class Own(Parameters):
    """Of a data set."""

    augmentation: Augmentations = ()
    """Random changes."""


def read(*entries: Any) -> Own:
    return Own.model_validate_json(json.dumps({"augmentation": entries}))


def test_names_and_mappings_may_stand_side_by_side_and_survive_json() -> None:
    own = read("horizontal_flip", {"name": "randaugment", "magnitude": 5}, "random_resized_crop")
    assert declared(own.augmentation) == (
        Augmentation("horizontal_flip", {"p": 0.5}),
        Augmentation("randaugment", {"operations": 2, "magnitude": 5}),
        Augmentation("random_resized_crop", {"min_area": 0.08, "max_area": 1, "min_ratio": 0.75, "max_ratio": 4 / 3}),
    )
    assert Own.model_validate_json(own.model_dump_json()) == own
    assert own.model_dump(mode="json")["augmentation"][0] == "horizontal_flip"


def test_two_ways_of_writing_the_same_are_one() -> None:
    written = {"name": "color_jitter", "brightness": 0.4, "hue": 0.1}
    assert read("color_jitter") == read(written) == read({"name": "color_jitter"})
    assert read("color_jitter") != read({**written, "hue": 0.2})


@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_the_engine_has_every_augmentation_with_the_options_declared(name: str) -> None:
    assert AUGMENTATIONS[name].declared is OPTIONS[name]
    options = {option: limits.default for option, limits in AUGMENTATIONS[name].options.items()}
    assert declared([name])[0].options == options == usual(name).model_dump(exclude={"name"})


def test_the_engine_has_no_others() -> None:
    assert set(AUGMENTATIONS) == set(OPTIONS)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (["swirl"], "'trivialaugment' or 'random_erasing'"),
        ([{"name": "swirl"}], "'swirl' found using 'name'"),
        ([{"p": 0.5}], "Unable to extract tag"),
        ([{"name": "horizontal_flip", "p": 1.5}], "less than or equal to 1"),
        ([{"name": "trivialaugment", "magnitude": 3}], "Extra inputs"),
        ([{"name": "pad_crop", "padding": 0}], "greater than or equal to 1"),
        ([{"name": "randaugment", "magnitude": 31}], "less than or equal to 30"),
        ([{"name": "random_erasing", "min_area": 0.5}], "min_area 0.5 is above max_area 0.4"),
        ([{"name": "random_resized_crop", "max_ratio": 0.5}], "min_ratio 0.75 is above max_ratio 0.5"),
        (["randaugment", {"name": "randaugment", "magnitude": 3}], "randaugment is named twice; name each once"),
    ],
)
def test_mistakes_are_refused(entries: list[Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read(*entries)
