"""Draws that keep the classes apart."""

from __future__ import annotations

from benchsuite_plugins.datasets.stratified import shuffled_by_class


def test_each_class_keeps_its_own_positions_in_another_order() -> None:
    labels = [0, 1] * 50
    orders = shuffled_by_class(labels, 2, seed=3)
    assert [sorted(order) for order in orders] == [list(range(0, 100, 2)), list(range(1, 100, 2))]
    assert orders[0] != sorted(orders[0])
    assert [i - 1 for i in orders[1]] != orders[0]


def test_an_order_depends_on_seed_class_and_number_alone() -> None:
    assert shuffled_by_class([0] * 6 + [1] * 9, 2, 0)[0] == shuffled_by_class([0] * 6, 1, 0)[0]
    assert shuffled_by_class([0] * 6, 1, 0) != shuffled_by_class([0] * 6, 1, 1)
    assert shuffled_by_class([0] * 6, 1, 0) == [[0, 2, 1, 5, 4, 3]]


def test_a_class_without_images_has_an_empty_order() -> None:
    assert shuffled_by_class([1], 3, 0) == [[], [0], []]
