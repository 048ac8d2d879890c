"""The model's and the training's subsections: stages, parameters, configuration, and how results are judged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchsuite.analysis.findings import CaseFindings
from benchsuite.paper.context.case_groups import group_cases
from benchsuite.paper.context.machine_kinds import kind_titles, mention_seeds
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Table
from benchsuite.paper.figures import stages
from benchsuite.paper.language import spanish
from benchsuite.paper.language.spanish import CONFIDENCE, NBSP
from benchsuite.paper.tables.architecture import layers_table
from benchsuite.paper.tables.configuration import cases_table, configuration_table, models_table, phases_table
from benchsuite.store.record import ModelFacts, WeightsFacts

Modelled = tuple[CaseFindings, ModelFacts]


def model_blocks(study: PaperContext) -> list[Block]:
    known = [(case, case.model) for case in study.findings.cases if case.model is not None]
    titles = list(dict.fromkeys(study.cite_model(case) for case in study.findings.cases))
    models = models_table(study) if known else None
    layers, layers_shown = _layers(study, known) if known else ("", None)
    if not known:
        text = f"El modelo es {titles[0]}." if len(titles) == 1 else f"Los modelos son {spanish.listing(titles)}."
    elif models is None:
        text = _describe_network(titles, known[0][1])
    else:
        compared = f"los modelos {spanish.listing(titles)}" if len(titles) > 1 else f"variantes de {titles[0]}"
        text = f"Se comparan {compared}. El {{{{tab-models}}}} da el tamaño de cada red y lo que cuesta usarla."
    blocks: list[Block] = [Paragraph(" ".join(filter(None, (text, layers, _weights(study)))))]
    blocks += [table for table in (models, layers_shown) if table is not None]
    return blocks + (_frozen(study, known) if any(model.frozen_stages for _, model in known) else [])


def _describe_network(titles: Sequence[str], facts: ModelFacts) -> str:
    names = spanish.listing([f"`{markup.line(stage, 'stage')}`" for stage in facts.stages])
    who, has = (titles[0], "tiene") if len(titles) == 1 else (f"Las redes {spanish.listing(titles)}", "tienen")
    flops = f"{spanish.significant(facts.forward_flops / 1e9)}{NBSP}GFLOP"
    return (
        f"{who} {has} {spanish.number(facts.parameters_total)} parámetros, {_stages(facts)} "
        f"({names}); clasificar una imagen cuesta {flops}."
    )


def _stages(facts: ModelFacts) -> str:
    return "en una etapa" if len(facts.stages) == 1 else f"repartidos en {len(facts.stages)} etapas"


def _layers(study: PaperContext, known: Sequence[Modelled]) -> tuple[str, Table | None]:
    """The network of the reference, or of the first case, layer by layer, and what to say of it."""
    baselines = study.findings.baselines
    case, facts = next((pair for pair in known if pair[0].case.name in baselines), known[0])
    table = layers_table(study, case)
    if table is None:
        return "", None
    whose = "la red"
    if any(model.layers != facts.layers for _, model in known):
        whose = "la referencia" if case.case.name in baselines else "una de las redes"
        whose += f" ({study.names.mention(case)})"
    return f"El {{{{tab-layers}}}} detalla las capas de {whose}.", table


def _frozen(study: PaperContext, known: Sequence[Modelled]) -> list[Block]:
    """What stays frozen in each case; drawn where all networks have the same stages."""
    least, most = (end(known, key=lambda pair: pair[1].parameters_trainable) for end in (min, max))
    few, many = (study.quotes.number(facts.parameters_trainable) for _, facts in (least, most))
    when = " en la última fase" if study.has_phases else ""
    each, sizes = "", few
    if len(known) > 1:
        each = " en cada configuración"
        sizes = f"de {few} ({study.names.mention(least[0])}) a {many} ({study.names.mention(most[0])})"
    if len({model.stages for _, model in known}) > 1:
        return [Paragraph(f"Los parámetros que se entrenan{when} van {sizes}.")]
    text = (
        f"La {{{{fig-stages}}}} indica qué etapas permanecen congeladas{each}{when} y cuántos parámetros se entrenan: "
        f"{sizes}."
    )
    caption = f"Etapas del modelo en cada configuración{when} y número de parámetros entrenables."
    draw = partial(stages.draw_stages, cases=[case for case, _ in known], factor=study.names.legend_title)
    return [Paragraph(text), Figure("fig-stages", caption, draw)]


def _weights(study: PaperContext) -> str:
    """What the networks start from; by cases where they differ."""
    origins = group_cases(study.done, lambda case: _origin(case.weights) if case.weights is not None else None)
    if not origins and study.findings.weights is not None:
        origins = {_origin(study.findings.weights): []}
    if not origins:
        return ""
    each = [
        f"{origin} ({study.names.mention(*cases)})" if len(origins) > 1 else origin for origin, cases in origins.items()
    ]
    text = f"Los pesos iniciales son {'; '.join(each)}."
    if study.lacks_weights:
        text += " Sin el conocimiento previo que se pidió, el estudio no mide lo que se propone."
    return text


def _origin(weights: WeightsFacts) -> str:
    if weights.provenance == "random" and weights.request in ("", "none"):
        return "aleatorios, como pide el estudio"
    request = markup.code(weights.request, "weights") if weights.request else "los pedidos"
    if weights.provenance == "random":
        return f"**aleatorios** (se pidieron {request})"
    digest = f" (SHA-256 `{weights.sha256[:16]}`)" if weights.sha256 else ""
    return f"{request}, {'oficiales' if weights.provenance == 'official' else 'de una copia no oficial'}{digest}"


def training_blocks(study: PaperContext) -> list[Block]:
    findings = study.findings
    total = spanish.count(len(findings.seeds), "semilla")
    if study.compares_cases:
        cases = spanish.count(len(findings.cases), "configuración")
        total = f"{cases} y {total}, {spanish.count(findings.planned, 'ejecución')} en total"
    text = f"El {{{{tab-configuration}}}} recoge la configuración del estudio: {total}."
    blocks: list[Block] = [configuration_table(study)]
    if (differences := cases_table(study)) is not None:
        text = (
            f"El estudio consta de {total}. El {{{{tab-configuration}}}} recoge lo que todas las configuraciones "
            "tienen en común, y el {{tab-cases}}, lo que las distingue."
        )
        blocks.append(differences)
    if study.compares_cases:
        # Networks of different sizes cannot start alike.
        sizes = {case.model.parameters_total for case in findings.cases if case.model is not None}
        shared = "el orden de las imágenes y la inicialización" if len(sizes) < 2 else "el orden de las imágenes"
        text += (
            f" Dos configuraciones con la misma semilla comparten {shared}, de modo que sus resultados están pareados."
        )
    if (phases := phases_table(study)) is not None:
        blocks += [Paragraph(_phases(study)), phases]
    return [Paragraph(text + _followed_works(study)), *blocks, Paragraph(_judgement(study))]


def _followed_works(study: PaperContext) -> str:
    """The works that the recipes follow, where they name any."""
    cited = [(name, study.works.cite(bibtex)) for name, bibtex in study.material.recipes.items()]
    recipes = [f"{markup.code(name, 'recipe')}{works}" for name, works in cited if works]
    if not recipes:
        return ""
    which, verb = ("La receta", "sigue") if len(recipes) == 1 else ("Las recetas", "siguen")
    return f" {which} {spanish.listing(recipes)} {verb} los trabajos citados."


def _phases(study: PaperContext) -> str:
    several = [case for case in study.done if len(case.phases) > 1]
    whose = f" de {study.names.mention(*several)}"
    if not study.compares_cases:
        whose = ""
    elif len(several) == len(study.done):
        whose = " de todas las configuraciones"
    return (
        f"El entrenamiento{whose} consta de varias fases ({{{{tab-phases}}}}), cada una con su optimizador y con las "
        "etapas que entrena; cada fase parte de los pesos que eligió la validación en la anterior."
    )


def _kinds(study: PaperContext) -> str:
    """Which kinds of machine made which seeds, and what that means for means and differences."""
    kinds = study.findings.kinds
    if len(kinds) < 2:
        return ""
    made = [f"{title}, {mention_seeds(kind)}" for title, kind in zip(kind_titles(kinds), kinds, strict=True)]
    text = (
        f" Las semillas se repartieron entre {spanish.number(len(kinds))} tipos de máquina, que redondean de distinta "
        f"forma: {'; '.join(made)}. Al intervalo de una media sobre varios de ellos se añade lo que varía entre "
        "tipos de máquina, estimado como factor aleatorio por análisis de varianza, con los grados de libertad de "
        "Satterthwaite."
    )
    if study.compares_cases and not any(found.refused_pairs for found in study.findings.comparisons):
        text += (
            " Todas las configuraciones de una semilla se hicieron en el mismo tipo, de modo que las diferencias, que "
            "se toman dentro de cada semilla, no dependen del reparto."
        )
    return text


def _judgement(study: PaperContext) -> str:
    """How means, intervals and differences are made: what the study has of them."""
    findings = study.findings
    if not study.has_repeats:
        text = (
            "Con una sola semilla no se puede estimar la dispersión entre ejecuciones: las medidas se dan sin "
            "intervalo entre semillas"
        )
        return f"{text} y ninguna diferencia se considera concluyente." if study.compares_cases else f"{text}."
    text = (
        "Las medidas de exactitud y de pérdida son medias sobre las semillas terminadas y van seguidas, entre "
        f"corchetes, de su intervalo de confianza al {CONFIDENCE}, el de Student."
    )
    text += _kinds(study)
    if not findings.comparisons:
        return text
    which = "la referencia"
    if len(findings.baselines) > 1:
        which = "su referencia, la que coincide con ella en todo lo demás"
    family = len(findings.comparisons)
    holm = f", corregido con el método de Holm para las {spanish.number(family)} comparaciones" if family > 1 else ""
    return (
        f"{text} Cada configuración se compara con {which} ({study.mention(*findings.baselines)}), por las diferencias "
        "entre ejecuciones con la misma semilla; su intervalo es el de Student para diferencias pareadas, sin corregir "
        "por comparaciones múltiples, y el valor p, el de una prueba bilateral de permutación de signos sobre su media"
        f"{holm}. Cuando hay menos semillas de las necesarias para que la prueba alcance el 0,05, el resultado se da "
        "como «no concluyente»."
    )
