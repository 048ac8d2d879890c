"""What the paper says of the images' copies."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from benchsuite.paper.document.blocks import Paragraph
from benchsuite.paper.sections.dataset import validity_blocks


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
