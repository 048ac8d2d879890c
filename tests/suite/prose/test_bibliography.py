"""Bibliographies of suites: entries in the file or beside it, and what is wrong with them, each at its place."""

# ruff: noqa: E501

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.suite import Suite, SuiteError, parse_suite, read_suite
from benchsuite.suite.prose.bibtex import parse
from benchsuite.suite.source.yaml_nodes import LARGEST_FILE
from support.fake_components import BASE, REGISTRY

INLINE = """paper:
  bibliography: |
    @string{cvpr = "Proc. CVPR"}
    @inproceedings{he2016, author = {He, K.}, booktitle = cvpr # " 2016",
      title = {Deep residual learning}}

    @book{klaus, title = "Robot {Vision}", year = 1986}
"""


def problems(text: str, folder: Path | None = None) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        parse_suite((BASE + text).encode(), "tiny.yaml", REGISTRY, folder)
    return [str(problem) for problem in caught.value.problems]


def line_of(text: str, words: str) -> int:
    return (BASE + text)[: (BASE + text).index(words)].count("\n") + 1


def beside(folder: Path, bibliography: str = "@misc{shared, title = {Shared}}\n", name: str = "references.bib") -> Path:
    (folder / name).write_text(bibliography, encoding="utf-8")
    path = folder / "tiny.yaml"
    path.write_text(f"{BASE}paper:\n  bibliography: {name}\n", encoding="utf-8")
    return path


def test_entries_stand_in_the_suite() -> None:
    suite = parse_suite((BASE + INLINE).encode(), "tiny.yaml", REGISTRY)
    (text,) = suite.paper.bibliography
    works, faults = parse(text)
    assert not faults
    assert [work.key for work in works] == ["he2016", "klaus"]
    assert works[0].fields["booktitle"] == "Proc. CVPR 2016"
    assert parse(works[1].bibtex)[0][0].fields == works[1].fields


def test_a_file_beside_the_suite_becomes_part_of_it(tmp_path: Path) -> None:
    suite = read_suite(beside(tmp_path), REGISTRY)
    assert suite.paper.bibliography == ("@misc{shared, title = {Shared}}\n",)
    assert suite.beside == {"references.bib": "@misc{shared, title = {Shared}}\n"}
    again = Suite.model_validate_json(suite.model_dump_json())
    assert again.model_dump() == suite.model_dump()


def test_files_and_entries_may_be_mixed(tmp_path: Path) -> None:
    beside(tmp_path)
    text = "paper:\n  bibliography:\n    - references.bib\n    - |\n      @misc{own, title = {Own}}\n"
    suite = parse_suite((BASE + text).encode(), "tiny.yaml", REGISTRY, tmp_path)
    assert [parse(part)[0][0].key for part in suite.paper.bibliography] == ["shared", "own"]


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("title = {Deep residual learning}}", "title = {Deep", "@inproceedings{he2016", "the entry that begins here does not end"),
        ("{He, K.},", "{He, K.}", "booktitle", "'}' expected; is a comma missing before this?"),
        ("cvpr # ", "cvrp # ", "cvrp", "'cvrp' is not defined; put braces around the value"),
        ("@book", "@bok", "@bok", "klaus: the type @bok is unknown"),
        ("@book{klaus", "@book{He2016", "@book", "two entries are called 'He2016' (first in line 2)"),
        ('title = "Robot {Vision}"', "note = {x}", "@book", "klaus: it has no title (expected title = {…})"),
        ("year = 1986", "year = 1986, Year = 1987", "@book", "klaus: the field 'year' is given twice"),
        ("@book{klaus", "@book{k[laus", "@book", "k[laus: this key cannot be cited"),
        ("{He, K.}", "{A, B, C, D}", "@inproceedings", "a name of 'author' has too many commas"),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_line_and_column(old: str, new: str, at: str, said: str) -> None:
    assert old in INLINE
    text = INLINE.replace(old, new)
    (found,) = problems(text)
    whole = BASE + text
    column = whole.index(at) - whole.rindex("\n", 0, whole.index(at))
    assert found.startswith(f"tiny.yaml:{line_of(text, at)}:{column}: paper.bibliography: ")
    assert said in found


