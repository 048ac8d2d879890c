"""What a paper carries inside: everything it was made from, so that it can be checked, and rebuilt, on its own.

`results.json` holds the suite, the plan, the records and which test images each run has right; beside it lie the suite
file with its bibliography, the environment, the pinned versions, and the sample photos. Steps and tracebacks of
records stay at home. That of a report holds the report and those of its studies, whose suite files lie beside it.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
from pydantic import BaseModel, FiniteFloat, TypeAdapter
from pydantic_core import to_jsonable_python

from benchsuite.analysis.results import Results
from benchsuite.analysis.seed_image_anova import Outcomes
from benchsuite.contracts.dataset import DatasetCard
from benchsuite.contracts.recipe import Phase
from benchsuite.errors import PaperError, StoreError, first_line
from benchsuite.paper.bundle.files import BIBTEX, ENVIRONMENT, LOCK, MISTAKE, OF_STUDY, PHOTO, SUITE
from benchsuite.paper.bundle.json_texts import json_array, json_bytes, json_object, json_text, parsed
from benchsuite.paper.context.chart_checks import chart_faults
from benchsuite.paper.context.material import Material, Mistake, PaperMaterial, PluginChart, ReportMaterial
from benchsuite.paper.document.blocks import RESULTS
from benchsuite.paper.document.markup import without_folders
from benchsuite.paper.document.thumbnails import as_thumbnail
from benchsuite.store.environment import distinct_environments
from benchsuite.store.migrations import NewerRecord, load_record
from benchsuite.store.record import DatasetFacts, RunRecord
from benchsuite.store.shared_parts import SharedParts
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import MOST_RUNS, Suite
from benchsuite.suite.source.problems import printable

SCHEMA = 3
READABLE = (2, SCHEMA)
"""Formats that can be read: in 2 the records are of an older schema, and they are migrated as stored ones are."""
ARGUMENTS = ("study_arguments", "form_arguments")
"""What is attached only where there are any."""
USUAL = {"language": "es", "written_in": None, "further": (), "assignment": None, "rights": None}
"""What is attached of the form of a paper only where it is otherwise."""
LARGEST = 100_000_000
"""Bytes of a paper that is read."""
UNPACKS = 40
"""Times its own bytes to which a paper may unpack, or to LARGEST: records of one study repeat each other."""
MOST_PAGES = 1000
_PHASES = TypeAdapter(dict[str, tuple[Phase, ...]])


UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, StoreError, TypeError, ValueError,
              zlib.error)  # fmt: skip
"""What reading a file raises that was made to be no paper."""


def pack(material: Material) -> dict[str, bytes]:
    """The files that a paper carries, by name, in order. The same material gives the same bytes."""
    return _pack_report(material) if isinstance(material, ReportMaterial) else _pack_study(material)


def _pack_report(material: ReportMaterial) -> dict[str, bytes]:
    content = {
        "schema": SCHEMA,
        "benchsuite": material.version,
        "renderer": material.renderer,
        "report": material.suite.model_dump(mode="json"),
        "studies": None,
        **{name: list(given) for name in ARGUMENTS if (given := getattr(material, name))},
    }
    packed = {study.suite.name: _pack_study(study) for study in material.studies}
    told = {name: json_text(value) for name, value in content.items()}
    told["studies"] = json_array(files[RESULTS].decode().rstrip() for files in packed.values())
    made = [record for study in material.studies for record in study.results.records.values()]
    files = {RESULTS: f"{json_object(told)}\n".encode(), **_declared(material.suite), **_environments(made)}
    shared = {RESULTS, ENVIRONMENT, LOCK}
    for study, own in packed.items():
        files |= {f"{study}{OF_STUDY}{name}": content for name, content in own.items() if name not in shared}
    return files


def _pack_study(material: PaperMaterial) -> dict[str, bytes]:
    results = material.results
    content = {
        "schema": SCHEMA,
        "benchsuite": material.version,
        "renderer": material.renderer,
        "suite": results.suite.model_dump(mode="json", exclude=_usual(results.suite)),
        "plan": results.plan.model_dump(mode="json", exclude=_unused(results.plan)),
        "keys": [[case, seed, key] for (case, seed), key in results.keys.items()],
        "records": None,
        "outcomes": {key: _packed(outcomes) for key, outcomes in results.outcomes.items()},
        **({"measured": _measured(results)} if results.plan.metrics else {}),
        "card": {name: value for name, value in to_jsonable_python(material.card).items() if name != "translations"},
        "model": [material.model_title, material.model_bibtex],
        "models": material.models,
        "recipes": material.recipes,
        **({"licences": dict(material.licences)} if material.licences else {}),
        **({"recipe_words": material.recipe_words} if material.recipe_words else {}),
        "charts": to_jsonable_python(material.charts),
        "class_titles": material.class_titles,
        "configuration": material.configuration,
        **({"labels": dict(material.labels)} if material.labels else {}),
        "photos": [title for title, _ in material.samples],
        **{name: list(given) for name in ARGUMENTS if (given := getattr(material, name))},
        **({"normalisation": material.normalisation} if material.normalisation is not None else {}),
        **({"source": material.source} if material.source else {}),
        **({"phases": _told_phases(material)} if material.phases else {}),
        "mistakes": [[m.true, m.predicted, m.probability, m.run] for m in material.mistakes],
    }
    told, records = {name: json_text(value) for name, value in content.items()}, _Texts()
    told["records"] = json_array(map(records.of, results.records.values()))
    files = {RESULTS: f"{json_object(told)}\n".encode(), **_declared(results.suite)}
    files |= _environments(results.records.values())
    photos = (as_thumbnail(photo, title) for title, photo in material.samples)
    files |= {PHOTO.format(number): photo for number, photo in enumerate(photos)}
    wrong = (as_thumbnail(mistake.photo, mistake.true) for mistake in material.mistakes)
    return files | {MISTAKE.format(number): photo for number, photo in enumerate(wrong)}


def _unused(plan: Plan) -> set[str]:
    """What plans of before had not, and this one does without: papers of the same results are the same bytes."""
    return {name for name in ("sequential", "metrics", "folds") if not getattr(plan, name)}


def _told_phases(material: PaperMaterial) -> Any:
    """The phases as they are read back, where an option that is a whole number is one with a point."""
    return _PHASES.dump_python(_PHASES.validate_json(_PHASES.dump_json(dict(material.phases))), mode="json")


def _measured(results: Results) -> dict[str, dict[str, float]]:
    """What metrics of plugins gave for each run, which its record does not hold."""
    return {key: dict(record.measured) for key, record in results.records.items() if record.measured}


def _declared(suite: Suite | Report) -> dict[str, bytes]:
    """The file of a suite, and those beside it that it names."""
    if not suite.text:
        return {}
    return {SUITE: suite.text.encode(), **{name: content.encode() for name, content in suite.beside.items()}}


def _environments(records: Iterable[RunRecord]) -> dict[str, bytes]:
    """What the finished ones were made in, and the versions of what made most of them."""
    finished = (record.environment for record in records if record.status == "done")
    environments = [found.model_dump(mode="json") for found in distinct_environments(finished)]
    if not environments:
        return {}
    pinned = "".join(f"{name}=={version}\n" for name, version in sorted(environments[0]["packages"].items()))
    return {ENVIRONMENT: json_bytes(environments), LOCK: pinned.encode()}


def _usual(suite: Suite) -> dict[str, Any]:
    """What is attached only where it is not as it is in most suites."""
    usual = {name for name, value in USUAL.items() if getattr(suite.paper, name) == value}
    bare = {
        "devices": suite.devices == "one",
        "folds": suite.folds is None,
        "metrics": not suite.metrics,
        "published": not suite.published,
        "translations": not suite.translations,
    }
    return {**{name: True for name, is_usual in bare.items() if is_usual}, **({"paper": usual} if usual else {})}


def unpack(files: Mapping[str, bytes]) -> Material:
    """The material that `pack` made these files of. Raises PaperError for files that are missing, of another version
    or damaged."""
    if RESULTS not in files:
        raise PaperError("no results are attached", expected=RESULTS, remedy="give a PDF that benchsuite made")
    try:
        content = parsed(files[RESULTS].decode())
        _check_format(content)
        return _report(content, files) if "report" in content else _study(content, files)
    except NewerRecord as error:
        raise PaperError(
            f"the attached results are of a newer benchsuite: {error.what}",
            expected=f"format {SCHEMA}",
            remedy="read it with the version of benchsuite that made the paper",
        ) from error
    except UNREADABLE as error:
        raise damaged(f"its attached results cannot be read: {first_line(error)}") from error


def unpack_study(files: Mapping[str, bytes]) -> PaperMaterial:
    """The same of a paper that must be that of a study. Raises PaperError for that of a report, too."""
    material = unpack(files)
    if isinstance(material, ReportMaterial):
        raise no_study(material)
    return material


def no_study(material: ReportMaterial) -> PaperError:
    """The error for the paper of a report where that of one study is needed."""
    names = ", ".join(study.suite.name for study in material.studies)
    what = f"this is the paper of the report {material.suite.name}"
    return PaperError(what, expected="the paper of a study", remedy=f"take those of the studies it gathers: {names}")


def _check_format(content: Mapping[str, Any]) -> None:
    if content.get("schema") not in READABLE:
        raise PaperError(
            f"the attached results have format {content.get('schema')!r}",
            expected=f"format {SCHEMA}",
            remedy="read it with the version of benchsuite that made the paper",
        )


def _report(content: Mapping[str, Any], files: Mapping[str, bytes]) -> ReportMaterial:
    report = Report.model_validate_json(json.dumps(content["report"]))
    names = [step.study for step in report.studies]
    of_studies = {name for name in files if name.partition(OF_STUDY)[0] in names}
    _keep_files(report, {name: file for name, file in files.items() if name not in of_studies})
    studies = []
    for name, text in zip(names, content["studies"], strict=True):
        own = parsed(text)
        _check_format(own)
        its = {file.partition(OF_STUDY)[2]: files[file] for file in of_studies if file.partition(OF_STUDY)[0] == name}
        studies.append(_study(own, its))
        if studies[-1].suite.name != name:
            raise ValueError(f"{studies[-1].suite.name} in the place of {name}")
    return ReportMaterial(
        suite=report,
        studies=tuple(studies),
        **{name: tuple(content.get(name, ())) for name in ARGUMENTS},
        version=content["benchsuite"],
        renderer=content["renderer"],
    )


def _study(content: Mapping[str, Any], files: Mapping[str, bytes]) -> PaperMaterial:
    suite = Suite.model_validate_json(json.dumps(content["suite"]))
    _keep_files(suite, files)
    parts = SharedParts()
    measured = TypeAdapter(dict[str, dict[str, FiniteFloat]]).validate_python(content.get("measured", {}))
    read = (parts.of(load_record(record, where=RESULTS)) for record in content["records"])
    records = [record.model_copy(update={"measured": measured.get(record.key, {})}) for record in read]
    return PaperMaterial(
        results=Results(
            suite=suite,
            plan=_plan(content["plan"]),
            keys={(case, seed): key for case, seed, key in content["keys"]},
            records={record.key: record for record in records},
            outcomes={key: _unpacked(*packed) for key, packed in content["outcomes"].items()},
        ),
        card=TypeAdapter(DatasetCard).validate_json(json.dumps(content["card"])),
        model_title=content["model"][0],
        model_bibtex=content["model"][1],
        models={case: cast("tuple[str, str]", tuple(model)) for case, model in content["models"].items()},
        recipes=content.get("recipes", {}),
        licences=content.get("licences", {}),
        recipe_words=TypeAdapter(dict[str, tuple[str, str]]).validate_python(content.get("recipe_words", {})),
        charts=_charts(content.get("charts", [])),
        class_titles=content["class_titles"],
        labels=content.get("labels", {}),
        configuration=tuple(cast("tuple[str, str]", tuple(row)) for row in content["configuration"]),
        samples=tuple((title, files[PHOTO.format(number)]) for number, title in enumerate(content["photos"])),
        mistakes=tuple(
            Mistake(true, predicted, probability, run, files[MISTAKE.format(number)])
            for number, (true, predicted, probability, run) in enumerate(content["mistakes"])
        ),
        normalisation=_normalisation(content.get("normalisation")),
        source=str(content.get("source", "")),
        phases=_PHASES.validate_json(json.dumps(content.get("phases", {}))),
        **{name: tuple(content.get(name, ())) for name in ARGUMENTS},
        version=content["benchsuite"],
        renderer=content["renderer"],
    )


def _keep_files(suite: Suite | Report, files: Mapping[str, bytes]) -> None:
    beside = {name: content.decode() for name, content in files.items() if name.endswith(BIBTEX)}
    suite.keep(files.get(SUITE, b"").decode(), beside)


def _plan(content: object) -> Plan:
    """A plan as it was packed. Raises ValueError for one that a few numbers make endless."""
    plan = Plan.model_validate_json(json.dumps(content))
    if (runs := len(plan.cases) * len(plan.seeds) + len(plan.trials)) > MOST_RUNS:
        raise ValueError(f"it plans {runs:,} runs, more than {MOST_RUNS:,}")
    return plan


def _normalisation(content: Any) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and deviation as they were packed. Raises ValueError for what are no numbers."""
    if content is None:
        return None
    mean, deviation = (tuple(map(float, values)) for values in content)
    return mean, deviation


