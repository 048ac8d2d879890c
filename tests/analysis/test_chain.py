"""A chain tells by the settings whether a study begins from what the one before chose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchsuite.analysis.chain import ChainStep, chain
from benchsuite.analysis.findings import CaseFindings, Findings
from benchsuite.suite.cases.plan import Case, Component
from support.synthetic import make_case, make_findings


def component(name: str, **parameters: object) -> Component:
    return Component(name=name, distribution="benchsuite", version="1", parameters=parameters)


def findings(*cases: CaseFindings) -> Findings:
    return replace(make_findings(cases=2, seeds=3), cases=cases)


def made(case: Case, accuracy: float | None = None) -> CaseFindings:
    """Findings of a case whose runs have this mean accuracy of validation."""
    model = make_findings(cases=2, seeds=3).cases[0]
    estimates = dict(model.estimates)
    if accuracy is None:
        return replace(model, case=case, estimates={})
    estimates["validation_accuracy"] = replace(estimates["validation_accuracy"], mean=accuracy)
    return replace(model, case=case, estimates=estimates)


def blocks(*frozen: int) -> Findings:
    """A study that freezes so many blocks; the fewer, the better."""
    return findings(*(made(make_case(number), 0.9 - number / 100) for number in frozen))


def test_without_a_declaration_a_step_hands_on_what_validation_ranks_first() -> None:
    (step,) = chain({"one": blocks(2, 0, 1)}, {})
    assert step.chosen.case.name == "freeze_blocks=0"
    assert step.by_validation
    assert step.begun is None


def test_what_is_declared_is_handed_on_and_said_not_to_be_first() -> None:
    (step,) = chain({"one": blocks(0, 1)}, {"one": "freeze_blocks=1"})
    assert step.chosen.case.name == "freeze_blocks=1"
    assert not step.by_validation
    assert [case.case.name for case in step.first] == ["freeze_blocks=0"]


def test_equal_means_are_all_first() -> None:
    (step,) = chain({"one": findings(made(make_case(0), 0.9), made(make_case(1), 0.9))}, {})
    assert len(step.first) == 2
    assert step.by_validation


@pytest.mark.parametrize(
    ("following", "begun", "begin"),
    [((0,), "kept", 1), ((0, 1, 2), "partly", 1), ((3, 4), "lost", 0)],
)
def test_the_next_study_begins_from_the_choice_where_its_cases_have_its_settings(
    following: tuple[int, ...], begun: str, begin: int
) -> None:
    first, last = chain({"one": blocks(0, 1), "two": blocks(*following)}, {})
    assert (first.begun, first.begin, first.cases) == (begun, begin, len(following))
    (handed,) = first.handed
    assert (handed.path, handed.value) == ("recipe.freeze.blocks", 0)
    assert handed.kept == (begun != "lost")
    assert last.begun is None


def test_settings_must_be_together_in_one_case() -> None:
    """Each value is there, but no case has both."""

    def case(rate: float, size: int) -> CaseFindings:
        base = make_case(0, learning_rate=rate, batch_size=size)
        settings = {"recipe.learning_rate": rate, "recipe.batch_size": size}
        return made(base.model_copy(update={"name": f"{rate} {size}", "settings": settings}), 0.9 - rate)

    first, _ = chain({"one": findings(case(0.01, 8), case(0.1, 16)), "two": findings(case(0.01, 16), case(0.1, 8))}, {})
    assert all(handed.kept for handed in first.handed)
    assert first.begun == "lost"


def model_case(name: str, value: object, made_of: Component, accuracy: float) -> CaseFindings:
    base = make_case(0)
    return made(base.model_copy(update={"name": name, "settings": {"model": value}, "model": made_of}), accuracy)


def test_a_component_is_handed_on_by_its_name_and_the_parameters_given_with_it() -> None:
    deep = component("resnet", depth=18, activation="relu")
    one = findings(
        model_case("deep", {"name": "resnet", "depth": 18}, deep, 0.9), model_case("flat", "mlp", component("mlp"), 0.5)
    )

    def step(following: Component) -> ChainStep:
        after = made(make_case(0).model_copy(update={"model": following}), 0.9)
        return chain({"one": one, "two": findings(after)}, {})[0]

    kept = step(component("resnet", depth=18, activation="tanh"))  # which the first study has not chosen
    assert kept.begun == "kept"
    assert [handed.path for handed in kept.handed] == ["model.name", "model.depth"]
    assert step(component("resnet", depth=50, activation="relu")).begun == "lost"


def test_a_parameter_that_the_next_study_has_not_is_told_as_none() -> None:
    wide = component("mlp", hidden=[8])
    one = findings(made(make_case(0).model_copy(update={"model": wide, "settings": {"model.hidden": [8]}}), 0.9))
    first, _ = chain({"one": one, "two": blocks(0)}, {})
    assert first.begun == "lost"
    assert first.handed[0].next == ()
    assert not first.handed[0].kept


def test_without_results_the_first_case_stands_for_the_choice() -> None:
    (step,) = chain({"one": findings(made(make_case(0)), made(make_case(1)))}, {})
    assert step.chosen.case.name == "freeze_blocks=0"
