"""What the material of a paper says beside the results: the code of its network, and what is done to its channels."""

from __future__ import annotations

import pytest

from benchsuite.paper.gather import network_source
from benchsuite.registry import registry
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.reader import read_suite


@pytest.mark.parametrize(
    ("suite", "starts", "has"),
    [
        ("cub_x20", "def build(self, params: BirdCNNParameters, task: Task) -> nn.Module:", "pooled_convolutions("),
        (
            "two_phase",
            "def build(self, params: ResNetParameters, task: Task) -> nn.Module:",
            "num_classes=task.classes",
        ),
    ],
)
def test_the_code_of_a_network_is_the_text_of_what_builds_it(suite: str, starts: str, has: str) -> None:
    known = registry()
    declared = read_suite(suite, known)
    code = network_source(declared, expand(declared, known), known)
    assert code.startswith(starts)
    assert has in code
    assert code.count("def ") == 1
