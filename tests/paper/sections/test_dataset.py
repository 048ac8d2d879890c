"""What the paper says of the images' copies, and of where the images come from."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from benchsuite_plugins.datasets import beans

from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document.blocks import Paragraph
from benchsuite.paper.sections.dataset import dataset_blocks, validity_blocks
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
