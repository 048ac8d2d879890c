"""The model's and the training's subsections: stages, parameters, configuration, and how results are judged."""

from __future__ import annotations

from benchsuite.paper import spanish, text
from benchsuite.paper.document import Block, Figure, Paragraph
from benchsuite.paper.figures import stages
from benchsuite.paper.study.context import Study
from benchsuite.paper.tables.facts import configuration_table
from benchsuite.store.record import ModelFacts, WeightsFacts


def model_blocks(study: Study) -> list[Block]:
    title = text.literal(text.line(study.material.model_title, "model title"))
    known = [(case, case.model) for case in study.findings.cases if case.model is not None]
    weights = _weights(study.findings.weights)
    if not known:
        return [Paragraph(f"El modelo es {title}. {weights}".strip())]
    facts = known[0][1]
    said = (
        f"{title} tiene {spanish.number(facts.parameters_total)} parámetros, repartidos en {len(facts.stages)} etapas"
    )
    names = [f"`{text.line(stage, 'stage')}`" for stage in facts.stages]
    said += f" ({spanish.listing(names)}); "
    said += f"clasificar una imagen cuesta {_flops(facts)}. {weights}"
    blocks: list[Block] = [Paragraph(said.strip())]
    if any(model.frozen_stages for _, model in known):
        least = min(known, key=lambda pair: pair[1].parameters_trainable)
        most = max(known, key=lambda pair: pair[1].parameters_trainable)
        blocks.append(
            Paragraph(
                "La {{fig-stages}} indica qué etapas permanecen congeladas en cada configuración y cuántos parámetros "
                f"se entrenan: de {study.count(least[1].parameters_trainable)} ({study.called(least[0])}) a "
                f"{study.count(most[1].parameters_trainable)} ({study.called(most[0])})."
            )
        )
        drawn = stages.diagram("fig-stages", [case for case, _ in known], study.factor)
        caption = "Etapas del modelo en cada configuración y número de parámetros entrenables."
        blocks.append(Figure("fig-stages", drawn.svg, caption, drawn.alt))
    return blocks


def _flops(facts: ModelFacts) -> str:
    return spanish.measure(facts.forward_flops / 1e9, "GFLOP", 2)


def _weights(weights: WeightsFacts | None) -> str:
    if weights is None:
        return ""
    request = f"`{text.line(weights.request, 'weights').replace('`', '')}`" if weights.request else "los pedidos"
    if weights.provenance == "random":
        return (
            f"**Los pesos iniciales son aleatorios** (se pidieron {request}): no hay conocimiento previo que "
            "conservar, de modo que el estudio no mide lo que se propone."
            if weights.request not in ("", "none")
            else "Los pesos iniciales son aleatorios, como pide el estudio."
        )
    copy = "oficiales" if weights.provenance == "official" else "de una copia no oficial"
    digest = f" (SHA-256 `{weights.sha256[:16]}`)" if weights.sha256 else ""
    return f"Los pesos iniciales son {request}, {copy}{digest}."


def training_blocks(study: Study) -> list[Block]:
    findings = study.findings
    planned = spanish.count(findings.planned, "ejecución", "ejecuciones")
    seeds = spanish.count(len(findings.seeds), "semilla", "semillas")
    cases = spanish.count(len(findings.cases), "configuración", "configuraciones")
    said = (
        f"El {{{{tab-configuration}}}} recoge la configuración del estudio: {cases} y {seeds}, {planned} en total. "
        "Dos configuraciones con la misma semilla comparten el orden de las imágenes y la inicialización, de modo que "
        "sus resultados están pareados."
    )
    judged = _judged(study)
    return [Paragraph(said), configuration_table(study, "tab-configuration"), *([Paragraph(judged)] if judged else [])]


def _judged(study: Study) -> str:
    """How means, intervals and differences are made, said only where they are."""
    findings = study.findings
    if len(findings.seeds) < 2:
        return (
            "Con una sola semilla no se puede estimar la dispersión entre ejecuciones: las cifras se dan sin intervalo "
            "y ninguna diferencia se considera concluyente."
        )
    said = (
        "Cada cifra es la media sobre las semillas y va seguida, entre corchetes, de su intervalo de confianza al "
        f"95{spanish.NBSP}%."
    )
    if findings.comparisons and findings.baseline:
        reference = study.called(study.named(findings.baseline))
        said += (
            f" Cada configuración se compara con la referencia ({reference}) por las diferencias entre ejecuciones con "
            "la misma semilla; los valores p se corrigen con el método de Holm. Cuando hay menos semillas de las "
            "necesarias para que la prueba alcance el 0,05, el resultado se da como «no concluyente»."
        )
    return said
