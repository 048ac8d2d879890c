"""Versions of the contract: newer is refused with a sentence, older is told of before it is refused."""

from __future__ import annotations

import pytest

from benchsuite.contracts.version import API_VERSION
from benchsuite.registry.api_version import agree
from benchsuite.registry.validation import InvalidPlugin


@pytest.mark.parametrize("stated", [API_VERSION, "2.0", "2.3"])
def test_the_same_major_version_up_to_ours_is_fine(stated: str) -> None:
    here = API_VERSION if stated == API_VERSION else "2.3"
    assert agree(stated, here=here, oldest=1) is None


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("3.0", "upgrade benchsuite"),
        ("2.4", "upgrade benchsuite"),
        ("0.9", "upgrade the plugin, or port it to 2.3"),
        (None, 'write benchsuite_api = "2.3"'),
        (2.3, "expected a text"),
        ("2", "expected a text"),
        ("2.3; import os", "expected a text"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(stated: object, said: str) -> None:
    with pytest.raises(InvalidPlugin, match=said.replace("(", r"\(")):
        agree(stated, here="2.3", oldest=1)


def test_an_older_version_that_is_still_understood_is_told_of() -> None:
    notice = agree("1.7", here="2.3", oldest=1)
    assert notice is not None
    assert "port it to 2.3" in notice
