"""Seeded draws that keep the classes apart, so that every part of a data set holds each class in proportion."""

from __future__ import annotations

from collections.abc import Sequence


def shuffled_by_class(labels: Sequence[int], classes: int, seed: int) -> list[list[int]]:
    """For each of `classes` classes, the positions of its labels in an order drawn from `seed` (Philox).

    A class's order depends on the seed, the class and its number of labels only.
    """
    import numpy as np
    from numpy.random import Philox

    array = np.asarray(labels)
    orders = []
    for label in range(classes):
        members = np.flatnonzero(array == label)
        # The raw words of Philox are the same in every version of numpy; its permutations need not be.
        words = Philox(key=np.array([seed, label], np.uint64)).random_raw(len(members))
        orders.append([int(i) for i in members[np.argsort(words, kind="stable")]])
    return orders


def shares(images: int | None, classes: int) -> list[int | None]:
    """How many of `images` each class gets, the first ones one more where they cannot be equal; None is all."""
    if images is None:
        return [None] * classes
    each, more = divmod(images, classes)
    return [each + (label < more) for label in range(classes)]
