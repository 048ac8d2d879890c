"""The model's and the training's subsections: stages, parameters, configuration, and how results are judged."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from benchsuite.analysis.findings import CaseFindings
from benchsuite.analysis.intervals import FEWEST_SEEDS
from benchsuite.paper.context.case_groups import group_cases
from benchsuite.paper.context.machine_kinds import kind_titles, mention_seeds
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.context.parameter_words import as_code
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Figure, Paragraph, Table
from benchsuite.paper.figures import networks, stages
from benchsuite.paper.language import typography
from benchsuite.paper.language.catalogue import say
from benchsuite.paper.language.phrases import listing
from benchsuite.paper.references.methods import MIXING, OVERLAP, SPENDING
from benchsuite.paper.sections.listings import algorithm_blocks, design_blocks, source_blocks
from benchsuite.paper.tables.architecture import describe_stages, layers_table
from benchsuite.paper.tables.configuration import cases_table, configuration_table, models_table, phases_table
from benchsuite.paper.tables.facts import folds_table
from benchsuite.store.record import ModelFacts, WeightsFacts

FEW_LOOKS = 6
"""Looks that are listed one by one."""

Modelled = tuple[CaseFindings, ModelFacts]
Stages = tuple[tuple[str, tuple[str, ...], str, int], ...]
"""What `describe_stages` says of a network."""


def model_blocks(study: PaperContext) -> list[Block]:
    known = [(case, case.model) for case in study.findings.cases if case.model is not None]
    titles = list(dict.fromkeys(study.cite_model(case) for case in study.findings.cases))
    models = models_table(study) if known else None
    layers, layers_shown = _layers(study, known) if known else ("", None)
    if not known:
        text = say("models-are", n=len(titles), models=listing(titles))
    elif models is None:
        text = _describe_network(titles, known[0][1])
    else:
        compared = say("models-compared" if len(titles) > 1 else "models-compared-variants", models=listing(titles))
        text = f"{compared} {say('models-table')}"
    blocks: list[Block] = [Paragraph(" ".join(filter(None, (text, layers, _weights(study)))))]
    blocks += [table for table in (models, layers_shown) if table is not None]
    blocks += [*network_blocks(study), *source_blocks(study)]
    return blocks + (_frozen(study, known) if any(model.frozen_stages for _, model in known) else [])


def _describe_network(titles: Sequence[str], facts: ModelFacts) -> str:
    unit, scale = typography.operations_unit(facts.forward_flops)
    return say(
        "network",
        n=len(titles),
        models=listing(titles),
        parameters=facts.parameters_total,
        stages=say("network-stages", n=len(facts.stages)),
        names=listing([f"`{markup.line(stage, 'stage')}`" for stage in facts.stages]),
        flops=typography.with_unit(typography.significant(scale * facts.forward_flops), unit),
    )


def _layers(study: PaperContext, known: Sequence[Modelled]) -> tuple[str, Table | None]:
    """The network of the reference, or of the first case, layer by layer, and what to say of it."""
    baselines = study.findings.baselines
    case, facts = next((pair for pair in known if pair[0].case.name in baselines), known[0])
    table = layers_table(study, case)
    if table is None:
        return "", None
    if all(model.layers == facts.layers for _, model in known):
        return say("layers"), table
    whose = "layers-of-reference" if case.case.name in baselines else "layers-of-one"
    return say(whose, case=study.names.mention(case)), table


def different_networks(study: PaperContext) -> dict[Stages, list[CaseFindings]]:
    """The stages of each network that has other layers than those before it, and the cases that have it."""
    cases = [case for case in study.findings.cases if case.model is not None and case.model.layers]
    return group_cases(cases, lambda case: describe_stages(case.model.layers) if case.model is not None else None)


def network_blocks(study: PaperContext, drawn: Collection[Stages] = ()) -> list[Block]:
    """A drawing of each network that has other layers than those before it and those `drawn`, where it is asked for."""
    different = {stages: cases for stages, cases in different_networks(study).items() if stages not in drawn}
    if not different or not study.asks_for("fig-networks"):
        return []
    titles = [study.model_title(cases[0]) for cases in different.values()]
    told_apart = len(set(titles)) == len(titles)
    sketches = [
        networks.NetworkSketch(
            title if told_apart else ", ".join(case.label for case in cases),
            tuple(networks.Stage(*stage) for stage in described),
            cases[0].case.name if len(cases) == 1 else None,
        )
        for title, (described, cases) in zip(titles, different.items(), strict=True)
    ]
    draw = partial(networks.draw_networks, networks=sketches)
    text = say("networks", n=len(sketches))
    return [Paragraph(text), Figure("fig-networks", say("caption-networks", n=len(sketches)), draw, wide=True)]


def _frozen(study: PaperContext, known: Sequence[Modelled]) -> list[Block]:
    """What stays frozen in each case; drawn where all networks have the same stages."""
    least, most = (end(known, key=lambda pair: pair[1].parameters_trainable) for end in (min, max))
    few, many = (study.quotes.number(facts.parameters_trainable) for _, facts in (least, most))
    when = say("frozen-in-last-phase") if study.has_phases else ""
    each, sizes = "", few
    if len(known) > 1:
        each = say("frozen-in-each")
        ends = {"least": study.names.mention(least[0]), "most": study.names.mention(most[0])}
        sizes = say("frozen-sizes", few=few, many=many, **ends)
    if len({model.stages for _, model in known}) > 1:
        return [Paragraph(say("frozen-parameters", when=when, sizes=sizes))]
    text = say("frozen", each=each, when=when, sizes=sizes)
    caption = say("caption-stages", when=when)
    draw = partial(stages.draw_stages, cases=[case for case, _ in known], factor=study.names.legend_title)
    return [Paragraph(text), Figure("fig-stages", caption, draw)]


def _weights(study: PaperContext) -> str:
    """What the networks start from; by cases where they differ."""
    origin = partial(_origin, licences=study.material.licences)
    origins = group_cases(study.done, lambda case: origin(case.weights) if case.weights is not None else None)
    if not origins and study.findings.weights is not None:
        origins = {origin(study.findings.weights): []}
    if not origins:
        return ""
    each = list(origins)
    if len(origins) > 1:
        each = [f"{start} ({cases})" for start, cases in study.names.mention_groups(origins)]
    text = say("weights", each="; ".join(each))
    return f"{text} {say('weights-lacking')}" if study.lacks_weights else text


def _origin(weights: WeightsFacts, licences: Mapping[str, str]) -> str:
    if weights.provenance == "random" and weights.request in ("", "none"):
        return say("weights-random")
    request = as_code(weights.request, "weights") if weights.request else say("weights-asked")
    if weights.provenance == "random":
        return say("weights-random-for", request=request)
    official = "weights-official" if weights.provenance == "official" else "weights-unofficial"
    told = [f"SHA-256 `{weights.sha256[:16]}`"] if weights.sha256 else []
    if licence := licences.get(weights.request):
        told.append(say("weights-licence", licence=markup.literal(markup.line(licence, "weights licence"))))
    return say(official, request=request) + (f" ({'; '.join(told)})" if told else "")


def training_blocks(study: PaperContext) -> list[Block]:
    findings = study.findings
    total = say("count-seed", n=len(findings.seeds))
    if study.compares_cases:
        total = say(
            "study-size",
            cases=say("count-configuration", n=len(findings.cases)),
            seeds=total,
            runs=say("count-run", n=findings.planned),
        )
    text = say("configuration", total=total)
    blocks: list[Block] = [configuration_table(study)]
    if (differences := cases_table(study)) is not None:
        text = say("configuration-and-cases", total=total)
        blocks.append(differences)
    if study.compares_cases:
        # Networks of different sizes cannot start alike.
        sizes = {case.model.parameters_total for case in findings.cases if case.model is not None}
        text += " " + say("paired-all" if len(sizes) < 2 else "paired-order")
        if len({case.dataset.counts.get("train") for case in study.done if case.dataset is not None}) > 1:
            text += " " + say("paired-other-images")
    if (phases := phases_table(study)) is not None:
        blocks += [Paragraph(_phases(study)), phases]
    opening = f"{text}{_recipes(study)}{_loading(study)}{_recorded(study)}{_trained(study)}"
    judged = [Paragraph(text) for text in (_judgement(study), _looks(study)) if text]
    return [Paragraph(opening), *blocks, *algorithm_blocks(study), *design_blocks(study), *_folds(study), *judged]


def _folds(study: PaperContext) -> list[Block]:
    """How folds were drawn, how large each is, and what that they share does to intervals."""
    found = study.findings.folds
    if found is None:
        return []
    text = say(
        "folds",
        k=found.design.k,
        rounds=say("folds-rounds", n=found.rounds) if found.rounds > 1 else "",
        sizes=say("folds-sizes") if found.sizes else "",
    )
    if study.has_repeats:
        text += " " + say("folds-interval", others=found.design.k - 1, cited=study.works.cite(OVERLAP))
    text += " " + say("folds-chosen")
    return [Paragraph(text), *([folds_table(found)] if found.sizes else [])]


def _looks(study: PaperContext) -> str:
    """That the claims have decided the number of seeds, how, and what that does to the numbers."""
    found = study.findings.sequential
    if found is None:
        return ""
    looks = list(map(typography.number, found.design.looks))
    text = say(
        "sequential",
        n=len(looks),
        looks=listing(looks) if len(looks) <= FEW_LOOKS else ", ".join([*looks[:3], "…", looks[-1]]),
        most=found.design.at_most,
        spending=say(f"spending-{found.design.spending.replace('_', '-')}"),
        cited=study.works.cite(SPENDING) if found.repeats else "",
        first=typography.significant(found.boundaries[0]),
        last=typography.significant(found.boundaries[-1]),
    )
    if not found.taken:
        return f"{text} {say('sequential-none')}"
    if not found.repeats:
        return text
    seeds = found.design.looks[found.taken - 1]
    return f"{text} {say('sequential-taken', n=found.taken, planned=len(looks), seeds=seeds)}"


def _loading(study: PaperContext) -> str:
    """How images come to the network: the size of a batch and how many there are in an epoch, order and workers."""
    sizes = [(case.case.recipe.parameters.get("batch_size"), case.dataset) for case in study.findings.cases]
    known = [(size, facts or study.findings.dataset) for size, facts in sizes if isinstance(size, int)]
    images = [(size, sum(facts.counts.get("train", ()))) for size, facts in known if facts is not None]
    if not images:
        return ""
    batches = sorted({-(-every // size) for size, every in images})
    text = say(
        "loading",
        size=_span([typography.number(size) for size in sorted({size for size, _ in images})]),
        batches=_span([typography.number(count) for count in batches]),
    )
    return f" {text}"


def _recorded(study: PaperContext) -> str:
    """What is written down of each run while it trains: by epoch, and every so many steps."""
    given = [case.case.recipe.parameters.get("log_every") for case in study.findings.cases]
    steps = sorted({every for every in given if isinstance(every, int)})
    if not steps:
        return ""
    return f" {say('recorded', n=steps[-1], steps=_span([typography.number(every) for every in steps]))}"


TRAINED = {
    "accumulate": "trained-accumulated",
    "class_weights": "trained-balanced",
    "ema": "trained-ema",
    "swa_after": "trained-swa",
    "mixup": "trained-mixup",
    "cutmix": "trained-cutmix",
}
"""Parameters of recipes that change what is trained or kept, with the sentence that tells it."""


def _trained(study: PaperContext) -> str:
    """What steps, loss and weights are, where they are not the usual ones; of some cases by their names."""
    cases, text = study.findings.cases, ""
    for name, sentence in TRAINED.items():
        having = [case for case in cases if case.case.recipe.parameters.get(name) is not None]
        if having:
            every = len(having) == len(cases)
            where = "" if every else say("trained-where", cases=study.names.mention(*having))
            text += " " + say(sentence, where=where, cited=study.works.cite(MIXING.get(name, "")))
    if any(study.having("recipe", name) for name in MIXING):
        text += " " + say("trained-mixed-accuracy")
    return text


def _span(values: Sequence[str]) -> str:
    """«32», or «de 16 a 256» of several, the least first."""
    return values[0] if len(values) == 1 else say("span", least=values[0], most=values[-1])


def _recipes(study: PaperContext) -> str:
    """The works that the recipes follow, where they name any, and what they say of themselves."""
    material = study.material
    titles: dict[str, str] = {}
    for case in study.findings.cases:
        title, _ = material.recipe_words.get(case.case.name, ("", ""))
        titles.setdefault(case.case.recipe.name, markup.literal(markup.line(title, "recipe title")))
    cited = [(name, study.works.cite(bibtex)) for name, bibtex in material.recipes.items()]
    recipes = [f"{titles.get(name) or markup.code(name, 'recipe')}{works}" for name, works in cited if works]
    text = f" {say('recipes-follow', n=len(recipes), recipes=listing(recipes))}" if recipes else ""
    summaries = dict.fromkeys(markup.line(summary, "recipe summary") for _, summary in material.recipe_words.values())
    return text + "".join(f" {markup.literal(summary)}" for summary in summaries if summary)


def _phases(study: PaperContext) -> str:
    several = [case for case in study.done if len(case.phases) > 1]
    if not study.compares_cases:
        return say("phases")
    if len(several) == len(study.done):
        return say("phases-of-all")
    return say("phases-of-some", cases=study.names.mention(*several))


def _kinds(study: PaperContext) -> str:
    """Which kinds of machine made which seeds, and what that means for means and differences."""
    kinds = study.findings.kinds
    if len(kinds) < 2:
        return ""
    made = [f"{title}, {mention_seeds(kind)}" for title, kind in zip(kind_titles(kinds), kinds, strict=True)]
    text = " " + say("kinds", kinds=len(kinds), made="; ".join(made))
    if study.compares_cases and not any(found.refused_pairs for found in study.findings.comparisons):
        text += " " + say("kinds-within-seeds")
    return text


def _judgement(study: PaperContext) -> str:
    """How means, intervals and differences are made: what the study has of them."""
    findings = study.findings
    if not study.has_repeats:
        return say("judgement-one-seed-compared" if study.compares_cases else "judgement-one-seed")
    few = all(case.done < FEWEST_SEEDS for case in study.done)
    text = say("judgement-observed" if few else "judgement-means") + _kinds(study)
    if not findings.comparisons:
        return text
    family = len(findings.comparisons)
    compared = say(
        "judgement-differences",
        reference=say("the-reference" if len(findings.baselines) < 2 else "own-reference"),
        baselines=study.mention(*findings.baselines),
        interval="" if few else say("judgement-interval"),
        test=say("judgement-by-signs" if findings.folds is None else "judgement-by-folds"),
        holm=say("judgement-holm", comparisons=family) if family > 1 else "",
    )
    return f"{text} {compared}"
