"""What the paper says of the images' copies, and of where the images come from."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from benchsuite_plugins.datasets import beans

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Paragraph, texts
from benchsuite.paper.language.current import speaking
from benchsuite.paper.sections.compose import compose
from benchsuite.paper.sections.dataset import dataset_blocks, validity_blocks
from benchsuite.suite.schema.suite import Language
from support.paper_material import make_material
from support.synthetic_study import make_suite_material


@pytest.mark.parametrize(
    ("duplicates", "said", "unsaid"),
    [
        ({"test in train": 2}, "sobrestima", "pesa más de una vez"),
        ({"test in test": 1}, "Una imagen de test repite, byte a byte, otra de la misma partición", "sobrestima"),
        ({"test in test": 3}, "pesa más de una vez", "sobrestima"),
        ({"classes": 2}, "errónea", "sobrestima"),
    ],
)
def test_copies_are_a_threat_to_validity_of_their_own_kind(duplicates: dict[str, int], said: str, unsaid: str) -> None:
    facts: Any = SimpleNamespace(duplicates=duplicates)
    (block,) = validity_blocks(facts)
    assert isinstance(block, Paragraph)
    text = str(block.text).replace("\u00a0", " ")
    assert said in text
    assert unsaid not in text


@pytest.mark.parametrize("duplicates", [{}, {"train in train": 4}])
def test_copies_within_training_put_nothing_in_doubt(duplicates: dict[str, int]) -> None:
    facts: Any = SimpleNamespace(duplicates=duplicates)
    assert validity_blocks(facts) == []


def test_the_fingerprint_of_the_data_is_told_once() -> None:
    material = make_material()
    (facts,) = {record.dataset.fingerprint[:16] for record in material.results.records.values() if record.dataset}
    told = [text for block in compose(material, files={}).body for text in texts(block) if facts in text]
    assert len(told) == 1
    assert "Huella de los datos" in told[0]


@pytest.mark.parametrize(("language", "values"), [("es", "(0,485; 0,456; 0,406)"), ("en", "(0.485, 0.456, 0.406)")])
def test_numbers_in_a_row_are_parted_by_what_is_no_decimal_sign(language: Language, values: str) -> None:
    material = replace(make_material(), normalisation=((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with speaking(language):
        told = [block.text for block in dataset_blocks(PaperContext(material)) if isinstance(block, Paragraph)]
    assert values in " ".join(map(str, told)).replace("\u00a0", " ")


def said_of(**card: Any) -> str:
    material = make_suite_material("beans_freeze")
    last = dataset_blocks(PaperContext(replace(material, card=replace(material.card, **card))))[-1]
    assert isinstance(last, Paragraph)
    return last.text.replace("\u00a0", " ")


def test_where_the_data_are_described_and_had_is_told_with_links() -> None:
    text = said_of()
    assert "Página: [github.com/AI-Lab-Makerere/ibean](https://github.com/AI-Lab-Makerere/ibean/)." in text
    parquet, zips = beans.PARQUET["train"].url, beans.ZIPS["train"].url
    assert text.endswith(f"Ficheros oficiales: [huggingface.co]({parquet}) y [storage.googleapis.com]({zips}).")


def test_a_card_without_addresses_has_no_words_of_them() -> None:
    text = said_of(homepage="", sources=())
    assert "https://" not in text
    assert text.endswith("MIT.")


def test_an_address_that_papers_do_not_link_to_is_told_as_it_is() -> None:
    assert said_of(homepage="http://example.org/a(b)", sources=()).endswith("Página: example.org/a(b).")


@pytest.mark.slow
@pytest.mark.parametrize(("language", "said"), [("es", "en"), ("en", "")])
def test_titles_of_classes_that_are_english_are_said_to_be(language: Language, said: str) -> None:
    material = make_suite_material("cub_x20", language=language)
    assert material.class_language == said
    prose = " ".join(block.text for block in compose(material, files={}).body if isinstance(block, Paragraph))
    named = [title for title in material.card.class_titles.values() if title in prose]
    assert named
    assert [title for title in named if (markup.words_of("en", title) in prose) != bool(said)] == []


@pytest.mark.slow
def test_titles_of_classes_that_are_translated_are_of_the_papers_language() -> None:
    assert make_suite_material("beans_freeze").class_language == ""
