"""The reader finds suites by name or path and says everything that is wrong with a file, each at its place."""

# ruff: noqa: E501
from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.errors import BenchsuiteError
from benchsuite.paper.document import markup
from benchsuite.registry import Registry
from benchsuite.suite import Suite, SuiteError, parse_suite, read_suite, suite_files
from benchsuite.suite.schema.base import LONGEST_TEXT
from support.fake_components import BASE, REGISTRY, made

Read = Callable[[str], Suite]


def problems(text: str, registry: Registry = REGISTRY) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        parse_suite(text.encode(), "tiny.yaml", registry)
    return [str(problem) for problem in caught.value.problems]


def problem(old: str, new: str, registry: Registry = REGISTRY) -> str:
    """The one problem that this change of the sound suite makes."""
    assert old in BASE
    (found,) = problems(BASE.replace(old, new), registry)
    return found


def test_a_sound_suite_is_read_whole(read: Read) -> None:
    suite = read(BASE)
    assert (suite.name, suite.title, suite.seed_values) == ("tiny", "Un estudio pequeño", (0, 1))
    assert suite.vary == {"recipe.freeze.blocks": (0, 1, 2)}
    assert suite.compare is not None
    assert suite.compare.metric == "test_accuracy"
    assert suite.devices == "one"
    assert read(f"{BASE}devices: by_seed\n").devices == "by_seed"


def test_labels_may_count_what_cases_have(read: Read) -> None:
    labels = 'paper: {labels: {"recipe.freeze.blocks={n}": "un bloque | {n} bloques"}}\n'
    assert read(BASE + labels).paper.labels == {"recipe.freeze.blocks={n}": "un bloque | {n} bloques"}
    (found,) = problems(BASE + labels.replace("blocks=", "block="))
    assert "there is no 'recipe.freeze.block={n}' to label" in found


def test_the_paper_is_read_with_nested_sections(read: Read) -> None:
    paper = """paper:
  authors: [{name: Ana Pérez, affiliation: Universidad, place: Quito, email: a@b.ec}]
  abstract: Resumen.
  keywords: [uno, dos]
  labels: {recipe.freeze.blocks: Bloques, test_accuracy: Exactitud}
  sections:
    - {title: Introducción, id: introduccion, place: introduction, text: "Hola.", sections: [{title: Más}]}
  references: [{key: he2016, text: "K. He et al."}]
"""
    suite = read(BASE + paper)
    assert suite.paper.sections[0].sections[0].title == "Más"
    assert suite.paper.labels["recipe.freeze.blocks"] == "Bloques"


