"""What the material of a paper says beside the results: the code of its network, and what is done to its channels."""

from __future__ import annotations

import re

import pytest

from benchsuite.paper.gather import network_source
from benchsuite.registry import registry
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.reader import read_suite


@pytest.mark.parametrize(
    ("suite", "starts", "has", "methods"),
    [
        (
            "cub_x20",
            "def build(self, params: BirdCNNParameters, task: Task) -> nn.Module:",
            "pooled_convolutions(",
            ["build"],
        ),
        (
            "two_phase",
            "def build(self, params: ResNetParameters, task: Task) -> nn.Module:",
            "num_classes=task.classes",
            ["build", "weights", "adapt"],
        ),
        (
            "cifar10_schedulers",
            "def build(self, params: ResNetParameters, task: Task) -> nn.Module:",
            "_small_images(",
            ["build"],
        ),
    ],
)
def test_the_code_of_a_network_is_the_text_of_what_builds_it_and_takes_its_weights(
    suite: str, starts: str, has: str, methods: list[str]
) -> None:
    known = registry()
    declared = read_suite(suite, known)
    code = network_source(declared, expand(declared, known), known)
    assert code.startswith(starts)
    assert has in code
    assert re.findall(r"(?m)^def (\w+)", code) == methods
