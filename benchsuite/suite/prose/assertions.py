"""Sentences of the prose that other results would contradict: what says how cases compare, and says so always.

Where results are told, a sentence outside every choice warns when it has a verb or a comparative of outcome beside a
case, whether named or quoted; so do phrases that leave the result to the reader, that say how networks learn as a
general truth, or that appeal to a literature which they do not cite. What other works say (with a citation), what is
only possible («si», «podría») and quoted claims are left alone.
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
    r"|\ba (?:costa|cambio) de (?:un[ao]s? )?\w+ (?:más|menos|mayor|menor)(?:es)?\b"
    r"|\b(?:outperform|surpass|exceed|worsen|match)(?:e?s|ed)?\b|\b(?:beats?|does (?:better|worse|as well))\b"
    r"|\bimproves? (?:on|upon|over|accuracy|the)\b|\b(?:better|worse|faster|slower|cheaper|costlier) than\b"
    r"|\b(?:more|less) (?:accurate|precise|expensive) than\b"
    r"|\b(?:is|are) the (?:best|worst|fastest|slowest|cheapest|(?:most|least) \w+)\b"
    r"|\bconverges? (?:earlier|later|faster|more slowly)\b|\btakes? (?:longer|less time)\b"
    r"|\bcannot be told apart\b|\b(?:stays?|remains?) (?:above|below)\b"
    r"|\bat the (?:price|cost|expense) of (?:an? )?(?:more|less|fewer|\w+er)\b",
    re.IGNORECASE,
)
"""How Spanish, or English, says that one case did better or worse than another."""
_SHOWS = r"(?:muestran?|indican?|revelan?|señalan?|enseñan?|aclaran?|dicen?)"
_SHOWS_IN_ENGLISH = r"(?:shows?|indicates?|reveals?|tells?|says?|makes? clear)"
_MEASURED = r"(?:es[aeo]s?|est[aeo]s?|aquell(?:a|o|as|os)|ambas?|ambos)(?: \w+)?"
EVASION = re.compile(
    r"\bpermiten? (?:juzgar|elegir|decidir|sopesar|ver|apreciar)\b|\bapenas se distinguen?\b"
    rf"|(?<!no )\b{_SHOWS} (?:también |además |asimismo )?(?:si|cuándo|cuánt[oa]s?|cómo|hasta (?:dónde|qué))\b"
    r"|(?<!no )\bdejan? (?:ver|apreciar)\b|\b(?:debe|puede)n? (?:leerse|verse|juzgarse|apreciarse) en\b"
    rf"|(?:^|[.,;:(]\s)si (?:{_MEASURED} )?(?:es (?!así\b)|son |sigue|queda|incluye|contiene|resulta|está)"
    r"|\bque se (?:obtiene|observa|aprecia)n? aquí\b"
    r"|\ballows? (?:judging|choosing|deciding|weighing|seeing)\b|\bcan (?:hardly|barely) be told apart\b"
    rf"|(?<!not )\b{_SHOWS_IN_ENGLISH} (?:also )?(?:whether|when|how (?:much|many|far|fast|soon|long|early|late))\b"
    r"|(?<!not )\blets? (?:\w+ )+?(?:be )?seen?\b|\b(?:should be read|can be seen) (?:in|from)\b"
    r"|(?:^|[.,;:(]\s)if (?:it|that|this|those|these|both)(?: \w+)? (?:is|are|stays?|remains?|includes?|contains?)\b"
    r"(?! so\b)|\b(?:that|which) (?:is|are) (?:found|obtained|observed|seen) here\b",
    re.IGNORECASE,
)
"""What announces a result, waves at one, or says what it would mean if it were one, in the place of saying it."""
LEARNING = re.compile(
    r"\b(?:memoriza|sobreajusta|aprovecha mejor|generaliza (?:mejor|peor))n?\b|\b(?:cuyas|sus) oscilaciones\b"
    r"|\b(?:memoriz|overfit)(?:e?s|ed|ted)\b|\bmakes? better use\b|\bgeneraliz(?:es?|ed) (?:better|worse)\b"
    r"|\b(?:whose|its) oscillations\b",
    re.IGNORECASE,
)
"""How networks learn, said as if it were known."""
HEARSAY = re.compile(
    r"\b(?:la literatura|la bibliografía) (?:\w+ )?(?:aconseja|recomienda|dice|muestra|señala|coincide)\b"
    r"|\b(?:aconseja|recomienda|dice|muestra|señala) la (?:literatura|bibliografía)\b"
    r"|\b(?:es|bien) sabido\b|\bse sabe que\b"
    r"|\bthe literature (?:\w+ )?(?:advises|recommends|says|shows|agrees)\b|\bit is (?:well )?known that\b"
    r"|\baccording to the literature\b",
    re.IGNORECASE,
)
"""An appeal to works that are not named."""
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
        sentences = SENTENCE.split(outside(parse(text, vocabulary)[0]))
        for place, sentence in enumerate(sentences):
            evidence = sentences[place + 1] if sentence.endswith(":") and place + 1 < len(sentences) else ""
            what, remedy = _fault(sentence, evidence, names, vocabulary)
            if what:
                warnings.append(Problem(_locate(mark, sentence, lines), path, what, None, remedy=remedy))
    return warnings


def _fault(sentence: str, evidence: str, names: re.Pattern[str] | None, vocabulary: ProseVocabulary) -> tuple[str, str]:
    """What is wrong with a sentence, and the remedy. `evidence` is what follows its colon: «es más lenta: {{…}}»."""
    quoted = next(_quoted_cases(f"{sentence} {evidence}", vocabulary), None)
    words = REFERENCE.sub("", sentence)
    found = OUTCOME.search(words)
    if "[[" in sentence and (quoted is None or found is None):
        return "", ""
    if evading := EVASION.search(words):
        what = f"{shown(evading[0].strip(' .,;:('))} leaves the result to the reader"
        return what, "say what came out, in {{if claim …}} or a quote"
    if hearsay := HEARSAY.search(words):
        return f"{shown(hearsay[0])} names no work", "cite one, as in [[key]]"
    for part in re.split("[,;]", words):
        if (learning := LEARNING.search(part)) and not _POSSIBLE.search(part):
            what = f"{shown(learning[0])} asserts how networks learn whatever the runs say"
            return what, "quote what shows it, cite who found it, or say that it may be so"
    if found is None or _POSSIBLE.search(words):
        return "", ""
    named = names.search(words) if names is not None else None
    case = named[0] if named is not None else quoted
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
