"""Language is data: every language has every message, with the same variables; code uses them all and has no words."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

import benchsuite
from benchsuite.paper.language.catalogue import VARIABLE, catalogue, find, say
from benchsuite.paper.language.current import speaking, spoken
from benchsuite.paper.language.typography import NARROW, NBSP
from benchsuite.suite.schema.suite import Language

LANGUAGES: tuple[Language, ...] = get_args(Language)
PACKAGE = Path(benchsuite.__file__).parent
ROOMS = (PACKAGE / "paper", PACKAGE / "analysis", PACKAGE / "metrics.py")
TEMPLATES = Path(str(resources.files("benchsuite_report_templates")))
SPANISH = re.compile(
    r"[áéíóúñ¿¡]|\b(?:el|la|los|las|un|una|del|al|de|que|por|para|sin|según|entre|desde|es|son|se|su|sus|ni|cada|"
    r"todas|todos|figura|cuadro|tabla|semilla|semillas|red|datos|resultados|resumen)\b",
    re.IGNORECASE,
)
ALLOWED = {
    "Ã(?![A-ZÁÉÍÓÚÑÜÕÇ])|â€|ğŸ|Â[\u00a0-\u00bf]|\ufffd", "UTF-8 text such as «clasificación»", " {\"'“¿¡(«",
    r"(?i)\W*h?[ií](?![aeiouáéóú])", "[^a-záéíóúüñ]*", r";\s|\.\s+(?=[A-ZÁÉÍÓÚÑ«¿])|\.$",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÁÉÍÓÚÑÜ▲▼§«» .,-0123456789abcdefghijklmnopqrstuvwxyz", " *et al.*", "es",
    "min max log ln exp sin cos tan tanh lim arg argmin argmax det sup inf Pr",
}  # fmt: skip
"""Letters that patterns and fonts know, an example of a spoilt text, Latin, the name of a language, and TeX."""


def sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from [room] if room.is_file() else sorted(room.rglob("*.py"))


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The string constants of a module that are no docstrings and no annotations."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            passed.add(id(node.value))
        for given in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if given is not None:
                passed |= {id(below) for below in ast.walk(given)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed:
            yield node.lineno, node.value


def names_used() -> tuple[set[str], list[re.Pattern[str]]]:
    """The names of messages in code and templates, and patterns of those that are put together."""
    names: set[str] = set()
    patterns: list[re.Pattern[str]] = []
    for file in sources():
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names |= {text for _, text in strings(tree)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else r"[\w./-]+" for part in node.values
                ]
                if isinstance(node.values[0], ast.Constant) and re.match(r"[a-z]+-", node.values[0].value):
                    patterns.append(re.compile("".join(parts)))
    for file in sorted(TEMPLATES.rglob("*.j2")):
        names |= set(re.findall(r'say\("([^"]+)"', file.read_text(encoding="utf-8")))
    for file in sorted(TEMPLATES.rglob("*.js")):
        names |= set(re.findall(r"⟦([^\s⟧]+)", file.read_text(encoding="utf-8")))
    return names, patterns


def messages(language: Language) -> dict[str, set[str]]:
    """The variables of each message, over its forms and contexts."""
    found: dict[str, set[str]] = defaultdict(set)
    for (name, _), forms in catalogue(language).forms.items():
        for form in forms:
            found[name] |= {name for name, _ in VARIABLE.findall(form)} - {"n"}
    return dict(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_message(language: Language) -> None:
    every = {name for other in LANGUAGES for name in messages(other)}
    assert not every - messages(language).keys()
    assert all(form for forms in catalogue(language).forms.values() for form in forms)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_has_words_without_a_context(language: Language) -> None:
    assert not [name for name, _ in catalogue(language).forms if (name, "") not in catalogue(language).forms]


def test_the_variables_of_a_message_are_the_same_in_every_language() -> None:
    told = {language: messages(language) for language in LANGUAGES}
    assert not [name for name in told["es"] if len({frozenset(told[language][name]) for language in LANGUAGES}) > 1]


def test_a_message_depends_on_a_number_in_every_language_or_in_none() -> None:
    def several(language: Language) -> set[str]:
        return {name for (name, _), forms in catalogue(language).forms.items() if len(forms) > 1}

    assert len({frozenset(several(language)) for language in LANGUAGES}) == 1


def test_the_code_uses_every_message() -> None:
    names, patterns = names_used()
    assert not [
        name for name in messages("es") if name not in names and not any(each.fullmatch(name) for each in patterns)
    ]


def test_the_code_asks_for_no_message_that_there_is_not() -> None:
    asked = set()
    for file in sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
                first = node.args[0]
                choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                asked |= {one.value for one in choices if isinstance(one, ast.Constant)}
    assert len(asked) > 200
    assert not asked - messages("es").keys()


def test_the_code_has_no_spanish_of_its_own() -> None:
    found = [
        f"{file.relative_to(PACKAGE.parent)}:{line}: {text}"
        for file in sources()
        for line, text in strings(ast.parse(file.read_text(encoding="utf-8")))
        if SPANISH.search(text) and text not in ALLOWED
    ]
    assert not found


def test_templates_have_no_spanish_of_their_own() -> None:
    found = []
    for file in [*sorted(TEMPLATES.rglob("*.j2")), *sorted(TEMPLATES.rglob("*.js"))]:
        bare = re.sub(
            r"\{#.*?#\}|/\*.*?\*/|//[^\n]*|\{[{%].*?[%}]\}|⟦[^⟧]*⟧",
            "",
            file.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        for text in re.findall(r">([^<>{}]+)<|\"([^\"\n]+)\"|`([^`\n]+)`", bare):
            if SPANISH.search("".join(text)):
                found.append(f"{file.name}: {''.join(text)[:80]}")
    assert not found


def test_the_test_of_words_finds_them() -> None:
    planted = 'x = "docstring"\ny = f"La más rápida es {x}"\nz = "Resultados del estudio"\n'
    assert sorted(line for line, text in strings(ast.parse(planted)) if SPANISH.search(text)) == [2, 3]


def test_what_is_said_is_in_the_language_that_is_spoken() -> None:
    assert spoken() == "es"
    with speaking("en"):
        assert say("references") == "References"
        with speaking("es"):
            assert say("references") == "Referencias"
    assert say("references") == "Referencias"


def test_words_are_set_once_and_numbers_as_they_are_printed() -> None:
    assert (
        say("failure", case="{seed}", seed=12345, reason="{{x}}") == f"{{seed}}, semilla\u00a012{NARROW}345: {{{{x}}}}"
    )


def test_references_to_figures_stay() -> None:
    assert "{{fig-classes}}" in say("classes-differ", least="1", most="2")


def test_a_context_without_words_of_its_own_has_those_without_one() -> None:
    assert say("the-metric", context="masculine", metric="x") == "el x"
    assert say("the-metric", context="feminine", metric="x") == "la x"
    with speaking("en"):
        assert say("the-metric", context="masculine", metric="x") == "the x"


def test_a_message_that_there_is_not_is_found_nowhere() -> None:
    assert find("no-such-message") is None
    with pytest.raises(KeyError, match="no-such-message"):
        say("no-such-message")


def test_numbers_of_one_digit_are_in_words_where_a_message_says_so() -> None:
    assert [say("count-seed", n=n) for n in (0, 2, 9, 10)] == [
        f"cero{NBSP}semillas", f"dos{NBSP}semillas", f"nueve{NBSP}semillas", f"10{NBSP}semillas",
    ]  # fmt: skip
    with speaking("en"):
        assert say("count-seed", n=5) == f"five{NBSP}seeds"
