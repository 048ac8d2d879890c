"""The components of a run: its dataset, model and recipe with their parameters, and what these alone decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from benchsuite.contracts.dataset import Dataset, Preprocessing
from benchsuite.contracts.model import Model, Task
from benchsuite.contracts.parameters import Parameters
from benchsuite.contracts.recipe import Phase, Recipe
from benchsuite.engine.task import RunTask
from benchsuite.registry import Entry, Registry
from benchsuite.registry.declarations import declared_phases
from benchsuite.suite.cases.plan import Case


@dataclass(frozen=True)
class Components:
    """`shape` is what the network must do; `phases` is what the recipe declares, asked for once and checked; nothing
    asks the recipe again."""

    dataset: Dataset[Any]
    dataset_params: Parameters
    model: Model[Any]
    model_params: Parameters
    recipe: Recipe[Any]
    recipe_params: Parameters
    preprocessing: Preprocessing
    phases: tuple[Phase, ...]
    shape: Task

    @property
    def transforms(self) -> bool:
        """Whether the recipe changes training batches."""
        return self.recipe.transforms(self.recipe_params)

    @property
    def cacheable(self) -> bool:
        """Whether a frozen prefix sees the same inputs in every epoch."""
        return not self.preprocessing.augmentations and not self.transforms


def find_entries(case: Case, registry: Registry) -> tuple[Entry, Entry, Entry]:
    """The entries of a case's dataset, model and recipe."""
    return (
        registry.dataset(case.dataset.qualified_name),
        registry.model(case.model.qualified_name),
        registry.recipe(case.recipe.qualified_name),
    )


def load_components(task: RunTask, registry: Registry) -> Components:
    """The components of a run. Raises PluginError when the recipe's phases are none that could be trained."""
    return case_components(task.spec.case, len(task.data.index.classes), registry)


def case_components(case: Case, classes: int, registry: Registry) -> Components:
    """The components of the runs of a case whose data have so many classes. Raises what `load_components` does."""
    for_dataset, for_model, for_recipe = find_entries(case, registry)
    dataset = cast(Dataset[Any], for_dataset.component)
    recipe = cast(Recipe[Any], for_recipe.component)
    dataset_params, recipe_params = for_dataset.parse(case.dataset.parameters), for_recipe.parse(case.recipe.parameters)
    preprocessing = dataset.preprocessing(dataset_params)
    height, width = preprocessing.size
    return Components(
        dataset=dataset,
        dataset_params=dataset_params,
        model=cast(Model[Any], for_model.component),
        model_params=for_model.parse(case.model.parameters),
        recipe=recipe,
        recipe_params=recipe_params,
        preprocessing=preprocessing,
        phases=declared_phases(for_recipe, recipe_params),
        shape=Task(classes=classes, height=height, width=width),
    )
