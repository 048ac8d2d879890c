"""Lists, dates and counts, in Spanish and in English."""

from __future__ import annotations

from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.phrases import alternatives, date, listing
from benchsuite.paper.language.typography import NBSP as N


def test_dates_and_lists() -> None:
    assert date("2026-11-21T10:00:00Z") == f"21{N}de noviembre de{N}2026"
    assert listing(["a", "b", "c"]) == f"a, b y{N}c"
    assert listing(["padres", "hijos"]) == f"padres e{N}hijos"
    assert listing(["agua", "hielo"]) == f"agua y{N}hielo"
    assert listing(["a"]) == "a"
    assert listing([]) == ""
    assert alternatives(["cero", "uno", "dos"]) == f"cero, uno o{N}dos"
    assert alternatives(["uno", "ocho"]) == f"uno u{N}ocho"


def test_dates_and_lists_in_english() -> None:
    with speaking("en"):
        assert date("2026-11-21T10:00:00Z") == f"November{N}21, 2026"
        assert listing(["parents", "infants"]) == f"parents and{N}infants"
        assert listing(["a", "b", "c"]) == f"a, b, and{N}c"


def test_counts() -> None:
    assert say("count-seed", n=1) == "una semilla"
    assert say("count-trial", n=1) == "un ensayo"
    assert say("count-seed", n=10) == f"10{N}semillas"
    assert say("count-configuration", n=1) == "una configuración"
    assert f"dos{N}ejecuciones comunes" in say("comparison-common", n=2)
    with speaking("en"):
        assert [say("count-seed", n=n) for n in (1, 10)] == ["one seed", f"10{N}seeds"]