def _charts(content: object) -> tuple[PluginChart, ...]:
    """Charts as they were packed. Raises ValueError for one that cannot be drawn."""
    charts = TypeAdapter(tuple[PluginChart, ...]).validate_json(json.dumps(content))
    for one in charts:
        if faults := list(chart_faults(one.chart)):
            raise ValueError(f"{one.block}: {faults[0]}")
    return charts


def most_unpacked(size: int) -> int:
    """Bytes to which a paper of so many bytes may unpack."""
    return max(LARGEST, UNPACKS * size)


def attached(pdf: bytes) -> dict[str, bytes]:
    """The files inside a PDF. Raises PaperError for what is no PDF, or unpacks to more than a paper may hold."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    found: dict[str, bytes] = {}
    most = most_unpacked(len(pdf))
    try:
        reader = PdfReader(BytesIO(pdf))
        if reader.is_encrypted:
            raise damaged("it is encrypted")
        if len(reader.pages) > MOST_PAGES:
            raise damaged(f"it has {len(reader.pages)} pages")
        for name, contents in reader.attachments.items():
            if contents:
                found[name] = contents[0]
            if sum(map(len, found.values())) > most:
                raise damaged(f"it unpacks to more than {most:,} bytes")
    except (PyPdfError, *UNREADABLE) as error:
        raise damaged(f"this PDF cannot be read: {first_line(error)}") from error
    return found


def damaged(what: str, where: str | None = None) -> PaperError:
    """The error for a file that is not as benchsuite writes papers."""
    return PaperError(
        f"this paper is damaged or hostile: {printable(what)}",
        where=where,
        expected="a paper.pdf as benchsuite wrote it",
        remedy="get the paper again from its source; a whole one is read by the version of benchsuite that made it",
    )


def read_paper(path: Path) -> bytes:
    """The bytes of a paper in a file. Raises PaperError when there is none, or it is no PDF."""
    right = {"expected": "the paper.pdf that benchsuite wrote", "remedy": "name that file, or the folder it lies in"}
    try:
        if path.exists() and not path.is_file():
            raise PaperError("this is no file", where=str(path), **right)
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        what = f"the paper cannot be read: {getattr(error, 'strerror', None) or first_line(error)}"
        raise PaperError(what, where=str(path), **right) from error
    if not content.startswith(b"%PDF-"):
        raise PaperError("this is no PDF", where=str(path), **right)
    if len(content) > LARGEST:
        raise damaged(f"it has more than {LARGEST:,} bytes", str(path))
    return content


class _Texts:
    """The JSON of records, in which a part that many of them share is written once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, str]] = {}
        """By id; the part is kept, so that no other comes to have its id."""

    def of(self, record: RunRecord) -> str:
        """A record as it leaves this machine: without single steps, tracebacks, and the folders that messages name."""
        spec, failure = record.spec, record.failure
        if failure is not None:
            words = {name: _told(getattr(failure, name)) for name in ("what", "where", "expected", "remedy")}
            failure = failure.model_copy(update={**words, "traceback": None})
        texts = {name: self._shared(getattr(record, name)) for name in ("environment", "dataset", "weights", "model")}
        texts["key_fields"] = json_object({name: self._shared(value) for name, value in record.key_fields.items()})
        fold = {"fold": self._shared(spec.fold)} if spec.fold is not None else {}
        texts["spec"] = json_object(
            {"suite": json_text(spec.suite), "case": self._shared(spec.case), "seed": json_text(spec.seed), **fold}
        )
        own = record.model_copy(update={"steps": (), "failure": failure})
        others = own.model_dump(mode="json", exclude={*texts, "files"})
        texts |= {name: json_text(value) for name, value in others.items()}
        return json_object({name: texts[name] for name in RunRecord.model_fields if name in texts})

    def _shared(self, part: Any) -> str:
        if not isinstance(part, BaseModel | dict | list):
            return json_text(to_jsonable_python(part))
        if id(part) not in self._known:
            plain = part.model_dump(mode="json") if isinstance(part, BaseModel) else to_jsonable_python(part)
            if isinstance(part, DatasetFacts):
                plain["evidence"] = _told(part.evidence)
            self._known[id(part)] = part, json_text(plain)
        return self._known[id(part)][1]


def _told(text: str | None) -> str | None:
    return None if text is None else without_folders(text)


def _packed(outcomes: Outcomes) -> tuple[int, str]:
    """The number of images, and a bit for each, eight a byte."""
    return len(outcomes), base64.b64encode(np.packbits(outcomes).tobytes()).decode()


def _unpacked(images: int, bits: str) -> Outcomes:
    packed = np.frombuffer(base64.b64decode(bits), dtype=np.uint8)
    if not 0 <= images <= 8 * len(packed):
        raise ValueError(f"{images} outcomes in {len(packed)} bytes")
    return np.unpackbits(packed, count=images).astype(bool)