def test_a_text_that_no_paper_could_set_is_refused_before_anything_runs(read: Read) -> None:
    def paper(length: int) -> str:
        return f"{BASE}paper: {{abstract: {'a' * length}}}\n"

    markup.clean(read(paper(LONGEST_TEXT)).paper.abstract, "abstract")
    (found,) = problems(paper(LONGEST_TEXT + 1))
    assert "paper.abstract" in found
    assert f"{LONGEST_TEXT} characters" in found.replace(",", "")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title:", "titel:", "tiny.yaml:2:1: 'titel' is unknown here"),
        ("name: leaves", "name: leafs", "tiny.yaml:4:17: dataset.name: no dataset is named 'leafs' (expected one of: leaves); did you mean 'leaves'?"),
        ("{name: net, depth: 18}", "{depth: 18}", "tiny.yaml:5:8: model: 'name' is missing"),
        ("{name: net, depth: 18}", "net", "tiny.yaml:5:8: model: 'net' is not a mapping"),
        ("max_epochs: 30", "max_epochs: thirty", "tiny.yaml:6:34: recipe.max_epochs: 'thirty' is not an integer (expected an integer ≥ 1)"),
        ("max_epochs: 30", "max_epochs: '30'", "is not an integer (expected an integer ≥ 1); remove the quotes"),
        ("max_epochs: 30", "max_epochs: 0", "tiny.yaml:6:34: recipe.max_epochs: 0 is too small (expected an integer ≥ 1)"),
        ("max_epochs: 30", "max_epochs: true", "recipe.max_epochs: true is not an integer"),
        ("max_epochs: 30", "max_epochs: 1.5", "recipe.max_epochs: 1.5 is not an integer"),
        ("max_epochs: 30", "max_epoch: 30", "tiny.yaml:6:22: recipe: 'max_epoch' is unknown here (expected one of: max_epochs"),
        ("max_epochs: 30", "nesterov: yes", "recipe.nesterov: 'yes' is neither true nor false (expected true or false); write true"),
        ("max_epochs: 30", "freeze: {stem: alwais}", "recipe.freeze.stem: 'alwais' is not allowed (expected one of: with_first_block, always, never); did you mean 'always'?"),
        ("max_epochs: 30", "freeze: {stages: [stem, 3]}", "recipe.freeze.stages[1]: 3 is not a text"),
        ("max_epochs: 30", "milestones: [5, 2]", "tiny.yaml:6:34: recipe.milestones: the milestones do not rise"),
        ("max_epochs: 30", "weight_decay: 13", "the parameters of tune (pretend 1.0) cannot be validated: ZeroDivisionError"),
        ("depth: 18", "depth: 19", "tiny.yaml:5:27: model.depth: 19 is not allowed (expected one of: 18, 34, 50)"),
        ("name: tiny", "name: Tiny-Suite", "tiny.yaml:1:7: name: 'Tiny-Suite' has characters that are not allowed"),
        ("name: tiny", "name:", "tiny.yaml:1:1: name: null is not a text"),
        ("[0, 1, 2]", "[0, 1, dos]", "tiny.yaml:7:37: recipe.freeze.blocks: 'dos' is not an integer (expected an integer ≥ 0)"),
        ("[0, 1, 2]", "[0, 1, 1]", "tiny.yaml:7:37: vary.recipe.freeze.blocks: 1 is given twice"),
        ("[0, 1, 2]", "[]", "tiny.yaml:7:30: vary.recipe.freeze.blocks: there is nothing in it (expected a list of at least 1)"),
        ("[0, 1, 2]", "3", "tiny.yaml:7:30: vary.recipe.freeze.blocks: 3 is not a list"),
        ("{recipe.freeze.blocks", "{recipe.freeze.block", "tiny.yaml:7:8: recipe.freeze.block: there is no 'recipe.freeze.block' (expected one of: recipe.freeze.blocks,"),
        ("{recipe.freeze.blocks", "{recipe.freez.blocks", "did you mean 'recipe.freeze.blocks'?"),
        ("{recipe.freeze.blocks", "{training.blocks", "tiny.yaml:7:8: vary: 'training.blocks' is no path to a parameter"),
        ("{recipe.freeze.blocks", "{recipe..blocks", "'recipe..blocks' is no path to a parameter"),
        ("{recipe.freeze.blocks", "{recipe.max_epochs.more", "recipe.max_epochs: "),
        ("cases: 3", "cases: 4", "tiny.yaml:3:15: size.cases: the suite expands to 3 cases, not 4 (expected 3)"),
        ("seeds: 2}", "seeds: 3}", "tiny.yaml:3:25: size.seeds: the suite expands to 2 seeds, not 3 (expected 2)"),
        ("seeds: 2\n", "seeds: [1, 1]\n", "tiny.yaml:8:12: seeds: 1 is given twice"),
        ("seeds: 2\n", "seeds: [1, -1]\n", "tiny.yaml:8:12: seeds[1]: -1 is too small"),
        ("seeds: 2\n", "seeds: x\n", "tiny.yaml:8:8: seeds: 'x' is not an integer"),
        ("seeds: 2\n", "seeds: 0\n", "tiny.yaml:8:8: seeds: 0 is too small"),
        ("seeds: 2\n", "seeds: 2\ndevices: by_sed\n", "tiny.yaml:9:10: devices: 'by_sed' is not allowed (expected one of: one, by_seed); did you mean 'by_seed'?"),
        ("baseline: 0", "baseline: 7", "tiny.yaml:9:51: compare.baseline: 7 is no value of recipe.freeze.blocks (expected one of: 0, 1, 2)"),
        ("baseline: 0", "baseline: false", "compare.baseline: false is no value of"),
        ("factor: recipe.freeze.blocks", "factor: recipe.freeze.block", "compare.factor: the suite does not vary 'recipe.freeze.block' (expected one of: recipe.freeze.blocks); did you mean"),
        ("factor: recipe.freeze.blocks, baseline: 0", "baseline: freeze_block=0", "did you mean 'freeze_blocks=0'?"),
        ("baseline: 0", "baseline: 0, metric: test_acuracy", "compare.metric: no metric here is named 'test_acuracy' (expected one of: test_accuracy,"),
        ("seeds: 2\n", "seeds: 2\nexclude: [{recipe.freeze.blocks: 9}]\n", "tiny.yaml:9:11: exclude: {\"recipe.freeze.blocks\": 9} matches no case"),
        ("seeds: 2\n", "seeds: 2\nexclude: [{recipe.freeze.bloks: 1}]\n", "exclude: there is no 'recipe.freeze.bloks'; did you mean 'recipe.freeze.blocks'?"),
        ("seeds: 2\n", "seeds: 2\nexclude: [{blocks: 1}]\n", "exclude[0]: 'blocks' is no path to a parameter"),
        ("seeds: 2\n", "seeds: 2\nexclude: [{}]\n", "exclude[0]: there is nothing in it"),
        ("seeds: 2\n", "seeds: 2\npaper: {labels: {recipe.blocks: B}}\n", "paper.labels: there is no 'recipe.blocks' to label"),
        ("seeds: 2\n", "seeds: 2\npaper: {references: [{key: a, text: x}, {key: a, text: y}]}\n", "tiny.yaml:9:47: paper.references: two references are called 'a'"),
        ("seeds: 2\n", "seeds: 2\npaper: {sections: [{title: A, id: a, sections: [{title: B, id: a}]}]}\n", "two sections are called 'a'"),
        ("seeds: 2\n", "seeds: 2\npaper: {sections: [{title: A, place: Some Where}]}\n", "paper.sections[0].place: 'Some Where' has characters"),
        ("seeds: 2\n", "seeds: 2\npaper: {figures: [violins]}\n", "paper.figures[0]: 'violins' is not a mapping (expected a mapping such as {figure: {name: ...}}, perhaps with id, place)"),
        ("seeds: 2\n", "seeds: 2\npaper: {figures: violins}\n", "'violins' is not a list (expected a list, each a mapping such as {figure: {name: ...}}, perhaps with id, place)"),
        ("seeds: 2\n", "seeds: 2\npaper: short\n", "paper: 'short' is not a mapping (expected a mapping with any of template, page, language, written_in, words, authors,"),
        ("seeds: 2\n", "seeds: 2\nclaims: [it works]\n", "(expected a mapping such as {id: ..., text: ...}, perhaps with source, metric"),
        ("seeds: 2\n", "seeds: 2\ncases: [{name: 10}]\n", "cases[0].name: 10 is not a text"),
        ("seeds: 2\n", "seeds: 2\ncases: [{name: 10}]\n", "; put quotes around it"),
        ("depth: 18", "depth: '18'", "model.depth: '18' is not allowed (expected one of: 18, 34, 50); remove the quotes"),
        ("max_epochs: 30", "freeze: {stem: ALWAYS}", "recipe.freeze.stem: 'ALWAYS' is not allowed (expected one of: with_first_block, always, never); did you mean 'always'?"),
        ("max_epochs: 30", "weight_decay: '0,01'", "recipe.weight_decay: '0,01' is not a number (expected a number ≥ 0); write 0.01: decimals have a point"),
        ("max_epochs: 30", "weight_decay: 0,01", "'01' is unknown here"),
        ("max_epochs: 30", "weight_decay: 0,01", "; decimals have a point, not a comma"),
        ("max_epochs: 30", "max_epochs: 30.0", "30.0 is not an integer (expected an integer ≥ 1); write 30"),
        ("seeds: 2\n", "seeds: 0, 1\n", "; put brackets around it: [0, 1]"),
        ("[0, 1, 2]", "3", "3 is not a list (expected a list of at least 1); put brackets around it: [3]"),
        ("{recipe.freeze.blocks: [0, 1, 2]}", "{recipe: {freeze.blocks: [0, 1, 2]}}", "; write the path with dots, as in recipe.freeze.blocks"),
        ("vary: {recipe.freeze.blocks: [0, 1, 2]}", "vary: [{recipe.freeze.blocks: [0, 1, 2]}]", "one mapping is expected here: remove the dashes or brackets around it"),
        ("seeds: 2\n", "seeds: 2\nexclude: {recipe.freeze.blocks: 0}\n", "is not a list (expected a list, each a mapping); put brackets around it"),
        ("name: tiny", "name: Tiny-Suite", "; write tiny_suite"),
        ("baseline: 0", "baseline: '0'", "compare.baseline: '0' is no value of recipe.freeze.blocks (expected one of: 0, 1, 2); remove the quotes"),
        ('title: "Un estudio pequeño"', "title: 'l'hora'", "within '...' an apostrophe is written ''"),
        ('title: "Un estudio pequeño"', "title: true", "title: true is not a text (expected a text of at most 500 characters); put quotes around it"),
        ("{name: net, depth: 18}", "{name: net, <<: {depth: 18}}", "tiny.yaml:5:20: model: suites have no `<<`, with which YAML 1.1 merges mappings; write its names out here"),
        ("max_epochs: 30", 'freeze: {stages: ["C:\\temp"]}', "recipe.freeze.stages[0]: 'C:\\temp' has a control character, which a backslash has made; in double quotes a backslash begins an escape: use single quotes, or / between folders"),
        ("seeds: 2\n", 'seeds: 2\nplugins: ["C:\\new"]\n', "plugins[0]: 'C:\\new' has a control character"),
        ("seeds: 2\n", 'seeds: 2\nplugins: ["C:\\Users\\ana"]\n', "use single quotes, or / between folders"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_place_and_remedy(old: str, new: str, said: str) -> None:
    text = problems(BASE.replace(old, new))
    assert old in BASE
    assert any(said in line for line in text), text


def test_a_mistake_in_one_value_is_one_problem() -> None:
    problem("max_epochs: 30", "max_epochs: thirty")
    problem("[0, 1, 2]", "[0, 1, dos]")
    problem("name: leaves", "name: leafs")
    problem("seeds: 2\n", "seeds: [1, 1]\n")
    problem("{name: net, depth: 18}", "{depth: 18}")
    problem("[0, 1, 2]", "[0, 1, 1]")


def test_all_mistakes_of_a_file_are_said_at_once_in_its_order() -> None:
    text = (
        BASE.replace("title:", "titel:")
        .replace("leaves", "leafs")
        .replace("depth: 18", "depth: 19")
        .replace("max_epochs: 30", "max_epochs: thirty, max_epoch: 3")
        .replace("[0, 1, 2]", "[0, dos, 2]")
    )
    lines = problems(text)
    for path in ("titel", "dataset.name", "model.depth", "recipe.max_epochs", "'max_epoch'", "recipe.freeze.blocks"):
        assert any(path in line for line in lines), path
    places = [int(line.split(":")[1]) for line in lines]
    assert places == sorted(places)


def test_a_broken_grid_does_not_hide_a_broken_parameter() -> None:
    lines = problems(BASE.replace("seeds: 2\n", "seeds: x\n").replace("max_epochs: 30", "max_epochs: thirty"))
    assert len(lines) == 2
    lines = problems(BASE.replace("[0, 1, 2]", "[]").replace("depth: 18", "depth: 19"))
    assert any("model.depth: 19" in line for line in lines)


def test_a_broken_paper_does_not_hide_a_wrong_size() -> None:
    lines = problems(BASE.replace("cases: 3", "cases: 9") + "paper: {authors: [{nam: x}]}\n")
    assert any("size.cases" in line for line in lines)
    assert any("'nam' is unknown here" in line for line in lines)


def test_problems_carry_their_parts() -> None:
    with pytest.raises(SuiteError) as caught:
        parse_suite(BASE.replace("depth: 18", "depth: 19").encode(), "tiny.yaml", REGISTRY)
    (found,) = caught.value.problems
    assert (found.source, found.line, found.column, found.path, found.value) == ("tiny.yaml", 5, 27, "model.depth", 19)
    assert found.expected == "one of: 18, 34, 50"


def test_a_suite_error_survives_pickling_as_one_of_the_family() -> None:
    with pytest.raises(BenchsuiteError) as caught:
        parse_suite(b"name: [", "tiny.yaml", REGISTRY)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is SuiteError
    assert str(again) == str(caught.value)
    assert again.exit_code == 2


def test_a_name_from_two_distributions_is_told_apart_by_the_distribution() -> None:
    registry = made(None, "other")
    with pytest.raises(
        SuiteError,
        match=r"dataset\.name: several distributions provide a dataset named 'leaves': other 1\.0 and pretend 1\.0",
    ):
        parse_suite(BASE.encode(), "tiny.yaml", registry)
    text = BASE.replace("name: leaves", "name: pretend:leaves").replace("name: net", "name: 'other:net'")
    suite = parse_suite(text.replace("name: tune", "name: other:tune").encode(), "tiny.yaml", registry)
    assert suite.dataset.name == "pretend:leaves"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    return tmp_path / "home"


def write(folder: Path, name: str = "tiny", text: str = BASE) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_suite_is_found_by_name_in_a_plugins_folder_or_here_or_by_path(tmp_path: Path, home: Path) -> None:
    write(tmp_path / "plugin")
    registry = made(tmp_path / "plugin")
    assert read_suite("tiny", registry).name == "tiny"
    local = write(home / "suites", text=BASE.replace("pequeño", "local"))
    assert read_suite("tiny", registry).title == "Un estudio local"
    assert read_suite(local, registry).title == "Un estudio local"
    assert read_suite("suites/tiny.yaml", registry).title == "Un estudio local"
    assert list(suite_files(registry)) == ["tiny"]


def test_an_unknown_suite_gets_a_suggestion_and_the_list(tmp_path: Path, home: Path) -> None:
    write(tmp_path / "plugin")
    with pytest.raises(SuiteError, match=r"no suite is named 'tinny' \(expected one of: tiny\); did you mean 'tiny'\?"):
        read_suite("tinny", made(tmp_path / "plugin"))
    with pytest.raises(SuiteError, match="there is nothing to choose from"):
        read_suite("tinny", made())


def test_one_suite_name_in_two_plugins_needs_a_path(tmp_path: Path, home: Path, registry: Registry) -> None:
    from dataclasses import replace

    folders = tuple((write(tmp_path / name).parent, name) for name in ("one", "two"))
    with pytest.raises(SuiteError, match=r"two plugins provide a suite named 'tiny'.*give its path"):
        read_suite("tiny", replace(registry, suite_folders=folders))


@pytest.mark.parametrize("source", ["missing.yaml", "folder.yaml", "./nothing", "a\0b.yaml", "x" * 5000 + ".yaml"])
def test_a_path_that_is_no_file_is_said(source: str, home: Path, registry: Registry) -> None:
    (home / "folder.yaml").mkdir()
    with pytest.raises(SuiteError, match=r"does not exist|is no file|cannot be read"):
        read_suite(source, registry)


def test_a_file_that_may_not_be_read_is_said(home: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(home)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SuiteError, match="cannot be read: Permission denied"):
        read_suite(path, registry)


def test_a_file_is_named_as_seen_from_here(home: Path, registry: Registry) -> None:
    path = write(home / "suites", text="a: [")
    with pytest.raises(SuiteError, match=r"^suites/tiny\.yaml:\d:"):
        read_suite(path.absolute(), registry)


LINES = BASE.splitlines()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, len(LINES) - 1),
    st.text(alphabet=list("ab:-[]{}&*!|>'\"# \t01.,~é\x00"), max_size=25),
    st.integers(0, 30),
)
def test_a_suite_with_arbitrary_text_in_it_is_read_or_refused_with_a_suite_error(
    line: int, text: str, column: int
) -> None:
    changed = [*LINES]
    changed[line] = changed[line][:column] + text + changed[line][column:]
    try:
        parse_suite("\n".join(changed).encode(), "tiny.yaml", REGISTRY)
    except SuiteError as error:
        found = error.problems
        assert found


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        ["dataset", "model", "recipe", "vary", "cases", "exclude", "seeds", "size", "compare", "paper", "search"]
    ),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-5, 2**40)
        | st.text(max_size=8)
        | st.sampled_from(["name", "model", "recipe.max_epochs"]),
        lambda below: (
            st.lists(below, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "set", "model", "recipe.freeze", "recipe.max_epochs", "", "."]),
                below,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
)
def test_a_suite_with_an_arbitrary_value_is_read_or_refused_with_a_suite_error(key: str, value: object) -> None:
    import json

    lines = [line for line in LINES if not line.startswith(f"{key}:")]
    lines.append(f"{key}: {json.dumps(value)}")
    try:
        parse_suite("\n".join(lines).encode(), "tiny.yaml", REGISTRY)
    except SuiteError as error:
        found = error.problems
        assert found


