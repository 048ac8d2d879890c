"""The model's and the training's subsections: stages, parameters, configuration, and how results are judged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Table
from benchsuite.paper.figures import stages
from benchsuite.paper.language import spanish
from benchsuite.paper.tables.architecture import layers_table
from benchsuite.paper.tables.configuration import cases_table, configuration_table, models_table, phases_table
from benchsuite.store.record import ModelFacts, WeightsFacts


def model_blocks(study: PaperContext) -> list[Block]:
    known = [(case, case.model) for case in study.findings.cases if case.model is not None]
    weights = _weights(study)
    titles = list(dict.fromkeys(study.model_named(case) for case in study.findings.cases))
    if not known:
        some = f"El modelo es {titles[0]}." if len(titles) == 1 else f"Los modelos son {spanish.listing(titles)}."
        return [Paragraph(f"{some} {weights}".strip())]
    models = models_table(study, "tab-models")
    layers, table = _layers(study, known)
    blocks: list[Block]
    if models is None:
        blocks = [Paragraph(" ".join(filter(None, (_sentence(titles, known[0][1]), layers, weights))))]
    else:
        named = f"los modelos {spanish.listing(titles)}" if len(titles) > 1 else f"variantes de {titles[0]}"
        said = f"Se comparan {named}. El {{{{tab-models}}}} da el tamaño de cada red y lo que cuesta usarla."
        blocks = [Paragraph(" ".join(filter(None, (said, layers, weights)))), models]
    blocks += [table] if table is not None else []
    if any(model.frozen_stages for _, model in known):
        blocks += _frozen(study, known, alike=len({model.stages for _, model in known}) == 1)
    return blocks


def _sentence(titles: Sequence[str], facts: ModelFacts) -> str:
    names = [f"`{markup.line(stage, 'stage')}`" for stage in facts.stages]
    who, has = (titles[0], "tiene") if len(titles) == 1 else (f"Las redes {spanish.listing(titles)}", "tienen")
    return (
        f"{who} {has} {spanish.number(facts.parameters_total)} parámetros, repartidos en {len(facts.stages)} etapas "
        f"({spanish.listing(names)}); clasificar una imagen cuesta {_flops(facts)}."
    )


def _layers(study: PaperContext, known: Sequence[tuple[CaseFindings, ModelFacts]]) -> tuple[str, Table | None]:
    """The network of the reference, or of the first case, layer by layer, and what to say of it."""
    baselines = study.findings.baselines
    case, facts = next((pair for pair in known if pair[0].case.name in baselines), known[0])
    table = layers_table(study, case, "tab-layers")
    if table is None:
        return "", None
    whose = "las capas de la red"
    if any(model.layers != facts.layers for _, model in known):
        whose = f"las capas de {'la referencia' if case.case.name in baselines else 'una de las redes'}"
        whose += f" ({study.called(case)})"
    return f"El {{{{tab-layers}}}} detalla {whose}.", table


def _frozen(study: PaperContext, known: Sequence[tuple[CaseFindings, ModelFacts]], *, alike: bool) -> list[Block]:
    """What stays frozen in each case; drawn where all networks have the same stages."""
    least = min(known, key=lambda pair: pair[1].parameters_trainable)
    most = max(known, key=lambda pair: pair[1].parameters_trainable)
    few, many = (study.count(pair[1].parameters_trainable) for pair in (least, most))
    phases = any(len(case.phases) > 1 for case, _ in known)
    when = " en la última fase" if phases else ""
    range_ = f"de {few} ({study.called(least[0])}) a {many} ({study.called(most[0])})"
    if len(known) == 1:
        range_ = few
    if not alike:
        return [Paragraph(f"Los parámetros que se entrenan{when} van {range_}.")]
    caption = f"Etapas del modelo en cada configuración{when} y número de parámetros entrenables."
    each = " en cada configuración" if len(known) > 1 else ""
    said = (
        f"La {{{{fig-stages}}}} indica qué etapas permanecen congeladas{each}{when} y cuántos parámetros se entrenan: "
        f"{range_}."
    )
    draw = partial(stages.diagram, cases=[case for case, _ in known], factor=study.legend)
    return [Paragraph(said), Figure("fig-stages", caption, draw)]


def _flops(facts: ModelFacts) -> str:
    return f"{spanish.significant(facts.forward_flops / 1e9)}{spanish.NBSP}GFLOP"


def _weights(study: PaperContext) -> str:
    """What the networks start from; by cases where they differ."""
    origins: dict[str, list[CaseFindings]] = {}
    for case in study.done:
        if case.weights is not None:
            origins.setdefault(_origin(case.weights), []).append(case)
    if not origins and study.findings.weights is not None:
        origins = {_origin(study.findings.weights): []}
    if not origins:
        return ""
    if len(origins) == 1:
        said = f"Los pesos iniciales son {next(iter(origins))}."
    else:
        each = [f"{origin} ({study.called(*cases)})" for origin, cases in origins.items()]
        said = f"Los pesos iniciales son {'; '.join(each)}."
    if study.lacks_weights:
        said += " Sin el conocimiento previo que se pidió, el estudio no mide lo que se propone."
    return said


def _origin(weights: WeightsFacts) -> str:
    if weights.provenance == "random" and weights.request in ("", "none"):
        return "aleatorios, como pide el estudio"
    name = markup.file_name(markup.line(weights.request, "weights")).replace("`", "")
    request = f"`{name}`" if name else "los pedidos"
    if weights.provenance == "random":
        return f"**aleatorios** (se pidieron {request})"
    digest = f" (SHA-256 `{weights.sha256[:16]}`)" if weights.sha256 else ""
    return f"{request}, {'oficiales' if weights.provenance == 'official' else 'de una copia no oficial'}{digest}"


def training_blocks(study: PaperContext) -> list[Block]:
    findings = study.findings
    planned = spanish.count(findings.planned, "ejecución", "ejecuciones")
    seeds = spanish.count(len(findings.seeds), "semilla", "semillas")
    several = len(findings.cases) > 1
    cases = spanish.count(len(findings.cases), "configuración", "configuraciones")
    total = f"{cases} y {seeds}, {planned} en total" if several else seeds
    said = f"El {{{{tab-configuration}}}} recoge la configuración del estudio: {total}."
    apart, phases = cases_table(study, "tab-cases"), phases_table(study, "tab-phases")
    if apart is not None:
        said = (
            f"El estudio consta de {total}. El {{{{tab-configuration}}}} recoge lo que todas las configuraciones "
            "tienen en común, y el {{tab-cases}}, lo que las distingue."
        )
    if several:
        said += f" Dos configuraciones con la misma semilla comparten {_paired(study)}, de modo que sus resultados "
        said += "están pareados."
    said += _followed(study)
    blocks: list[Block] = [Paragraph(said), configuration_table(study, "tab-configuration")]
    blocks += [apart] if apart is not None else []
    if phases is not None:
        blocks += [Paragraph(_phases(study)), phases]
    judged = _judged(study)
    return [*blocks, *([Paragraph(judged)] if judged else [])]


def _followed(study: PaperContext) -> str:
    """The works that the recipes follow, where they name any."""
    cited = [(name, study.works.citation(bibtex)) for name, bibtex in study.material.recipes.items()]
    told = [f"`{markup.file_name(name)}`{works}" for name, works in cited if works]
    if not told:
        return ""
    recipes = "La receta" if len(told) == 1 else "Las recetas"
    return f" {recipes} {spanish.listing(told)} {'sigue' if len(told) == 1 else 'siguen'} los trabajos citados."


def _paired(study: PaperContext) -> str:
    """What the cases have in common under one seed: networks of different sizes cannot start alike."""
    sizes = {case.model.parameters_total for case in study.findings.cases if case.model is not None}
    return "el orden de las imágenes y la inicialización" if len(sizes) < 2 else "el orden de las imágenes"


def _phases(study: PaperContext) -> str:
    several = [case for case in study.done if len(case.phases) > 1]
    if len(study.findings.cases) == 1:
        who = "El entrenamiento consta"
    elif len(several) == len(study.done):
        who = "El entrenamiento de todas las configuraciones consta"
    else:
        who = f"El entrenamiento de {study.called(*several)} consta"
    return (
        f"{who} de varias fases ({{{{tab-phases}}}}), cada una con su optimizador y con las etapas que entrena; cada "
        "fase parte de los pesos que eligió la validación en la anterior."
    )


def _judged(study: PaperContext) -> str:
    """How means, intervals and differences are made, said only where they are."""
    findings = study.findings
    if not any(case.done > 1 for case in findings.cases):
        said = (
            "Con una sola semilla no se puede estimar la dispersión entre ejecuciones: las medidas se dan sin "
            "intervalo entre semillas"
        )
        return f"{said} y ninguna diferencia se considera concluyente." if len(findings.cases) > 1 else f"{said}."
    said = (
        "Las medidas de exactitud y de pérdida son medias sobre las semillas terminadas y van seguidas, entre "
        f"corchetes, de su intervalo de confianza al 95{spanish.NBSP}%, el de Student."
    )
    if findings.comparisons:
        reference = study.called(*map(study.named, findings.baselines))
        which = (
            "su referencia, la que coincide con ella en todo lo demás"
            if len(findings.baselines) > 1
            else "la referencia"
        )
        said += (
            f" Cada configuración se compara con {which} ({reference}), por las diferencias entre ejecuciones con "
            "la misma semilla; su intervalo es el de Student para diferencias pareadas, sin corregir por comparaciones "
            "múltiples, y el valor p, el de una prueba bilateral de permutación de signos sobre su media"
        )
        family = spanish.number(len(findings.comparisons))
        said += f", corregido con el método de Holm para las {family} comparaciones" if family != "1" else ""
        said += (
            ". Cuando hay menos semillas de las necesarias para que la prueba alcance el 0,05, el resultado se da como "
            "«no concluyente»."
        )
    return said
