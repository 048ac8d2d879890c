"""Sentences of the prose that other results would contradict: what says how cases compare, and says so always.

Where results are told, a sentence outside every choice warns when it has a verb or a comparative of outcome beside a
case, whether named or quoted; so do phrases that leave the result to the reader. What other works say (with a
citation), what is only possible («si», «podría») and quoted claims are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from benchsuite.suite.cases.plan import Case
from benchsuite.suite.prose.conditions import outside, parse
from benchsuite.suite.prose.references import (
    REFERENCE,
    SENTENCE,
    ProseVocabulary,
    Quoted,
    UnknownReference,
    Vocabulary,
    result_texts,
)
from benchsuite.suite.prose.report_references import ReportVocabulary
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import Mark, Problem, shown

OUTCOME = re.compile(
    r"\b(?:supera|superó|aventaja|empeora|empeoró|gana|ganó|vence|venció|iguala|igualó)(?:n|ron)?\b"
    r"|(?<!\bla )(?<!\buna )(?<!\bcada )\b(?:mejora|mejoró)(?:n|ron)?(?= (?:a|al|la|el|las|los|en|sobre|respecto)\b)"
    r"|\b(?:mejor|peor) que\b|\b(?:más|menos) (?:exact|precis|rápid|lent|barat|car)[oa]s? que\b"
    r"|\bes (?:la|el) (?:mejor|peor|(?:más|menos) \w+)\b|\brinden? (?:más|menos|mejor|peor|igual|lo mismo)\b"
    r"|\baciertan? (?:más|menos)\b|\bconvergen? (?:antes|después|más)\b|\btardan? (?:más|menos)\b"
    r"|\bno se distinguen?\b|\bqueda(?:n|ron)? por (?:encima|debajo)\b"
    r"|\b(?:outperform|surpass|exceed|worsen|match)(?:e?s|ed)?\b|\b(?:beats?|does (?:better|worse|as well))\b"
    r"|\bimproves? (?:on|upon|over|accuracy|the)\b|\b(?:better|worse|faster|slower|cheaper|costlier) than\b"
    r"|\b(?:more|less) (?:accurate|precise|expensive) than\b"
    r"|\b(?:is|are) the (?:best|worst|fastest|slowest|cheapest|(?:most|least) \w+)\b"
    r"|\bconverges? (?:earlier|later|faster|more slowly)\b|\btakes? (?:longer|less time)\b"
    r"|\bcannot be told apart\b|\b(?:stays?|remains?) (?:above|below)\b",
    re.IGNORECASE,
)
"""How Spanish, or English, says that one case did better or worse than another."""
EVASION = re.compile(
    r"\bpermiten? (?:juzgar|elegir|decidir|sopesar)\b|\bapenas se distinguen?\b"
    r"|\ballows? (?:judging|choosing|deciding|weighing)\b|\bcan (?:hardly|barely) be told apart\b",
    re.IGNORECASE,
)
"""What announces a result, or waves at one, in the place of saying it."""
_POSSIBLE = re.compile(
    r"\b(?:si|podrían?|puede[n]?|cabe|deberían?|habrían?|suelen?|tienden?|trabajo previo|informe de partida"
    r"|if|whether|may|might|can|could|should|would|often|usually|tends?|earlier work)\b",
    re.IGNORECASE,
)
_OF_CASE = frozenset({"metric", "difference", "count"})


def asserted_results(suite: Suite, cases: Sequence[Case]) -> list[Problem]:
    """Warnings: sentences where results are told that the results cannot change."""
    vocabulary = Vocabulary(suite, cases)
    return _asserted(vocabulary, [vocabulary])


def asserted_in_report(vocabulary: ReportVocabulary) -> list[Problem]:
    """The same of the prose of a report, on any case of its studies."""
    return _asserted(vocabulary, vocabulary.studies.values())


def _asserted(vocabulary: ProseVocabulary, studies: Iterable[Vocabulary]) -> list[Problem]:
    names = _names(studies)
    lines = vocabulary.suite.text.split("\n")
    warnings = []
    for path, mark, text in result_texts(vocabulary.suite):
        for sentence in SENTENCE.split(outside(parse(text, vocabulary)[0])):
            what, remedy = _fault(sentence, names, vocabulary)
            if what:
                warnings.append(Problem(_locate(mark, sentence, lines), path, what, None, remedy=remedy))
    return warnings


def _fault(sentence: str, names: re.Pattern[str] | None, vocabulary: ProseVocabulary) -> tuple[str, str]:
    if "[[" in sentence:
        return "", ""
    words = REFERENCE.sub("", sentence)
    if found := EVASION.search(words):
        return f"{shown(found[0])} leaves the result to the reader", "say what came out, in {{if claim …}} or a quote"
    found = OUTCOME.search(words)
    if found is None or _POSSIBLE.search(words):
        return "", ""
    named = names.search(words) if names is not None else None
    case = named[0] if named is not None else next(_quoted_cases(sentence, vocabulary), None)
    if case is None:
        return "", ""
    what = f"{shown(found[0])} asserts a result of {shown(case)} whatever the runs say"
    return what, "put it between {{if difference …}} or {{if claim …}} and {{end}}"


def _names(studies: Iterable[Vocabulary]) -> re.Pattern[str] | None:
    """What prose calls the cases: their names and labels, and the labels of the values that set them apart."""
    called: set[str] = set()
    for study in studies:
        own = {case.name for case in study.cases}
        called |= own
        called |= {label for path, label in study.suite.paper.labels.items() if path in own or "=" in path}
    written = sorted((name for name in called if len(name) > 1 and re.search(r"[^\W\d_]", name)), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, written))})(?!\w)") if written else None


def _quoted_cases(sentence: str, vocabulary: ProseVocabulary) -> Iterator[str]:
    for found in REFERENCE.finditer(sentence):
        try:
            quoted: Quoted = vocabulary.read(found[1])
        except UnknownReference:
            continue  # an error of its own
        if quoted.kind in _OF_CASE:
            yield quoted.case


def _locate(mark: Mark, sentence: str, lines: Sequence[str]) -> Mark:
    """Where the sentence begins, however YAML folds its lines; where the text does, if that cannot be told."""
    opening = " ".join(sentence.split("…")[0].split("\n")[0].split()[:3])
    for number in range(mark.line or len(lines) + 1, len(lines) + 1):
        if opening and (column := lines[number - 1].find(opening)) >= 0:
            return Mark(mark.source, number, column + 1)
    return mark