def test_reading_and_expanding_do_not_import_torch() -> None:
    code = "import sys, benchsuite.suite; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_labels_may_name_a_case_or_a_value_of_a_setting(read: Callable[[str], Suite]) -> None:
    labels = "paper: {labels: {recipe.freeze.blocks=1: uno, freeze_blocks=2: dos, recipe.freeze.blocks: Bloques}}\n"
    assert set(read(BASE + labels).paper.labels.values()) == {"uno", "dos", "Bloques"}
    with pytest.raises(SuiteError, match=r"no 'recipe\.freeze\.blocks=7' to label"):
        read(BASE + labels.replace("blocks=1", "blocks=7"))


ARCHITECTURES = BASE.replace(
    "vary: {recipe.freeze.blocks: [0, 1, 2]}",
    "vary: {model: [{name: net, depth: 18}, {name: net, depth: 34}, {name: mlp}]}",
).replace("factor: recipe.freeze.blocks", "factor: model")


@pytest.mark.parametrize("baseline", ["mlp", "net(depth=18)", "{name: net, depth: 34}"])
def test_a_compared_component_may_be_called_by_its_name_or_as_cases_call_it(read: Read, baseline: str) -> None:
    suite = read(ARCHITECTURES.replace("baseline: 0", f"baseline: {baseline}"))
    assert suite.compare is not None