def test_faults_of_a_file_are_told_in_that_file(tmp_path: Path) -> None:
    path = beside(tmp_path, "% ours\n\n@misc{a, title = {A}}\n  @misc{b, note = {B}}\n")
    with pytest.raises(SuiteError) as caught:
        read_suite(path, REGISTRY)
    (found,) = caught.value.problems
    assert (Path(found.source).name, found.line, found.column) == ("references.bib", 4, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bibliography: referencias.bib", "'referencias.bib' does not exist beside the suite; did you mean 'references.bib'?"),
        ("bibliography: ../references.bib", "does not lie beside the suite (expected the name of a file there"),
        ("bibliography: /etc/references.bib", "does not lie beside the suite"),
        ("bibliography: just words", "there is no entry in it (expected BibTeX"),
        ("bibliography: [1]", "paper.bibliography[0]: 1 is not a text"),
        ("bibliography: {a: b}", "paper.bibliography[0]"),
        ("bibliography: [references.bib, references.bib]", "two works are called 'shared'"),
        ("bibliography: references.bib\n  references: [{key: shared, text: x}]", "two works are called 'shared' (the first at tiny.yaml:"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_bibliography_is_refused(text: str, said: str, tmp_path: Path) -> None:
    beside(tmp_path)
    (found,) = problems(f"paper:\n  {text}\n", tmp_path)
    assert said in found


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = beside(tmp_path)
    for content, said in (
        (b"@misc{a,\n title={\xff}}", "references.bib:2:9: byte"),
        (b"x" * (LARGEST_FILE + 1), "bytes"),
    ):
        (tmp_path / "references.bib").write_bytes(content)
        with pytest.raises(SuiteError, match=said):
            read_suite(path, REGISTRY)
    with pytest.raises(SuiteError, match="the suite is in no file"):
        parse_suite(path.read_bytes(), "tiny.yaml", REGISTRY)


@given(st.text(st.sampled_from('@misc{}a,= "#\\%\n()title1'), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    works, faults = parse(text)
    assert works or faults
    for fault in faults:
        assert 1 <= fault.line <= text.count("\n") + 1
        assert fault.column >= 1


def doubled(times: int) -> str:
    lines = ['@string{a0 = "xxxxxxxxxx"}', *(f"@string{{a{n + 1} = a{n} # a{n}}}" for n in range(times))]
    return "\n".join([*lines, f"@misc{{k, title = a{times}}}"])


def test_macros_that_double_are_bounded() -> None:
    works, faults = parse(doubled(3))
    assert (works[0].fields["title"], faults) == ("x" * 80, ())
    works, faults = parse(doubled(40))
    assert not works
    assert faults[0].what.endswith("its macros come to more than 1,000,000 characters")
    assert faults[0].line > 10
    many = '@string{a = "' + "x" * 1000 + '"}\n@misc{k, title = {t}, note = ' + " # ".join(["a"] * 2000) + "}"
    assert "its macros come to" in parse(many)[1][0].what


def test_an_entry_that_no_paper_can_set_is_told() -> None:
    (fault,) = parse("@misc{k, title = {t}, note = {" + "x" * 50_000 + "}}")[1]
    assert fault.what.startswith("k: it has 50,0")
    assert fault.expected == "at most 50,000"


def test_a_bibliography_beyond_all_measure_is_not_parsed(tmp_path: Path) -> None:
    entries = "".join(f"@misc{{k{n}, title = {{t}}}}\n" for n in range(6000))
    for number in range(6):
        (tmp_path / f"part{number}.bib").write_text(entries.replace("{k", f"{{p{number}k"))
    listed = ", ".join(f"part{number}.bib" for number in range(6))
    (told,) = problems(f"paper: {{bibliography: [{listed}]}}\n", tmp_path)
    assert "the bibliography has 1," in told
    assert "at most 1,000,000" in told


def test_a_file_that_is_too_long_is_told_once(tmp_path: Path) -> None:
    path = beside(tmp_path, "@misc{k, title = {t}}\n" * 12_000)
    with pytest.raises(SuiteError) as caught:
        read_suite(path, REGISTRY)
    (told,) = (str(problem) for problem in caught.value.problems)
    assert "at most 200,000 characters" in told


@given(st.text(alphabet='@{}"#,=a1 \n\\%()', max_size=60))
def test_looking_ahead_changes_nothing_of_what_is_read(text: str) -> None:
    from pybtex.database.input.bibtex import LowLevelParser, month_names
    from pybtex.scanner import PybtexSyntaxError
    from pybtex.utils import CaseInsensitiveDict

    from benchsuite.suite.prose.bibtex import _Parser

    def read(parser: LowLevelParser) -> list[object]:
        found: list[object] = []
        try:
            found += list(parser)
        except PybtexSyntaxError as error:
            found.append((type(error), parser.pos))
        return found

    whole = "@misc{k, title = {" + text
    for each in (text, whole):
        assert read(_Parser(each)) == read(LowLevelParser(each, macros=CaseInsensitiveDict(month_names)))
