"""Names of parameters, and their values in words."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest

from benchsuite.contracts.augmentation import OPTIONS
from benchsuite.paper.context.parameter_words import as_code, describe_value, name_axis, name_parameter, name_value
from benchsuite.paper.document import markup
from benchsuite.paper.language.catalogue import find
from benchsuite.paper.language.current import speaking
from benchsuite.suite.schema.suite import Language


@pytest.mark.parametrize(
    ("value", "words", "brief"),
    [
        (True, "sí", "sí"),
        (0.001, "0,001", "0,001"),
        (None, "ninguno", "ninguno"),
        ([32, 64], "32; 64", "32-64"),
        ([], "ninguno", "ninguno"),
        ({"name": "step", "gamma": 0.1, "sizes": [1, 2]}, "step (gamma: 0,1; sizes: 1; 2)", "step 0,1, 1-2"),
        ({"name": "adam"}, "adam", "adam"),
        ("", "—", ""),
        (4 / 3, "4/3", "4/3"),
        (1 / 0.3, "10/3", "10/3"),
        (0.123456789012, "0,123456789012", "0,123456789012"),
        (math.inf, "—", "—"),
    ],
)
def test_values_in_words(value: Any, words: str, brief: str) -> None:
    assert describe_value(value) == words
    assert describe_value(value, markup.file_name, brief=True) == brief


def test_weights_that_a_package_brings_go_by_file_and_package() -> None:
    request = "package:some_models/models/lite/lite0-5793.pth"
    assert as_code(request, "weights") == "`lite0-5793.pth`, del paquete `some_models`"
    assert name_value("model.weights", request) == "lite0-5793.pth"
    assert as_code("imagenet1k_v1", "weights") == "`imagenet1k_v1`"
    with speaking("en"):
        assert as_code(request, "weights") == "`lite0-5793.pth` of the package `some_models`"


def test_a_parameter_is_called_as_the_suite_says_else_as_we_do_else_by_its_path() -> None:
    assert name_parameter("recipe.momentum", {"recipe.momentum": "El *momento*"}) == "El \\*momento\\*"
    assert name_axis("recipe.momentum", {"recipe.momentum": "El *momento*"}) == "El *momento*"
    assert name_parameter("model.dropout", {}) == "*Dropout*"
    assert name_axis("model.dropout", {}) == "Dropout"
    assert name_parameter("recipe.unheard_of", {}) == "`recipe.unheard_of`"
    assert name_axis("recipe.unheard_of", {}) == "recipe.unheard_of"


def test_values_that_are_words_are_in_those_of_the_paper_and_components_keep_their_names() -> None:
    assert name_value("model.activation", "leaky_relu") == "Leaky ReLU"
    assert name_value("recipe.scheduler", {"name": "step", "gamma": 0.1}, brief=True) == "escalonada 0,1"
    assert name_value("model.own", "/far/away/file.pth") == markup.file_name("/far/away/file.pth")
    assert name_value("recipe", "train") == "train"
    assert name_value("dataset.train_images", None) == "todas"
    assert name_value("recipe.patience", None) == "ninguno"
    assert (name_value("model.weights", "none"), name_value("model.own", "none")) == ("aleatorios", "ninguno")


def test_an_augmentation_is_told_with_the_options_that_are_not_as_usual() -> None:
    crop = {"name": "random_resized_crop", "min_area": 0.25, "max_area": 1.0, "min_ratio": 0.5, "max_ratio": 4 / 3}
    words = "recorte aleatorio reescalado (área mínima: 0,25; proporción mínima: 0,5)"
    assert name_value("dataset.augmentation", [crop, "horizontal_flip"]) == f"{words}; volteo horizontal"
    erasing = {"name": "random_erasing", "p": 0.5, "min_area": 0.02, "max_area": 0.4, "max_ratio": 5 / 3}
    assert name_value("dataset.augmentation", [erasing]) == "borrado aleatorio (proporción máxima: 5/3)"


@pytest.mark.parametrize("language", get_args(Language))
def test_every_option_of_an_augmentation_has_words(language: Language) -> None:
    with speaking(language):
        options = {name for one in OPTIONS.values() for name in one.model_fields if name != "name"}
        assert sorted(name for name in options if find(f"option-{name}") is None) == []