def test_components_that_the_baseline_could_be_are_told_by_whole_names() -> None:
    for wrong, said in (("resnet", "is no value of model"), ("net", "is the name of several values of model")):
        (found,) = problems(ARCHITECTURES.replace("baseline: 0", f"baseline: {wrong}"))
        assert found.endswith(
            f"compare.baseline: '{wrong}' {said} (expected one of: net(depth=18), net(depth=34), mlp)"
        )


def test_a_claim_may_speak_of_a_component_by_its_name(read: Read) -> None:
    claim = "claims: [{id: small, text: Basta., cases: [mlp], at_least: 0.5}]\n"
    assert read(ARCHITECTURES.replace("baseline: 0", "baseline: mlp") + claim).claims[0].cases == ("mlp",)


@pytest.mark.parametrize(
    "more", ["paper: {figures: violins}", "cases: {big: {recipe.max_epochs: 5}}", "paper: {sections: {Fin: x}}"]
)
def test_no_brackets_are_proposed_where_they_would_not_do(more: str) -> None:
    (found,) = problems(f"{BASE}{more}\n")
    assert "is not a list (expected a list, each a mapping such as {" in found
    assert "brackets" not in found


@pytest.mark.parametrize("value", [".nan", "-.inf", "99999999999999999999999", "2024-01-01", "1e999"])
def test_a_value_that_yaml_does_not_give_is_one_problem(value: str) -> None:
    found = problem("\nseeds: 2", f"\nseeds: {value}")
    assert "remove the quotes" not in found


