"""Cards are kept and found again, and say when the source they were made of has changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchsuite.errors import StoreError
from benchsuite.testing.runner import conformance_cards
from benchsuite.testing.runner.conformance_cards import Card, Check

CHECKS = (
    Check(id="a", title="A holds", status="passed"),
    Check(id="b", title="B holds", status="failed", detail="3 of 4"),
    Check(id="c", title="C holds", status="skipped"),
)


def card(name: str = "digits", fingerprint: str = "f1") -> Card:
    return Card(
        kind="dataset",
        name=name,
        distribution="My.Plugin",
        version="1.0",
        parameters={"size": 28},
        fingerprint=fingerprint,
        benchsuite="0.1.0",
        api="contracts",
        torch="2.11",
        checks=CHECKS,
    )


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHSUITE_CARDS", str(tmp_path / "cards"))


def test_a_card_is_found_again(tmp_path: Path) -> None:
    path = conformance_cards.store(card())
    assert path == tmp_path / "cards" / "my-plugin" / "dataset-digits.json"
    found = conformance_cards.find("My.Plugin", "dataset", "digits", "f1")
    assert found == card()
    assert found is not None
    assert found.summary == "1 of 2 checks"
    assert [check.id for check in found.failed] == ["b"]


def test_a_card_of_another_source_is_outdated() -> None:
    conformance_cards.store(card())
    found = conformance_cards.find("My.Plugin", "dataset", "digits", "f2")
    assert found is not None
    assert (found.outdated, found.summary) == (True, "outdated")


def test_the_newest_card_replaces_the_one_before() -> None:
    conformance_cards.store(card(fingerprint="f1"))
    conformance_cards.store(card(fingerprint="f2"))
    found = conformance_cards.find("My.Plugin", "dataset", "digits", "f2")
    assert found is not None
    assert not found.outdated


def test_there_is_no_card_of_what_was_not_checked(tmp_path: Path) -> None:
    path = conformance_cards.store(card())
    assert conformance_cards.find("My.Plugin", "model", "digits", "f1") is None
    assert conformance_cards.find("Other", "dataset", "digits", "f1") is None
    path.write_text('{"schema_version": 3}')
    assert conformance_cards.find("My.Plugin", "dataset", "digits", "f1") is None
    path.write_text("{")
    assert conformance_cards.find("My.Plugin", "dataset", "digits", "f1") is None


def test_a_card_of_the_first_schema_is_none() -> None:
    path = conformance_cards.store(card())
    path.write_text(
        path.read_text().replace('"schema_version": 2', '"schema_version": 1').replace('"remedy"', '"mend"')
    )
    assert '"mend"' in path.read_text()
    assert conformance_cards.find("My.Plugin", "dataset", "digits", "f1") is None


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "cards").write_text("a file")
    with pytest.raises(StoreError):
        conformance_cards.store(card())


def test_without_the_variable_cards_lie_in_the_user_s_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCHSUITE_CARDS")
    monkeypatch.setattr(conformance_cards.platformdirs, "user_data_dir", lambda name: f"/data of/{name}")
    assert conformance_cards.cards_root() == Path("/data of/benchsuite/cards")
