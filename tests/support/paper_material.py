"""Material for a paper: a short suite with prose of every kind, and synthetic findings."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from PIL import Image

from benchsuite.analysis.results import Results
from benchsuite.contracts.dataset import DatasetCard
from benchsuite.paper.bundle.renderer_versions import renderer
from benchsuite.paper.context.material import Mistake, PaperMaterial, ReportMaterial
from benchsuite.suite.schema.claims import Claim
from benchsuite.suite.schema.report import Report
from benchsuite.suite.schema.suite import Suite
from support.synthetic import make_keys, make_outcomes, make_plan, make_records

HOSTILE = (
    "<script>alert(1)</script> {% for x in y %} {# comment #} <img src='file:///etc/passwd'> <a rel=attachment "
    "href=file:///etc/hostname>x</a> url(http://example.invalid/x.css) \u202eoculto\u202c & </style>"
)
SAMPLE: dict[str, Any] = {"cases": 3, "seeds": 3, "done": 8, "sample": True, "changes": ("recipe.max_epochs=2",)}
"""A half-done smoke run on the synthetic sample."""
TITLES = {"angular_leaf_spot": "mancha angular", "bean_rust": "roya", "healthy": "sana"}


def make_suite(**paper: Any) -> Suite:
    """A suite whose paper section is `paper` over a small default one."""
    written = {
        "authors": [{"name": "Ana Núñez", "affiliation": "Universidad de Prueba", "email": "ana@prueba.invalid"}],
        "abstract": "Se estudia el congelamiento con {{test_accuracy recipe.freeze.blocks=0}} de referencia.",
        "keywords": ["congelamiento", "ResNet18"],
        "labels": {"recipe.freeze.blocks": "Bloques congelados"},
        "sections": [
            {
                "title": "Introducción",
                "text": "Primero [[zeta]], después [[alfa]] y otra vez [[zeta]].\n\n- **uno**;\n- *two*;\n- `tres`.",
            },
            {
                "title": "Conclusiones",
                "place": "conclusions",
                "text": f"Se cita [[media]] con $k=3$ y [un enlace](https://example.org/a).\n\n{HOSTILE}",
            },
        ],
        "references": [
            {"key": key, "text": f"Obra {key}, *Journal*, 2020."} for key in ("alfa", "media", "nunca", "zeta")
        ],
    }
    return Suite.model_validate_json(
        json.dumps(
            {
                "name": "beans_freeze",
                "title": "Un estudio de prueba",
                "size": {"cases": 5, "seeds": 10},
                "dataset": {"name": "beans"},
                "model": {"name": "resnet"},
                "recipe": {"name": "finetune"},
                "vary": {"recipe.freeze.blocks": [0, 1, 2, 3, 4]},
                "seeds": 10,
                "compare": {"factor": "recipe.freeze.blocks", "baseline": 0},
                "paper": {**written, **paper},
            }
        )
    )


def make_photo(colour: str = "green") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(target, "PNG")
    return target.getvalue()


def make_material(
    paper: dict[str, Any] | None = None,
    *,
    cases: int = 5,
    seeds: int = 10,
    failed: Sequence[tuple[int, int]] = (),
    done: int | None = None,
    sample: bool = False,
    changes: Sequence[str] = (),
    claims: Sequence[Mapping[str, Any]] = (),
) -> PaperMaterial:
    """Material of a study with `paper` over the default paper section; `done` cuts it short after so many runs."""
    plan = make_plan(cases, seeds, changes)
    records = dict(list(make_records(plan, failed=failed, sample=sample).items())[:done])
    suite = make_suite(**(paper or {}))
    suite = suite.model_copy(update={"claims": tuple(Claim.model_validate_json(json.dumps(c)) for c in claims)})
    return PaperMaterial(
        results=Results(suite, plan, make_keys(plan), records, make_outcomes(records)),
        card=DatasetCard(
            title="Beans",
            summary="Fotografías de hojas de frijol.",
            licence="MIT",
            bibtex="@misc{beans, title={Beans}}",
            homepage="https://example.org",
            sources=(),
            classes=tuple(TITLES),
            splits={"train": 1034, "validation": 133, "test": 128},
            class_titles=TITLES,
        ),
        normalisation=((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        model_title="ResNet18",
        model_bibtex="@inproceedings{he2016, title={Deep residual learning}}",
        mistakes=tuple(
            Mistake("bean_rust", "healthy", 0.99 - i / 100, record.key, make_photo(colour))
            for record in list(records.values())[:1]
            for i, colour in enumerate(("olive", "teal", "green"))
            if record.status == "done"
        ),
        samples=tuple((title, make_photo()) for title in TITLES.values()),
        version="0.1.0",
        renderer=renderer(),
    )


def make_report_material(
    paper: dict[str, Any] | None = None,
    *,
    sizes: Sequence[tuple[int, int]] = ((3, 5), (2, 5)),
    carries: Mapping[str, Any] | None = None,
    claims: Sequence[Mapping[str, Any]] = (),
    **changes: Any,
) -> ReportMaterial:
    """Material of a report on studies of so many cases and seeds, called `step1`, `step2` …; `carries` names the case
    that one hands on, `claims` are those of the first, and `changes` are those of `make_material`."""
    studies = []
    for number, (cases, seeds) in enumerate(sizes, 1):
        made = make_material(cases=cases, seeds=seeds, claims=claims if number == 1 else (), **changes)
        name, results = f"step{number}", made.results
        suite = results.suite.model_copy(update={"name": name})
        plan = results.plan.model_copy(update={"suite": name})
        results = replace(results, suite=suite, plan=plan)
        studies.append(replace(made, results=results, samples=(), mistakes=()))
    declared = carries or {}
    names = [study.suite.name for study in studies]
    steps = [{"study": one, **({"carries": declared[one]} if one in declared else {})} for one in names]
    report = {"kind": "report", "name": "both", "title": "Un informe de prueba", "studies": steps, "paper": paper or {}}
    return ReportMaterial(
        Report.model_validate_json(json.dumps(report)), tuple(studies), version="0.1.0", renderer=renderer()
    )
