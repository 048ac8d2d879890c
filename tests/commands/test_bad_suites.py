"""What a user sees of a suite that cannot be used: one screen, exit code 2, and nothing started."""

from __future__ import annotations

import pytest

from support.plugins import OBSERVER, SUITE, TINY
from support.program import Program

TWO_VALUES = "[2, 4]"


def changed(old: str, new: str) -> str:
    assert old in SUITE
    return SUITE.replace(old, new)


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

BAD_SUITES = {
    "an unknown data set": (changed("name: squares}", "name: squore}"), ("no dataset", "squore", "squares")),
    "an unknown model": (changed("name: speck", "name: spec"), ("no model", "'spec'", "did you mean 'speck'")),
    "an unknown recipe": (changed("finetune", "finetuna"), ("no recipe", "did you mean 'finetune'")),
    "an unknown parameter": (changed("max_epochs", "max_epoch"), ("max_epoch", "did you mean 'max_epochs'")),
    "an unknown axis path": (changed("model.width: [", "model.widht: ["), ("widht", "did you mean")),
    "a value of the wrong type": (changed("max_epochs: 3", "max_epochs: tres"), ("max_epochs", "tres")),
    "a value out of bounds": (changed("max_epochs: 3", "max_epochs: 0"), ("max_epochs", "0")),
    "an empty axis": (changed(TWO_VALUES, "[]"), ("model.width",)),
    "a grid that excludes everything": (
        changed("seeds: 2\ncompare", "exclude: [{model.width: 2}, {model.width: 4}]\nseeds: 2\ncompare"),
        ("exclude",),
    ),
    "a value given twice": (changed(TWO_VALUES, "[2, 2]"), ("twice",)),
    "a case given twice": (
        changed("vary:\n  model.width: [2, 4]", "cases: [{name: a, set: {model.width: 2}}, {name: b}]").replace(
            "name: speck", "name: speck, width: 2"
        ),
        ("'a'", "'b'", "same parameters"),
    ),
    "another size than stated": (changed("cases: 2", "cases: 3"), ("expands to 2 cases", "3")),
    "a syntax error": (changed("size: {cases: 2, seeds: 2}", "size: {cases: 2, seeds: 2"), ("squares_width.yaml:",)),
    "tabs": (changed("  model.width", "\tmodel.width"), ("tab",)),
    "a key given twice": (SUITE + "\nname: other\n", ("name", "twice")),
    "no suite at all": ("- just\n- a list\n", ("mapping",)),
    "an empty file": ("", ("empty",)),
    "an alias bomb": (ALIASES, ("alias",)),
    "a tag that names code": (
        changed("Un estudio mínimo sobre {{seeds}}.", "!!python/object/apply:os.system ['x']"),
        ("tag",),
    ),
    "bytes that are not UTF-8": (SUITE.encode("latin-1"), ("UTF-8",)),
    "a bibliography whose macros double thirty times": (
        SUITE
        + '  bibliography: |\n    @string{a0 = "xxxxxxxxxx"}\n'
        + "".join(f"    @string{{a{n + 1} = a{n} # a{n}}}\n" for n in range(30))
        + "    @misc{k, title = a30}\n",
        ("its macros come to more than 1,000,000 characters", "squares_width.yaml:"),
    ),
    "a title of nothing": (
        changed("title: Anchura y exactitud", "title: '  '"),
        ("nothing of this text can be seen", "title"),
    ),
    "an author without a name": (changed("Ada Ejemplo", "' '"), ("an author has no name", "paper.authors[0].name")),
    "an author of what cannot be seen": (changed("Ada Ejemplo", '"\\u200b\\x01 "'), ("an author has no name",)),
    "more formulas than a paper can hold": (
        changed("sobre {{seeds}}.", "sobre " + "$x$ " * 501),
        ("the paper has 501 formulas", "at most 500"),
    ),
    "a text that is repeated a thousand times": (
        SUITE
        + "  sections:\n  - {title: A, text: &t "
        + "palabra " * 1000
        + "}\n"
        + "  - {title: B, text: *t}\n" * 200,
        ("the paper has 1,", "characters", "at most 1,000,000"),
    ),
    "ten megabytes": (b"# " + b"x" * 10_000_000, ("bytes", "most")),
}


@pytest.mark.parametrize(("text", "words"), BAD_SUITES.values(), ids=BAD_SUITES.keys())
def test_a_suite_that_cannot_be_used_is_refused_with_its_place(
    program: Program, text: str | bytes, words: tuple[str, ...]
) -> None:
    program.suite(text)
    outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample")
    outcome.refused("suites/squares_width.yaml", *words)
    assert not program.results.exists()


def test_a_broken_suite_does_not_hide_the_others(program: Program) -> None:
    program.suite("{", name="broken")
    outcome = program.run("list", "suites")
    assert outcome.code == 0
    assert "squares_width" in outcome.out
    assert "INVALID" in outcome.out


