"""The hooks that provide components and suites, each implemented by a file as a user writes it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchsuite.registry import KINDS, Kind, Registry, discover
from support.plugins import TINY

RECIPE = """
from benchsuite.api import Parameters, Recipe
class Calm(Recipe[Parameters]):
    name = "calm"
    Parameters = Parameters
    def phases(self, params):
        return ()
"""


FIGURE = """
from benchsuite.api import Figure, Parameters
class Bare(Figure[Parameters]):
    name = "bare"
    Parameters = Parameters
    def chart(self, params, study):
        return None
"""


METRIC = """
from benchsuite.api import Metric, Parameters
class Flat(Metric[Parameters]):
    name = "flat"
    Parameters = Parameters
    higher_is_better = True
    def title(self, params, language):
        return "flat"
    def compute(self, params, predicted):
        return 0.5
"""


EXECUTOR = """
from benchsuite.api import Executor, Parameters
class Nowhere(Executor[Parameters]):
    name = "nowhere"
    Parameters = Parameters
    def open(self, options, handler, survey, heard):
        raise NotImplementedError
"""


@pytest.fixture
def provided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Registry:
    """What there is when a file of this source returns this expression from the test's hook."""
    source, hook, value = request.param
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / f"hooked_{hook}.py"
    body = f"from benchsuite.api import hookimpl\n@hookimpl\ndef {hook}():\n    return {value}\n"
    file.write_text(f"{source.partition('benchsuite_api =')[0]}\nfrom pathlib import Path\n{body}")
    registry = discover([], local=[file])
    monkeypatch.delitem(sys.modules, file.stem)
    assert not registry.quarantined
    return registry


def names(registry: Registry) -> dict[Kind, list[str]]:
    return {kind: sorted(found) for kind in KINDS if (found := registry.entries(kind))}


@pytest.mark.parametrize("provided", [(TINY, "benchsuite_datasets", "[Squares]")], indirect=True, ids=[""])
def test_benchsuite_datasets_provides_the_classes_that_it_returns_and_no_others(provided: Registry) -> None:
    assert names(provided) == {"dataset": ["squares"]}


@pytest.mark.parametrize("provided", [(TINY, "benchsuite_models", "(Speck,)")], indirect=True, ids=[""])
def test_benchsuite_models_provides_the_classes_that_it_returns_and_no_others(provided: Registry) -> None:
    assert names(provided) == {"model": ["speck"]}


@pytest.mark.parametrize("provided", [(RECIPE, "benchsuite_recipes", "iter([Calm])")], indirect=True, ids=[""])
def test_benchsuite_recipes_provides_the_classes_that_it_returns(provided: Registry) -> None:
    assert names(provided) == {"recipe": ["calm"]}


@pytest.mark.parametrize("provided", [(FIGURE, "benchsuite_figures", "[Bare]")], indirect=True, ids=[""])
def test_benchsuite_figures_provides_the_classes_that_it_returns(provided: Registry) -> None:
    assert names(provided) == {"figure": ["bare"]}


@pytest.mark.parametrize("provided", [(METRIC, "benchsuite_metrics", "[Flat]")], indirect=True, ids=[""])
def test_benchsuite_metrics_provides_the_classes_that_it_returns(provided: Registry) -> None:
    assert names(provided) == {"metric": ["flat"]}


@pytest.mark.parametrize("provided", [(EXECUTOR, "benchsuite_executors", "[Nowhere]")], indirect=True, ids=[""])
def test_benchsuite_executors_provides_the_classes_that_it_returns(provided: Registry) -> None:
    assert names(provided) == {"executor": ["nowhere"]}


@pytest.mark.parametrize(
    "provided", [("", "benchsuite_suite_folders", "[Path(__file__).parent]")], indirect=True, ids=[""]
)
def test_benchsuite_suite_folders_adds_the_folders_that_it_returns(provided: Registry, tmp_path: Path) -> None:
    assert provided.suite_folders == ((tmp_path, "local"),)
