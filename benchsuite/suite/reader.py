"""The reader: find a suite's file, read it within bounds, and report everything that is wrong with it at once."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from benchsuite.registry import CASE_PARTS, Registry
from benchsuite.registry.suite_files import ENDINGS, suite_files, suites_in
from benchsuite.suite.cases.asked_metrics import metric_names, naming_problems
from benchsuite.suite.cases.grid import complete
from benchsuite.suite.cases.plan import Case
from benchsuite.suite.planning.expand import Expansion, base_problems, compare_problems, expansion, value_at
from benchsuite.suite.planning.folds import fold_problems
from benchsuite.suite.planning.sequential import sequential_problems
from benchsuite.suite.prose.bibliography import include_files
from benchsuite.suite.prose.conditions import quotation_problems
from benchsuite.suite.prose.extent import extent_problems
from benchsuite.suite.prose.figures import figure_problems, resolved_figures
from benchsuite.suite.prose.references import COUNTED, Vocabulary, work_keys, written
from benchsuite.suite.prose.translations import in_language, prose_problems, translation_problems
from benchsuite.suite.schema.claims import claim_problems
from benchsuite.suite.schema.published import published_problems
from benchsuite.suite.schema.suite import Design, Suite
from benchsuite.suite.search.space import search_settings
from benchsuite.suite.source.problems import Mark, Problem, SuiteError, did_you_mean, one_of, printable, shown
from benchsuite.suite.source.validation import validate
from benchsuite.suite.source.yaml_nodes import LARGEST_FILE, Node, escape_problems, parse_bytes

_LOG = logging.getLogger(__name__)
REPORT = "report"
"""The kind of what gathers studies."""


def read_suite(source: str | Path, registry: Registry) -> Suite:
    """The suite of this name (in `./suites` or a plugin's suite folder) or in this file, fully checked.

    Raises SuiteError with every problem of the file, those of the grid and of the plugins' parameters included.
    """
    path = source if isinstance(source, Path) else suite_path(source, registry)
    _LOG.debug("reads %s", path)
    return parse_suite(read_file(path), shown_path(path), registry, path.parent)


def parse_suite(data: bytes, source: str, registry: Registry, folder: Path | None = None) -> Suite:
    """The suite in these bytes; `source` is what messages call them, and `folder` where files that they name lie."""
    origin, unread = parse_bytes(data, source)
    _refuse_kinds(origin)
    origin, beside, problems = include_files(complete(origin), data, folder)
    suite, found = validate(Suite, origin)
    problems += found
    for name in (*Design.model_fields, "plugins"):
        problems += escape_problems(origin.get(name) or origin, name) if name in origin.items else ()
    design: Design | None = suite
    if suite is None:
        # What is wrong with the paper must not hide what is wrong with the grid.
        wanted = {name: item for name, item in origin.items.items() if name in Design.model_fields}
        design, _ = validate(Design, Node(origin.mark, wanted))
    if design is not None:
        design.placed(origin)
        expanded = expansion(design, registry)
        problems += expanded.problems
        lines = data.decode("utf-8-sig", errors="replace").split("\n")
        problems += _prose_problems(suite, expanded, registry, lines) if suite is not None else []
    else:
        problems += base_problems(origin, registry)
    if suite is None or unread or problems:
        # What stands in the place of a value that YAML does not give is not told twice.
        places = {problem.mark for problem in unread}
        raise SuiteError(unread + [problem for problem in problems if problem.mark not in places])
    suite.keep(data.decode(errors="replace"), beside)
    return in_language(suite, suite.paper.language) if suite.translations else suite


def plugins_of(path: Path) -> tuple[Path, ...]:
    """The places of the local plugins that a suite names; none where the file does not say so properly."""
    try:
        origin, _ = parse_bytes(read_file(path), shown_path(path))
    except SuiteError:
        return ()
    given = origin.get("plugins")
    named = (item.content for item in given.elements) if given is not None else ()
    return tuple(path.parent / place for place in named if isinstance(place, str) and place)


def is_report(path: Path) -> bool:
    """Whether a file declares a report, which gathers studies; False where it cannot be read."""
    try:
        data = read_file(path)
        if b"kind" not in data:  # most suites, which need not be read for this
            return False
        origin, _ = parse_bytes(data, shown_path(path))
    except SuiteError:
        return False
    kind = origin.get("kind")
    return kind is not None and kind.content == REPORT


def _refuse_kinds(origin: Node) -> None:
    """Raise SuiteError for what says that it is no study."""
    kind = origin.get("kind")
    if kind is None:
        return
    if kind.content == REPORT:
        what = "this is a report, which gathers studies and has no runs of its own"
        expected, remedy = (
            "a study",
            "name one of its studies; of a report there are run, paper, plan, show and references",
        )
        raise SuiteError([Problem(kind.mark, "kind", what, None, expected, remedy)])
    near = did_you_mean(str(kind.content), [REPORT]) or "remove this line"
    expected = f"{REPORT}, or no kind at all: a study"
    raise SuiteError([Problem(kind.mark, "kind", f"{shown(kind.plain())} is no kind of suite", None, expected, near)])


def name_in(path: Path) -> str | None:
    """The name that a suite's file gives the suite; None where there is no such file, or none that says so."""
    try:
        origin, _ = parse_bytes(read_file(path), shown_path(path))
    except SuiteError:
        return None
    name = origin.get("name")
    return str(name.content) if name is not None else None


def suite_path(source: str, registry: Registry) -> Path:
    """The file of the suite that a name, or a path, means. Raises SuiteError when there is none, or several."""
    if source.endswith(ENDINGS) or "/" in source or "\\" in source:
        return Path(source)
    files = suite_files(registry)
    found = files.get(source, ())
    if len(found) == 1:
        return found[0]
    mark = Mark("suite")
    if found:
        what = f"two plugins provide a suite named {shown(source)}"
        raise SuiteError([Problem(mark, "", what, source, one_of([str(path) for path in found]), "give its path")])
    what = f"no suite is named {shown(source)}"
    beside = next((f"{source}{ending}" for ending in ENDINGS if Path(f"{source}{ending}").is_file()), None)
    remedy = f"did you mean the file {shown(beside)}?" if beside else did_you_mean(source, files)
    remedy = remedy or "give the path of a .yaml file"
    raise SuiteError([Problem(mark, "", what, source, one_of(list(files)), remedy)])


def read_file(path: Path) -> bytes:
    """At most one byte more than a suite may have, so that a huge file is refused and not read."""
    mark = Mark(shown_path(path))
    try:
        if not path.is_file():
            there = "is no file" if path.exists() else "does not exist"
            near = did_you_mean(path.name, [other.name for other in suites_in(path.parent)])
            remedy = near or "correct the path, or see the suites that there are with benchsuite list"
            raise SuiteError([Problem(mark, "", f"it {there}", None, "the name of a suite, or a .yaml file", remedy)])
        with path.open("rb") as file:
            return file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        what = f"it cannot be read: {printable(getattr(error, 'strerror', None) or str(error))}"
        raise SuiteError([Problem(mark, "", what)]) from None


def shown_path(path: Path) -> str:
    """The path from here, where the file lies below the current folder."""
    try:
        return printable(str(path.absolute().relative_to(Path.cwd())))
    except (OSError, ValueError):
        return printable(str(path))


def _prose_problems(suite: Suite, expanded: Expansion, registry: Registry, lines: Sequence[str]) -> list[Problem]:
    """What only shows when the whole file is known: comparisons, claims, quotes and citations of what there is not,
    labels of nothing, names given twice."""
    problems = compare_problems(suite, expanded.cases) + naming_problems(suite, registry)
    problems += sequential_problems(suite) + fold_problems(suite) + figure_problems(suite, registry)
    problems += prose_problems(suite, extent_problems)
    if expanded.cases and not expanded.problems and not problems:
        claims = suite.origin.get("claims")
        names = [case.name for case in expanded.cases]
        find = Vocabulary(suite, expanded.cases).find
        problems += claim_problems(suite.claims, claims.elements if claims is not None else (), find, names)
        known = [*component_works(suite, expanded.cases, registry)]
        published = suite.origin.get("published")
        figures = published.elements if published is not None else ()
        problems += published_problems(suite.published, figures, find, names, work_keys(suite, known))

        def check(said: Suite) -> list[Problem]:
            return quotation_problems(Vocabulary(said, expanded.cases), lines, known)

        problems += prose_problems(suite, check)
    problems += translation_problems(suite)
    paper = suite.origin.get("paper")
    if paper is None:
        return problems
    labels = paper.get("labels")
    searched = [setting.path for setting in search_settings(suite)]
    named = _named(expanded.cases) if labels is not None else set()
    metrics = metric_names(suite)
    for path, item in (labels.items if labels is not None else {}).items():
        if (
            expanded.cases
            and path not in (*metrics, *searched)
            and path not in named
            and not _has(expanded.cases, path)
        ):
            known = [*dict.fromkeys(path for case in expanded.cases for path in case.settings), *searched, *metrics]
            what = f"there is no {shown(path)} to label"
            problems.append(Problem(item.key, "paper.labels", what, path, None, did_you_mean(path, known)))
    return problems + repeated_names(paper)


def repeated_names(paper: Node) -> list[Problem]:
    """Works and sections of a paper that bear the same name."""
    problems = _repeated(_values(paper.get("references"), "key"), "paper.references", "reference")
    return problems + _repeated(_section_ids(paper.get("sections")), "paper.sections", "section")


def component_works(suite: Suite, cases: Sequence[Case], registry: Registry) -> Iterator[str]:
    """The BibTeX of components and figures; what a plugin fails to tell is found when the paper is made."""
    parts = [(kind, getattr(case, kind)) for case in cases for kind in CASE_PARTS]
    parts += [("figure", found.component) for found in resolved_figures(suite, registry) if found.component is not None]
    for kind, part in {f"{kind} {part.model_dump_json()}": (kind, part) for kind, part in parts}.values():
        entry = registry.entry(kind, part.qualified_name)
        with suppress(Exception):
            params = entry.parse(part.parameters)
            component: Any = entry.component
            told = component.card(params).bibtex if kind == "dataset" else component.bibtex(params)
            if isinstance(told, str):
                yield told


def _named(cases: Iterable[Case]) -> set[str]:
    """What cases are called, what they set, and each value of that («path=value»)."""
    named = {case.name for case in cases}
    for case in cases:
        for path, value in case.settings.items():
            named |= {path, f"{path}={written(value)}", f"{path}={COUNTED}"}
    return named


def _has(cases: Iterable[Case], name: str) -> bool:
    """Whether some case has a parameter of this name."""
    return any(value_at(case, name)[0] for case in cases)


def _values(nodes: Node | None, name: str) -> list[Node]:
    elements = nodes.elements if nodes is not None else ()
    return [value for element in elements if (value := element.get(name)) is not None and value.content is not None]


def _section_ids(sections: Node | None) -> list[Node]:
    ids = _values(sections, "id")
    for section in sections.elements if sections is not None else ():
        ids += _section_ids(section.get("sections"))
    return ids


def _repeated(nodes: Iterable[Node], path: str, word: str) -> list[Problem]:
    problems = []
    seen: set[object] = set()
    for node in nodes:
        if node.content in seen:
            what = f"two {word}s are called {shown(node.content)}"
            problems.append(Problem(node.mark, path, what, node.content, remedy="rename one"))
        seen.add(node.content)
    return problems
