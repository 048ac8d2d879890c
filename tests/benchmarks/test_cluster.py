"""The simulated cluster: the same at every call, never used beyond itself, and as the rules of dispatch have it."""

from __future__ import annotations

from collections.abc import Callable

Rows = list[list[str]]


def test_use_is_that_of_the_order_and_of_the_rule(bench: Callable[..., Rows]) -> None:
    rows = bench("cluster", "--gpus", "16", "--runs", "400")
    use = {(size, what): float(percent) for size, what, percent, *_ in rows}
    assert all(0 < percent <= 100 for percent in use.values())
    for size in ("400", "40"):
        assert use[size, "longest first"] > use[size, "as planned"]
    assert use["400", "batch 4"] < use["400", "lag 4"] <= 100 * 4 / 16
    assert use["400", "lag 4"] < use["400", "lag 16"] < use["400", "lag 64"]
    assert sum(int(lost) for *_, lost, _ in rows) > 0, "no site was lost, so nothing came again"


def test_it_is_the_same_at_every_call(bench: Callable[..., Rows]) -> None:
    first, again = (bench("cluster", "--gpus", "8", "--runs", "60", "--seed", "3") for _ in range(2))
    assert [row[:-1] for row in first] == [row[:-1] for row in again]
    assert first
