"""What the first-party components say in papers they say in every language of papers."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from benchsuite.paper.language.catalogue import find
from benchsuite.paper.language.current import speaking
from benchsuite.registry import CASE_PARTS, OURS, Entry, registry
from benchsuite.suite.schema.suite import Language
from benchsuite.suite.source import json_schema

LANGUAGES: tuple[Language, ...] = get_args(Language)
OWN = [entry for entry in registry().components if entry.distribution == OURS and entry.kind in CASE_PARTS]
NEEDED: dict[str, dict[str, Any]] = {
    "huggingface": {"repo": "ada/leaves", "revision": "0" * 40},
    "image_folder": {"folder": "photos"},
    "parquet_folder": {"folder": "photos"},
}
NAMES = re.compile(r"imagenet1k_v1|true|false|null|-?\d+(?:\.\d+)?")
"""Values that are the same in every language, or have a message of another name."""
WITHIN = re.compile(r"phases\.|freeze\.stages|architecture")
"""Parameters of phases that a suite writes itself, names of stages and of architectures."""


def title(entry: Entry) -> str:
    return f"{entry.kind}-{entry.name}"


@pytest.mark.parametrize("entry", [entry for entry in OWN if entry.kind == "dataset"], ids=title)
def test_every_card_is_whole_in_every_language(entry: Entry) -> None:
    component: Any = entry.component
    card = component.card(entry.parse(NEEDED.get(entry.name, {})))
    for language in LANGUAGES:
        said = card.in_language(language)
        assert said.title
        assert said.summary
        assert set(said.class_titles) == set(card.class_titles)
    spanish, english = card.in_language("es"), card.in_language("en")
    assert spanish.summary != english.summary
    assert not re.search("[áéíóúñ]", english.title + english.summary + english.licence)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("entry", OWN, ids=title)
def test_every_parameter_and_every_value_that_is_a_word_has_a_name(entry: Entry, language: Language) -> None:
    model = entry.component.Parameters
    labels = model.labels.get(language, {})
    with speaking(language):
        for path in json_schema.paths(model):
            if WITHIN.search(path):
                continue
            assert path in labels or find(f"parameter-{entry.kind}.{path}"), path
            values = [value for value in json_schema.choices_at(model, path.split(".")) if not NAMES.fullmatch(value)]
            assert not [v for v in values if f"{path}={v}" not in labels and not find(f"word-{v}")], path
