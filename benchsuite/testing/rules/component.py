"""The rules that every component keeps, whatever its kind: its parameters, its BibTeX, and what it leaves alone."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any

import yaml
from pydantic import ValidationError

from benchsuite.contracts.model import Task
from benchsuite.errors import BenchsuiteError
from benchsuite.extras import require
from benchsuite.registry import CASE_PARTS
from benchsuite.suite.prose import bibtex
from benchsuite.suite.schema.suite import LANGUAGES
from benchsuite.suite.source import json_schema
from benchsuite.suite.source.yaml_nodes import parse_text
from benchsuite.testing.harness import subprocess_check
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, check, join_some, one_line
from benchsuite.testing.harness.reference_components import made_up_predictions, made_up_study
from benchsuite.testing.harness.subject import Subject, parsed
from benchsuite.testing.harness.subprocess_check import in_new_process
from benchsuite.testing.rules.rule import Rule, rule_declarer

RULES: list[Rule] = []
rule = rule_declarer(RULES)

NUMERIC = ("integer", "number")
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
TEXT_LIMITS = ("pattern", "maxLength", "enum", "const", "format")
UNKNOWN = "no_such_parameter"


@rule(
    "importing it does not import torch",
    means="Listing, planning and the shell's completion load every plugin; torch would make each of them seconds "
    "slower.",
    remedy="import torch (and what imports it) inside the methods that need it, never at the top of a module.",
)
def imports_light(subject: Subject) -> None:
    heavy = in_new_process(subject, subprocess_check.load, subject.origin)
    check(not heavy, f"a new process that imports {subject.entry.module} has {join_some(heavy)} loaded")


@rule(
    "the parameters survive YAML and JSON",
    means="They are written by hand in a suite, kept in records and hashed into run keys; a value that comes back as "
    "another one would make other runs.",
    remedy="use types that JSON has (numbers, texts, booleans, tuples, nested Parameters, paths), and validators that "
    "accept their own results.",
)
def parameters_survive(subject: Subject) -> None:
    written = subject.params.model_dump(mode="json")
    try:
        text = json.dumps(written, allow_nan=False)
        again = subject.entry.parse(json.loads(text))
        node, problems = parse_text(yaml.safe_dump(written), "the parameters as YAML", positions=False)
        check(not problems, f"YAML reads them with problems: {join_some(problems)}")
        from_yaml = subject.entry.parse(node.plain())
    except (ValidationError, TypeError, ValueError) as error:
        raise Broken(f"{written} cannot be read again: {one_line(error)}") from error
    for medium, read in (("JSON", again), ("YAML", from_yaml)):
        check(read == subject.params, f"{medium} turns {subject.params!r} into {read!r}")
        check(read.model_dump(mode="json") == written, f"{medium} turns {written} into {read.model_dump(mode='json')}")


@rule(
    "the parameters have a JSON Schema that accepts them",
    means="Editors complete and check suites by the schema; a wrong one marks right suites as wrong.",
    remedy="describe what own validators accept with Field(json_schema_extra=...) or pydantic's WithJsonSchema.",
)
def parameters_schema(subject: Subject) -> None:
    require("this rule", "jsonschema")
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    schema = json_schema.schema_of(type(subject.params))
    check(bool(schema), "pydantic cannot write the JSON Schema of a type in it")
    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        raise Broken(f"it is no JSON Schema: {error.message}") from error
    faults = list(Draft202012Validator(schema).iter_errors(subject.params.model_dump(mode="json")))
    check(
        not faults, f"its own schema refuses the parameters: {join_some(f'{e.json_path}: {e.message}' for e in faults)}"
    )


@rule(
    "names that are no parameter are refused",
    means="A misspelt parameter that is silently dropped gives the results of another study.",
    remedy="derive every model, nested ones too, from benchsuite.api.Parameters, and leave its `extra` at forbid.",
)
def unknown_refused(subject: Subject) -> None:
    try:
        subject.entry.parse({**subject.params.model_dump(mode="json"), UNKNOWN: 1})
    except ValidationError:
        pass
    else:
        raise Broken(f"the parameter {UNKNOWN!r} was accepted without a word")
    open_ones = [name for name, schema in _models(subject) if schema.get("additionalProperties") is not False]
    check(not open_ones, f"models that accept any name: {join_some(open_ones)}")


@rule(
    "every parameter says what it is",
    means="The description is all that the reader of a suite, of an editor's hint or of a paper's table learns.",
    remedy="write a docstring below the field, or Field(description=...), with the unit where there is one.",
)
def parameters_described(subject: Subject) -> None:
    silent = [name for name, schema in _fields(subject) if not str(schema.get("description") or "").strip()]
    check(not silent, f"without a description: {join_some(silent)}")


@rule(
    "what its labels name is there",
    means="Papers print a parameter's label in their language; one under a misspelt path is never seen.",
    remedy="write the dotted paths of the parameters, under es and under en, the same ones in both.",
)
def labels_name(subject: Subject) -> str:
    model = type(subject.params)
    paths, given = set(json_schema.paths(model)), model.labels
    check(not given.keys() - LANGUAGES.keys(), f"papers have no language {join_some(given.keys() - LANGUAGES.keys())}")
    named = {path for labels in given.values() for path in labels}
    strange = sorted(path for path in named if path.partition("=")[0] not in paths)
    check(not strange, f"there is no parameter {join_some(strange)}")
    lacking = {LANGUAGES[language]: sorted(named - given.get(language, {}).keys()) for language in LANGUAGES}
    told = [f"{join_some(names)} in {called}" for called, names in lacking.items() if names]
    return f"printed as they stand in the suite: {'; '.join(told)}" if told else f"{len(named)} labels"


@rule(
    "every number has a bound and every text a limit",
    means="A bound turns a slip of the pen into an error with a place; an unlimited text ends up in file names and "
    "papers.",
    remedy="Field(ge=..., le=...) for numbers; for texts a Literal, Field(pattern=...) or Field(max_length=...).",
)
def parameters_bounded(subject: Subject) -> None:
    free = []
    for name, schema in _fields(subject):
        for leaf in _leaves(schema):
            if leaf.get("type") in NUMERIC and not any(word in leaf for word in (*BOUNDS, "enum", "const")):
                free.append(f"{name} (a number)")
            if leaf.get("type") == "string" and not any(word in leaf for word in TEXT_LIMITS):
                free.append(f"{name} (a text)")
    check(not free, f"without one: {join_some(dict.fromkeys(free))}")


@rule(
    "the changes for a smoke run are parameters of its own",
    means="Every suite can be tried on synthetic samples; a wrong name here breaks that for all studies that use it.",
    remedy="let smoke() return a mapping from names of parameters to values that these accept.",
)
def smoke_valid(subject: Subject) -> None:
    if subject.entry.kind not in CASE_PARTS:
        raise Inapplicable(f"{subject.entry.kind}s are no part of a smoke run")
    changes = subject.component.smoke(subject.params)
    check(isinstance(changes, Mapping), f"smoke() returned {changes!r:.80}; expected a mapping")
    try:
        parsed(subject.entry, {**subject.params.model_dump(mode="json"), **changes})
    except BenchsuiteError as error:
        raise Broken(f"smoke() returned {dict(changes)}, which is refused: {error.what}") from error


@rule(
    "its BibTeX can be read",
    means="The paper cites what it used; an entry that cannot be read leaves a hole among the references.",
    remedy="return complete entries: a type, a key, braces that close, commas between fields, and a title.",
)
def bibtex_reads(subject: Subject) -> str:
    if subject.entry.kind == "executor":
        raise Inapplicable("no paper cites an executor")
    text = _bibtex(subject)
    if not text.strip():
        if subject.entry.kind == "model" or getattr(subject.component, "origin", "") == "published":
            raise Broken("it is empty, and a model or a published data set has somebody to cite")
        raise Inapplicable("it has nothing to cite")
    works, faults = bibtex.parse(text)
    said = [f"line {f.line}, column {f.column}: {f.what}" + (f"; {f.remedy}" if f.remedy else "") for f in faults]
    check(not faults, join_some(said))
    return join_some(work.key for work in works)


@rule(
    "it leaves the process as it found it",
    means="Runs share a process, and a generator, a switch of torch or a folder that one component changes decides the "
    "results of others, without a trace in any run key.",
    remedy="draw from generators of your own (numpy.random.Generator(Philox(...))), pass settings as arguments, and "
    "restore what must be changed for a moment.",
)
def process_untouched(subject: Subject) -> None:
    from PIL import ImageFile

    from benchsuite.testing.harness.global_state import FILTERS, RANDOM, changes, snapshot

    # As our own decoding of photos sets it: a library that renders pages may have switched it on before.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    imported = in_new_process(subject, subprocess_check.changes_by_loading, subject.origin)
    said = [f"importing it changes {join_some(imported)}"] if imported else []
    for name, call, draws in _calls(subject):
        before, loaded = snapshot(), set(sys.modules)
        _attempt(name, call)
        changed = changes(before, snapshot(), but=RANDOM if draws else ())
        if FILTERS in changed and _imported_libraries(loaded, subject) and not _filters(name, call):
            changed = tuple(fact for fact in changed if fact != FILTERS)
        said += [f"{name} changes {join_some(changed)}"] if changed else []
    check(not said, "; ".join(said))


def _attempt(name: str, call: Callable[[], object]) -> None:
    try:
        call()
    except Exception as error:
        print(f"{name} raised {type(error).__name__}: {error}")  # other rules say so


def _imported_libraries(loaded: Collection[str], subject: Subject) -> bool:
    """Whether modules have come to the `loaded` ones that are not the component's own."""
    own = subject.entry.module.partition(".")[0]
    return any(name.partition(".")[0] != own for name in sys.modules if name not in loaded)


