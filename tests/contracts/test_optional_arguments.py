"""A method is given what it names, and nothing is made for one that does not."""

from __future__ import annotations

from typing import Any

from benchsuite.contracts.optional_arguments import asked_for


class Asks:
    def plain(self, given: int) -> None: ...
    def one(self, given: int, second: Any = None) -> None: ...
    def anything(self, given: int, **more: Any) -> None: ...


def test_only_what_is_named_is_made_and_given() -> None:
    made: list[str] = []
    offered = {name: lambda name=name: made.append(name) or name for name in ("first", "second")}
    assert asked_for(Asks().plain, offered) == {}
    assert asked_for(Asks().anything, offered) == {}
    assert made == []
    assert asked_for(Asks().one, offered) == {"second": "second"}
    assert made == ["second"]