@pytest.mark.parametrize("value", ["[-1]", "[0.5]", "[a, -1]"])
def test_a_list_of_wrong_entries_is_not_called_too_short(value: str) -> None:
    assert not [what for what in problems(BASE.replace("\nseeds: 2", f"\nseeds: {value}")) if "too few" in what]
    assert "there is nothing in it" in problems(BASE.replace("\nseeds: 2", "\nseeds: []"))[0]


@pytest.mark.parametrize(
    ("old", "new", "remedy"),
    [
        ("model: {", "model: net # {", "write {name: net}"),
        ("seeds: 2\ncompare", "seeds: 2\npaper: {authors: [Ana]}\ncompare", "write {name: Ana}"),
    ],
)
def test_a_name_in_place_of_a_mapping_is_told_how_to_become_one(old: str, new: str, remedy: str) -> None:
    assert any(remedy in found for found in problems(BASE.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("tiny.yml", "did you mean 'tiny.yaml'?"),
        ("TINY.yaml", "did you mean 'tiny.yaml'?"),
        ("tiny", "did you mean the file 'tiny.yaml'?"),
        ("far/other.yaml", "benchsuite list"),
    ],
)
def test_a_suite_that_is_not_there_is_told_with_the_file_that_is(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(BASE)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SuiteError) as caught:
        read_suite(source, REGISTRY)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "remedy"),
    [("0-2", "write a list: [0, 1, 2]"), ("1_000", "write 1000"), ("2-1", None), ("0-999999999", None)],
)
def test_numbers_as_other_programs_write_them_are_told_as_yaml_does(value: str, remedy: str | None) -> None:
    found = problem("\nseeds: 2", f"\nseeds: {value}")
    assert (remedy is None and "write" not in found) or (remedy is not None and remedy in found)