def test_an_unknown_suite_is_refused_with_a_suggestion(program: Program) -> None:
    program.run("plan", "square_width").refused("'square_width'", "did you mean 'squares_width'", "beans_freeze")
    program.run("plan", "suites/nowhere.yaml").refused("suites/nowhere.yaml", "does not exist")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("recipe.max_epoch=2", ("max_epoch", "did you mean")),
        ("recipe.max_epochs=dos", ("dos",)),
        ("model.width=2", ("model.width",)),
        ("nonsense", ("nonsense", "=")),
        ("=3", ("=",)),
    ],
)
def test_a_wrong_change_on_the_command_line_is_refused(program: Program, change: str, words: tuple[str, ...]) -> None:
    program.run("plan", "squares_width", "--policy", "sample", "--set", change).refused("--set", *words)


@pytest.mark.parametrize("seeds", ["none", "0", "-1", "1.5", "3-1", "0,0"])
def test_wrong_seeds_on_the_command_line_are_refused(program: Program, seeds: str) -> None:
    program.run("plan", "squares_width", "--policy", "sample", "--seeds", seeds).refused("seeds", seeds)


def test_a_plugin_that_fails_to_import_is_set_aside_and_the_rest_works(program: Program) -> None:
    program.install("broken-plugin", "import nowhere_to_be_found")
    outcome = program.run("list", "plugins")
    assert outcome.code == 0
    assert "broken-plugin" in outcome.out
    assert "set aside" in outcome.out
    assert "nowhere_to_be_found" in outcome.out + outcome.err
    assert "Traceback" not in outcome.out + outcome.err
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0


@pytest.mark.parametrize("hook", ["datasets", "models", "recipes", "suite_folders"])
def test_a_plugin_that_raises_in_a_declaring_hook_is_set_aside(program: Program, hook: str) -> None:
    source = (
        "from benchsuite.api import hookimpl\n\nbenchsuite_api = '1.0'\n\n\n@hookimpl\n"
        f"def benchsuite_{hook}():\n    raise RuntimeError('the spring is gone')\n"
    )
    program.install("raising-plugin", source)
    outcome = program.run("list", "plugins")
    assert outcome.code == 0
    for word in ("raising-plugin", "the spring is gone", f"benchsuite_{hook}"):
        assert word in outcome.out + outcome.err
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0


def test_a_name_from_two_distributions_must_be_qualified(program: Program) -> None:
    program.install("other-squares", TINY)
    program.run("plan", "squares_width", "--policy", "sample").refused(
        "tiny-squares 1.0", "other-squares 1.0", "tiny-squares:squares", "suites/squares_width.yaml:5"
    )
    program.suite(
        changed("name: squares}", "name: 'tiny-squares:squares'}").replace(
            "name: speck}", "name: 'other-squares:speck'}"
        )
    )
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0


def test_a_component_that_raises_while_planning_is_blamed_on_its_distribution(program: Program) -> None:
    source = TINY.replace(
        "        def split(name):", '        raise RuntimeError("the index is torn")\n\n        def split(name):'
    )
    program.install("torn-squares", source.replace('name = "squares"', 'name = "torn"').replace('"speck"', '"torn"'))
    program.suite(changed("name: squares}", "name: torn}"))
    program.run("plan", "squares_width", "--policy", "sample").refused(
        "the index is torn", "torn-squares 1.0", "remedy"
    )


def test_a_list_is_asked_for_by_a_name_that_exists(program: Program) -> None:
    outcome = program.run("list", "modells")
    assert outcome.code == 2
    assert "models" in outcome.err


def test_an_observer_is_listed_with_the_plugins(program: Program) -> None:
    program.install("tripping-observer", OBSERVER)
    outcome = program.run("list", "plugins")
    assert "tripping-observer" in outcome.out


DEEP = r"\sqrt{" * 36 + "x" + "} " * 35 + "}"
CANNOT_BE_SET = {
    "TeX that is none": ("sobre {{seeds}}.", r"sobre $\\frac{$.", "this equation cannot be set"),
    "TeX nested too deep": ("sobre {{seeds}}.", f"sobre ${DEEP}$.", "this equation cannot be set"),
    "a wrong encoding": ("sobre {{seeds}}.", "sobre la clasificaciÃ³n.", "spoilt by a wrong encoding"),
    "an equation that is not there": ("sobre {{seeds}}.", "sobre {{eq-nada-1}}.", "eq-nada-1"),
}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param(*facts, id=name, marks=() if name == "TeX that is none" else pytest.mark.slow)
        for name, facts in CANNOT_BE_SET.items()
    ],
)
def test_a_paper_that_cannot_be_set_is_told_before_anything_is_trained(
    old: str, new: str, told: str, program: Program
) -> None:
    program.suite(changed(old, new))
    done = program.run("run", "squares_width", "--policy", "sample")
    done.refused(told, "--no-paper")
    assert not list(program.results.rglob("record.json"))
    assert "epoch" not in done.err


@pytest.mark.slow
def test_without_its_paper_such_a_study_is_made(program: Program) -> None:
    program.suite(changed("sobre {{seeds}}.", "sobre la clasificaciÃ³n."))
    assert program.run("run", "squares_width", "--policy", "sample", "--no-paper").code == 0
    assert len(list(program.smoke_runs.rglob("record.json"))) == 4
