"""What a paper carries inside: everything it was made from, so that it can be checked, and rebuilt, on its own.

`results.json` holds the suite, the plan, the records and which test images each run has right; beside it lie the suite
file with its bibliography, the environment, the pinned versions, and the sample photos. Steps and tracebacks of
records stay at home.
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
from pydantic import BaseModel, TypeAdapter
from pydantic_core import to_jsonable_python

from benchsuite.analysis.results import Results
from benchsuite.analysis.seed_image_anova import Outcomes
from benchsuite.contracts.dataset import DatasetCard
from benchsuite.errors import PaperError, StoreError, first_line
from benchsuite.paper.bundle.files import BIBTEX, ENVIRONMENT, LOCK, MISTAKE, PHOTO, SUITE
from benchsuite.paper.context.chart_checks import chart_faults
from benchsuite.paper.context.material import Mistake, PaperMaterial, PluginChart
from benchsuite.paper.document.blocks import RESULTS
from benchsuite.paper.document.markup import without_folders
from benchsuite.paper.document.thumbnails import as_thumbnail
from benchsuite.store.environment import distinct_environments
from benchsuite.store.migrations import NewerRecord, load_record
from benchsuite.store.record import DatasetFacts, RunRecord
from benchsuite.store.shared_parts import SharedParts
from benchsuite.suite.cases.plan import Plan
from benchsuite.suite.schema.suite import MOST_RUNS, Suite
from benchsuite.suite.source.problems import printable

SCHEMA = 3
READABLE = (2, SCHEMA)
"""Formats that can be read: in 2 the records are of an older schema, and they are migrated as stored ones are."""
ARGUMENTS = ("study_arguments", "form_arguments")
"""What is attached only where there are any."""
USUAL = {"language": "es", "written_in": None, "further": ()}
"""What is attached of the form of a paper only where it is otherwise."""
LARGEST = 100_000_000
"""Bytes of a paper that is read."""
UNPACKS = 40
"""Times its own bytes to which a paper may unpack, or to LARGEST: records of one study repeat each other."""
MOST_PAGES = 1000
_BLANKS = (" ", "\n", "\t", "\r")


UNREADABLE = (ArithmeticError, AttributeError, LookupError, OSError, RecursionError, StoreError, TypeError, ValueError,
              zlib.error)  # fmt: skip
"""What reading a file raises that was made to be no paper."""


def pack(material: PaperMaterial) -> dict[str, bytes]:
    """The files that a paper carries, by name, in order. The same material gives the same bytes."""
    results = material.results
    content = {
        "schema": SCHEMA,
        "benchsuite": material.version,
        "renderer": material.renderer,
        "suite": results.suite.model_dump(mode="json", exclude=_usual(results.suite)),
        "plan": results.plan.model_dump(mode="json"),
        "keys": [[case, seed, key] for (case, seed), key in results.keys.items()],
        "records": None,
        "outcomes": {key: _packed(outcomes) for key, outcomes in results.outcomes.items()},
        "card": {name: value for name, value in to_jsonable_python(material.card).items() if name != "translations"},
        "model": [material.model_title, material.model_bibtex],
        "models": material.models,
        "recipes": material.recipes,
        "charts": to_jsonable_python(material.charts),
        "class_titles": material.class_titles,
        "configuration": material.configuration,
        **({"labels": dict(material.labels)} if material.labels else {}),
        "photos": [title for title, _ in material.samples],
        **{name: list(given) for name in ARGUMENTS if (given := getattr(material, name))},
        **({"normalisation": material.normalisation} if material.normalisation is not None else {}),
        **({"source": material.source} if material.source else {}),
        "mistakes": [[m.true, m.predicted, m.probability, m.run] for m in material.mistakes],
    }
    finished = (record for record in results.records.values() if record.status == "done")
    environments = [
        found.model_dump(mode="json") for found in distinct_environments(record.environment for record in finished)
    ]
    told, records = {name: _text(value) for name, value in content.items()}, _Texts()
    told["records"] = _array(map(records.of, results.records.values()))
    files = {RESULTS: f"{_object(told)}\n".encode()}
    if results.suite.text:
        files[SUITE] = results.suite.text.encode()
        files |= {name: content.encode() for name, content in results.suite.beside.items()}
    if environments:
        files[ENVIRONMENT] = _json(environments)
        pinned = "".join(f"{name}=={version}\n" for name, version in sorted(environments[0]["packages"].items()))
        files[LOCK] = pinned.encode()
    photos = (as_thumbnail(photo, title) for title, photo in material.samples)
    files |= {PHOTO.format(number): photo for number, photo in enumerate(photos)}
    wrong = (as_thumbnail(mistake.photo, mistake.true) for mistake in material.mistakes)
    return files | {MISTAKE.format(number): photo for number, photo in enumerate(wrong)}


def _usual(suite: Suite) -> dict[str, Any]:
    """What is attached only where it is not as it is in most suites."""
    usual = {name for name, value in USUAL.items() if getattr(suite.paper, name) == value}
    bare = {"devices": suite.devices == "one", "translations": not suite.translations}
    return {**{name: True for name, is_usual in bare.items() if is_usual}, **({"paper": usual} if usual else {})}


def unpack(files: Mapping[str, bytes]) -> PaperMaterial:
    """The material that `pack` made these files of. Raises PaperError for files that are missing, of another version
    or damaged."""
    if RESULTS not in files:
        raise PaperError("no results are attached", expected=RESULTS, remedy="give a PDF that benchsuite made")
    try:
        content = _parsed(files[RESULTS].decode())
        if content.get("schema") not in READABLE:
            raise PaperError(
                f"the attached results have format {content.get('schema')!r}",
                expected=f"format {SCHEMA}",
                remedy="read it with the version of benchsuite that made the paper",
            )
        suite = Suite.model_validate_json(json.dumps(content["suite"]))
        beside = {name: content.decode() for name, content in files.items() if name.endswith(BIBTEX)}
        suite.keep(files.get(SUITE, b"").decode(), beside)
        parts = SharedParts()
        records = [parts.of(load_record(record, where=RESULTS)) for record in content["records"]]
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
            **{name: tuple(content.get(name, ())) for name in ARGUMENTS},
            version=content["benchsuite"],
            renderer=content["renderer"],
        )
    except NewerRecord as error:
        raise PaperError(
            f"the attached results are of a newer benchsuite: {error.what}",
            expected=f"format {SCHEMA}",
            remedy="read it with the version of benchsuite that made the paper",
        ) from error
    except UNREADABLE as error:
        raise damaged(f"its attached results cannot be read: {first_line(error)}") from error


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
        texts["key_fields"] = _object({name: self._shared(value) for name, value in record.key_fields.items()})
        texts["spec"] = _object({"suite": _text(spec.suite), "case": self._shared(spec.case), "seed": _text(spec.seed)})
        own = record.model_copy(update={"steps": (), "failure": failure})
        others = own.model_dump(mode="json", exclude={*texts, "files"})
        texts |= {name: _text(value) for name, value in others.items()}
        return _object({name: texts[name] for name in RunRecord.model_fields if name in texts})

    def _shared(self, part: Any) -> str:
        if not isinstance(part, BaseModel | dict | list):
            return _text(to_jsonable_python(part))
        if id(part) not in self._known:
            plain = part.model_dump(mode="json") if isinstance(part, BaseModel) else to_jsonable_python(part)
            if isinstance(part, DatasetFacts):
                plain["evidence"] = _told(part.evidence)
            self._known[id(part)] = part, _text(plain)
        return self._known[id(part)][1]


def _told(text: str | None) -> str | None:
    return None if text is None else without_folders(text)


def _parsed(text: str) -> dict[str, Any]:
    """The object of a JSON text, but for its `records`, each of which is left as a text: as plain values all of them
    would take many times the memory of what is made of them one by one. Raises ValueError and LookupError."""
    decode, found = json.JSONDecoder().raw_decode, dict[str, Any]()

    def after(at: int, *signs: str) -> tuple[str, int]:
        """The sign that comes next, which must be one of these, and where what follows it begins."""
        at = _behind_blanks(text, at)
        if text[at] not in signs:
            raise ValueError(f"{text[at]!r} where {' or '.join(signs)} belongs")
        return text[at], _behind_blanks(text, at + 1)

    sign, at = after(0, "{")
    if text[at] == "}":
        sign, at = after(at, "}")
    while sign != "}":
        name, at = decode(text, at)
        if not isinstance(name, str):
            raise ValueError("a name that is no text")
        _, at = after(at, ":")
        if name == "records" and text[at] == "[":
            places, (sign, at) = [], after(at, "[")
            if text[at] == "]":
                sign, at = after(at, "]")
            while sign != "]":
                _, end = decode(text, at)
                places.append((at, end))
                sign, at = after(end, ",", "]")
            found[name] = (text[begin:end] for begin, end in places)
        else:
            found[name], at = decode(text, at)
        sign, at = after(at, ",", "}")
    if text[at:]:
        raise ValueError("more than one object")
    return found


def _behind_blanks(text: str, at: int) -> int:
    while text[at : at + 1] in _BLANKS:
        at += 1
    return at


def _packed(outcomes: Outcomes) -> tuple[int, str]:
    """The number of images, and a bit for each, eight a byte."""
    return len(outcomes), base64.b64encode(np.packbits(outcomes).tobytes()).decode()


def _unpacked(images: int, bits: str) -> Outcomes:
    packed = np.frombuffer(base64.b64decode(bits), dtype=np.uint8)
    if not 0 <= images <= 8 * len(packed):
        raise ValueError(f"{images} outcomes in {len(packed)} bytes")
    return np.unpackbits(packed, count=images).astype(bool)


def _json(content: object) -> bytes:
    return f"{_text(content)}\n".encode()


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=0, separators=(",", ":"))


def _object(texts: Mapping[str, str]) -> str:
    """As `_text` writes a mapping to values of these texts."""
    return "{\n" + ",\n".join(f"{_text(name)}:{text}" for name, text in texts.items()) + "\n}" if texts else "{}"


def _array(texts: Iterable[str]) -> str:
    """As `_text` writes a list of values of these texts."""
    inside = ",\n".join(texts)
    return f"[\n{inside}\n]" if inside else "[]"
