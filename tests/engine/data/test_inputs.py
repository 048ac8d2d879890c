"""Inputs are the numbers that the formula gives, bit for bit, however they are computed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.contracts.augmentation import Augmentation
from benchsuite.contracts.dataset import Preprocessing
from benchsuite.engine.data.augment import Augmenter
from benchsuite.engine.data.inputs import Pixels, Rows
from support import stand_in_card

CPU = torch.device("cpu")
CHANGES = (Augmentation("horizontal_flip"), Augmentation("random_erasing"))


@settings(deadline=None, max_examples=40)
@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    n=st.integers(1, 20),
    seed=st.integers(0, 2**30),
    augmented=st.booleans(),
    channels=st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1)), min_size=3, max_size=3),
)
def test_normalising_a_row_at_a_time_gives_the_bits_of_the_formula(
    height: int, width: int, n: int, seed: int, augmented: bool, channels: list[tuple[float, float]]
) -> None:
    mean, std = zip(*channels, strict=True)
    preprocessing = Preprocessing(size=(height, width), mean=mean, std=std)
    images = np.random.default_rng(seed).integers(0, 256, (n, height, width, 3), dtype=np.uint8)
    samples = torch.from_numpy(np.random.default_rng(seed + 1).permutation(n))
    augmenter = Augmenter(CHANGES, (height, width), seed, n, CPU) if augmented else None
    if augmenter is not None:
        augmenter.start_epoch(1)

    batch = Pixels(images, preprocessing, CPU, augmenter).batch(samples)

    seen = torch.from_numpy(images)[samples]
    seen = augmenter(seen, samples) if augmenter is not None else seen
    means, deviations = (torch.tensor(each).view(1, 3, 1, 1) for each in (mean, std))
    formula = seen.permute(0, 3, 1, 2).float() * (1 / (255 * deviations)) + -means / deviations
    assert torch.equal(batch, formula)
    assert batch.is_contiguous(memory_format=torch.channels_last)


# Rows that are too many for the card.

ROWS = np.arange(24 * 5, dtype=np.float32).reshape(24, 5)


def test_rows_travel_without_a_wait_and_a_batch_outlives_those_after_it() -> None:
    with stand_in_card.card(free=0) as now:
        rows = Rows(ROWS, stand_in_card.CARD)
        numbers = torch.from_numpy(np.random.default_rng(0).permutation(24)).split(7)
        there = [part.to("cuda") for part in numbers]
        now.events.clear()
        with torch.inference_mode():
            rows.select(there[0], numbers[0])  # as an evaluation may, before anything trains
        batches = [rows.select(*both) for both in zip(there, numbers, strict=True)]
        assert not rows.resident
        assert {event.kind for event in now.events} == {"copy"}
        for batch, part in zip(batches, numbers, strict=True):
            assert np.array_equal(batch.cpu().numpy(), ROWS[part])
        assert torch.equal(rows.select(there[0], None).cpu(), batches[0].cpu())


def test_pinned_memory_is_not_filled_before_its_copy_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand_in_card._CardEvent, "query", lambda event: False)
    with stand_in_card.card(free=0) as now:
        rows, numbers = Rows(ROWS, stand_in_card.CARD), torch.arange(4)
        there = numbers.to("cuda")
        now.events.clear()
        rows.select(there, numbers)
        assert [event.kind for event in now.events] == ["wait", "copy"]


def test_a_batch_is_gathered_while_the_one_before_it_travels(monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy is ever done unless it is waited for: that of the third batch is the first whose memory is in use."""

    class Endless(stand_in_card._CardEvent):
        under_way = False

        def record(self, stream: object = None) -> None:
            self.under_way = True

        def query(self) -> bool:
            return not self.under_way

    with stand_in_card.card(free=0) as now:
        monkeypatch.setattr(torch.cuda, "Event", Endless)
        rows, numbers = Rows(ROWS, stand_in_card.CARD), torch.arange(4)
        there = numbers.to("cuda")
        now.events.clear()
        for _ in range(3):
            rows.select(there, numbers)
        assert [event.kind for event in now.events] == ["copy", "copy", "wait", "copy"]
        monkeypatch.undo()


def test_each_stream_waits_for_what_it_takes_from_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[tuple[str, object]] = []

    def wait(stream: object, event: object) -> None:
        waits.append(("training" if stream is stand_in_card._DEFAULT else "copying", event))

    monkeypatch.setattr(stand_in_card._Stream, "wait_event", wait)
    with stand_in_card.card(free=0):
        rows, numbers = Rows(ROWS, stand_in_card.CARD), torch.arange(4)
        rows.select(numbers.to("cuda"), numbers)
        (used,) = [berth for berth in rows._berths if len(berth._here)]
        assert waits == [("copying", used._taken), ("training", used._copied)]


def test_rows_that_fit_are_on_the_card() -> None:
    with stand_in_card.card():
        rows = Rows(ROWS, stand_in_card.CARD)
        assert rows.resident
        assert np.array_equal(rows.select(torch.arange(3, device="cuda"), None).cpu().numpy(), ROWS[:3])


def test_what_torch_keeps_of_an_earlier_phase_is_given_back_before_room_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with stand_in_card.card(free=0) as now:
        monkeypatch.setattr(torch.cuda, "empty_cache", lambda: setattr(now, "free", stand_in_card.GIB))
        assert Rows(ROWS, stand_in_card.CARD).resident


def test_pixels_are_normalised_by_whole_rows() -> None:
    preprocessing = Preprocessing(size=(4, 6), mean=(0.5,) * 3, std=(0.25,) * 3)
    pixels = Pixels(np.zeros((1, 4, 6, 3), np.uint8), preprocessing, CPU, None)
    assert pixels._scale.shape == pixels._shift.shape == (6 * 3,)
