"""How a paper calls its cases."""

from __future__ import annotations

from dataclasses import replace

from benchsuite.paper.context.case_names import CaseNames
from benchsuite.paper.language.current import speaking
from benchsuite.suite.prose.references import written
from benchsuite.suite.prose.translations import in_language
from support.paper_material import make_suite
from support.synthetic import make_findings

BLOCKS = "recipe.freeze.blocks"


def test_cases_of_a_grid_are_called_by_their_values_and_mentioned_with_their_factor() -> None:
    names = CaseNames({BLOCKS: "Bloques congelados", f"{BLOCKS}=1": "uno"}, (BLOCKS,))
    cases = [replace(case, label=names.label(case)) for case in make_findings(cases=2, seeds=1).cases]
    assert [case.label for case in cases] == ["0", "uno"]
    assert names.factor == names.legend_title == "Bloques congelados"
    assert names.mention(*cases).replace("\u00a0", " ") == "bloques congelados = 0 y uno"
    assert names.label_of_value(BLOCKS, 1) == "uno"
    assert names.label_of_value(BLOCKS, 2) is None


def test_named_cases_stand_in_quotation_marks_and_have_no_factor() -> None:
    cases = make_findings(cases=2, seeds=1).cases
    names = CaseNames({cases[0].case.name: "el *primero*"}, ())
    labelled = [replace(case, label=names.label(case)) for case in cases]
    assert labelled[0].label == "el *primero*"
    assert names.mention(labelled[0]) == "«el \\*primero\\*»"
    assert (names.factor, names.legend_title) == ("Configuración", "")


def test_the_largest_of_several_groups_comes_last_and_is_the_others_where_it_is_large() -> None:
    one, *many = make_findings(cases=6, seeds=1).cases
    names = CaseNames({}, ())
    assert names.mention_groups({"a": many, "b": [one]}) == [("b", names.mention(one)), ("a", "las demás")]
    few = many[:4]
    assert names.mention_groups({"a": few, "b": [one]}) == [("b", names.mention(one)), ("a", names.mention(*few))]
    assert names.mention_groups({"a": many}) == [("a", names.mention(*many))]


def test_the_further_paths_of_a_factor_begin_small() -> None:
    assert CaseNames({}, ("recipe.momentum", "recipe.l1")).factor == "Momento, penalización L1"


def test_components_name_their_parameters_and_count_what_cases_have_of_them() -> None:
    findings = make_findings(cases=3, seeds=1)
    words = {BLOCKS: "Partes", f"{BLOCKS}={{n}}": "una parte quieta | {n} partes quietas"}
    names = CaseNames.of(make_suite(labels={}), findings, {}, words)
    cases = [replace(case, label=names.label(case)) for case in findings.cases]
    assert names.factor == "Partes"
    assert names.subject(cases[1]) == "la configuración con una parte quieta"
    assert (
        names.subject(cases[0], cases[2]).replace("\u00a0", " ") == "las configuraciones con cero y dos partes quietas"
    )
    assert CaseNames.of(make_suite(labels={BLOCKS: "Bloques"}), findings, {}, words).factor == "Bloques"


def test_cases_told_one_by_one_are_configurations_once() -> None:
    findings = make_findings(cases=4, seeds=1)
    names = CaseNames.of(make_suite(), findings, {})
    cases = [replace(case, label=names.label(case)) for case in findings.cases]
    assert names.subjects(cases[1:3]) == ["la configuración con un bloque congelado", "la de dos bloques congelados"]
    assert names.again(cases[2], cases[3]).replace("\u00a0", " ") == "las de dos y tres bloques congelados"
    assert names.trait(cases[1]) == "un bloque congelado"
    assert names.subject(cases[3], cases[1]).replace("\u00a0", " ") == (
        "las configuraciones con tres bloques congelados o un bloque congelado"
    )
    with speaking("en"):
        assert names.subjects(cases[1:3]) == ["the configuration with one frozen block", "that with two frozen blocks"]
    named = CaseNames({}, ())
    assert named.subjects(cases[:2]) == [named.mention(case) for case in cases[:2]]


def test_a_label_in_another_language_than_the_papers_gives_way_to_words_that_are_in_it() -> None:
    suite = in_language(make_suite(labels={BLOCKS: "Bloques", "recipe.own": "Propio"}), "en")
    names = CaseNames.of(suite, make_findings(cases=2, seeds=1), {}, {"recipe.own": "Own"})
    assert (names.labels.get(BLOCKS), names.labels["recipe.own"]) == (None, "Own")


def test_models_that_are_varied_as_a_whole_go_by_their_titles() -> None:
    given = make_findings(cases=2, seeds=1)
    values = ({"name": "resnet", "depth": 18}, {"name": "torchvision", "architecture": "mobilenet_v3_small"})
    varied = [
        replace(case, case=case.case.model_copy(update={"settings": {"model": value}}))
        for case, value in zip(given.cases, values, strict=True)
    ]
    findings, keys = replace(given, cases=tuple(varied)), [case.case.name for case in varied]

    def named(*titles: str, **labels: str) -> tuple[str, str]:
        suite = make_suite(labels=labels).model_copy(update={"vary": {"model": values}})
        names = CaseNames.of(suite, findings, dict(zip(keys, titles, strict=True)))
        cases = [replace(case, label=names.label(case)) for case in varied]
        return names.mention(*cases).replace("\u00a0", " "), names.label_of_value("model", values[1]) or ""

    assert named("ResNet18", "MobileNetV3-Small") == ("ResNet18 y MobileNetV3-Small", "MobileNetV3-Small")
    assert named("Net", "Net") == ("resnet 18 y torchvision mobilenet_v3_small", "")
    asked = {f"model={written(values[1])}": "la pequeña"}
    assert named("ResNet18", "MobileNetV3-Small", **asked) == ("ResNet18 y la pequeña", "la pequeña")