def _filters(name: str, call: Callable[[], object]) -> bool:
    """Whether a call sets filters of warnings though all that it imports is there: libraries set theirs once, when they
    are first imported."""
    with warnings.catch_warnings():
        warnings.resetwarnings()
        _attempt(name, call)
        return bool(warnings.filters)


def _bibtex(subject: Subject) -> str:
    component, params = subject.component, subject.params
    text = component.card(params).bibtex if subject.entry.kind == "dataset" else component.bibtex(params)
    check(isinstance(text, str), f"it is {text!r:.60}; expected a text")
    return str(text)


def _calls(subject: Subject) -> Iterator[tuple[str, Callable[[], object], bool]]:
    """The component's methods with arguments, and whether they may draw from the generators that all code shares."""
    import torch

    from benchsuite.testing.harness.networks import BATCH, usual_size

    component, params = subject.component, subject.params
    if subject.entry.kind == "figure":
        yield "bibtex()", partial(component.bibtex, params), False
        study = made_up_study(predictions=component.sees_predictions)
        yield "chart()", lambda: component.chart(params, study), False
        return
    if subject.entry.kind == "metric":
        yield "title()", partial(component.title, params, "es"), False
        yield "bibtex()", partial(component.bibtex, params), False
        yield "compute()", lambda: component.compute(params, made_up_predictions()), False
        return
    if subject.entry.kind == "executor":
        yield "sample() and open()", partial(_open_once, subject), False
        return
    yield "smoke()", partial(component.smoke, params), False
    if subject.entry.kind == "dataset":
        sample = subject.new_folder("calls") if subject.draws_sample else subject.sample
        for name in ("card", "preprocessing"):
            yield f"{name}()", partial(getattr(component, name), params), False
        if subject.draws_sample:
            yield "sample()", partial(component.sample, params, sample), False
        yield "find()", partial(component.find, params, sample, subject.new_folder("scratch")), False
        yield "index()", lambda: component.index(params, subject.found(sample)), False
        photos = subject.index.train.images
        yield "decode()", lambda: photos.decode(0, photos.read(0)), False
        return
    if subject.entry.kind == "model":
        for name in ("title", "bibtex", "weights"):
            yield f"{name}()", partial(getattr(component, name), params), False
        size = usual_size(subject)
        built: list[Any] = []
        yield "build()", lambda: built.append(component.build(params, Task(3, size, size))), True
        yield "stages()", lambda: component.stages(built[0]), False
        yield "forward()", lambda: built[0](torch.zeros(BATCH, 3, size, size)), True
        return

    from benchsuite.engine.determinism.seeds import generator
    from benchsuite.testing.harness.reference_components import given_to_loss, given_to_transform

    for name in ("title", "summary"):
        yield f"{name}()", partial(getattr(component, name), params, "es"), False
    for name in ("phases", "precision", "log_every", "bibtex"):
        yield f"{name}()", partial(getattr(component, name), params), False
    images, labels = torch.zeros(4, 3, 8, 8), torch.tensor([0, 1, 2, 0])
    draw, chances = generator(0, "transform"), torch.eye(3)[labels]
    if component.transforms(params):
        more = given_to_transform(component, 8)
        yield "transform()", lambda: component.transform(params, images, chances, draw, **more), False
    told = given_to_loss(component, torch.tensor([2.0, 1.0, 1.0]), 8)
    yield "loss()", lambda: component.loss(params, torch.zeros(4, 3, requires_grad=True), labels, **told), True


def _open_once(subject: Subject) -> None:
    from benchsuite.testing.harness.opened_engine import engine_opened
    from benchsuite.testing.harness.site_orders import order_of

    with engine_opened(subject) as engine:
        engine.answer(engine.submit(order_of("echo"), engine.sites()), "an order")


def _models(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every model of the parameters with its schema, the nested ones too."""
    root = json_schema.schema_of(type(subject.params))
    yield type(subject.params).__name__, root
    for name, schema in root.get("$defs", {}).items():
        if "properties" in schema:
            yield name, schema


def _fields(subject: Subject) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for model, schema in _models(subject):
        for name, field in schema.get("properties", {}).items():
            yield f"{model}.{name}", field


def _leaves(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The parts of a field's schema that stand for single values; what `$ref` names is a model of its own."""
    if not isinstance(schema, Mapping):
        return
    inner = [part for word in ("anyOf", "oneOf", "prefixItems") for part in schema.get(word, ())]
    inner += [part for word in ("items", "additionalProperties") if isinstance(part := schema.get(word), Mapping)]
    for part in inner:
        yield from _leaves(part)
    if not inner:
        yield schema
