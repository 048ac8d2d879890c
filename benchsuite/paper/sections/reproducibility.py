"""The reproducibility section: what the runs were made with, their keys, what deviates, and how to repeat them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from benchsuite.identity.numerics import BF16_SETS
from benchsuite.paper.context.material import PaperMaterial, PluginChart
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Paragraph
from benchsuite.paper.language import spanish
from benchsuite.paper.tables.facts import PROVENANCE, environment_table, runs_table
from benchsuite.registry import OURS
from benchsuite.store.record import Deviation, Environment

MANTISSAS = {"bf16": "bf16, de 8 bits", "fp16": "fp16, de 11 bits"}


def reproducibility_blocks(study: PaperContext) -> list[Block]:
    findings = study.findings
    blocks: list[Block] = [Paragraph(_principle(study))]
    if findings.environments:
        blocks += [Paragraph(_environments(study)), environment_table(findings.environments[0])]
    if text := " ".join([*_foreign_code(study), *map(_drawn_by, study.material.charts)]):
        blocks.append(Paragraph(text))
    if findings.runs:
        searched = ""
        if findings.search is not None and findings.search.best is not None:
            searched = " y de las de la búsqueda, cuyas claves están en el {{tab-search}} y en los resultados adjuntos"
        text = (
            "El {{tab-runs}} da la clave de cada ejecución terminada y la huella de sus pesos; todas las cifras de "
            f"este informe proceden de ellas{searched}."
        )
        blocks += [Paragraph(text), runs_table(study)]
    return [*blocks, *(_deviations(study) if findings.environments else []), Paragraph(_repetition(study.material))]


def _repetition(material: PaperMaterial) -> str:
    """How the study is made again: what was changed from outside is part of the command."""
    name, form = material.suite.name, material.form_arguments
    arguments = material.study_arguments or (name,)
    run, verify = f"make suite SUITE={name}", _command("verify", *arguments)
    if arguments != (name,) or form:
        run = _command("run", *arguments, *form)
    return (
        f"El estudio se repite con `{run}`; `{verify}` rehace sus ejecuciones desde el principio y las compara bit a "
        "bit con las guardadas."
    )


def _command(*words: str) -> str:
    return markup.line(f"benchsuite {shlex.join(words)}", "command").replace("`", "")


def _foreign_code(study: PaperContext) -> list[str]:
    """Whose code took part besides ours: the distributions of the components, with their versions."""
    provided: dict[str, dict[str, None]] = {}
    for case in study.material.results.plan.cases:
        for part in (case.dataset, case.model, case.recipe):
            if part.distribution != OURS:
                owner = markup.code(f"{part.distribution} {part.version}", "distribution")
                provided.setdefault(owner, {})[markup.code(part.name, "component")] = None
    if not provided:
        return []
    who, are = ("Los complementos", "son") if len(provided) > 1 else ("El complemento", "es")
    owners = spanish.listing([f"{owner} ({spanish.listing(list(names))})" for owner, names in provided.items()])
    return [f"{who} {owners} {are} de terceros; la huella de su código forma parte de las claves."]


def _drawn_by(made: PluginChart) -> str:
    owner = markup.code(f"{made.distribution} {made.version}", "distribution")
    return f"La {{{{{made.block}}}}} la calcula {owner} ({markup.code(made.figure, 'figure')}) con estos resultados."


def _principle(study: PaperContext) -> str:
    findings = study.findings
    text = (
        "Cada ejecución se identifica por una clave que resume todo lo que decide su resultado: parámetros, semilla, "
        "huellas de los datos y de los pesos iniciales, código y aritmética. Con la misma clave se obtienen "
        "los mismos pesos."
    )
    if findings.dataset is not None:
        kind = PROVENANCE[findings.dataset.provenance]
        text += f" Procedencia de los datos: {kind}; huella `{findings.dataset.fingerprint[:16]}`."
    weights = [findings.weights, *(case.weights for case in study.done)]
    digests = dict.fromkeys(f"`{start.sha256[:16]}`" for start in weights if start is not None and start.sha256)
    if digests:
        text += f" Pesos iniciales: SHA-256 {spanish.listing(list(digests))}."
    return text


def _environments(study: PaperContext) -> str:
    findings = study.findings
    total = study.quotes.number(findings.total_seconds, spanish.seconds(findings.total_seconds))
    beside = ", suma de ejecuciones hechas a la vez" if study.at_once[1] > 1 else ""
    text = f"El {{{{tab-environment}}}} describe el entorno. El cómputo total fue de {total}{beside}."
    if len(findings.environments) > 1:
        text += (
            f" Las ejecuciones proceden de {spanish.number(len(findings.environments))} entornos distintos; se "
            "describe el más frecuente, y los tiempos no son comparables entre ellos."
        )
    if all(environment.device == "cpu" for environment in findings.environments):
        text += " Las ejecuciones se hicieron en CPU."
    return text + _arithmetic(findings.environments)


def _arithmetic(environments: Sequence[Environment]) -> str:
    """What mixed precision means; nothing where all was computed in fp32."""
    mixed = list(dict.fromkeys(made.precision for made in environments if made.precision != "fp32"))
    if not mixed:
        return ""
    several = len({made.precision for made in environments}) > 1
    of_cpu = {title for _, title in BF16_SETS}
    which = f"Las ejecuciones en {spanish.listing(mixed)}" if several else "Las redes"
    text = (
        f" {which} se calcularon en precisión mixta: los pesos se guardan y se ajustan en fp32, de 24 bits de mantisa, "
        f"y las convoluciones y los productos de matrices redondean antes sus factores a "
        f"{spanish.listing([MANTISSAS[precision] for precision in mixed])}"
    )
    if all(made.capability in of_cpu for made in environments if made.precision != "fp32"):
        text += ", y suman los productos en fp32"
    return f"{text}. Los mismos parámetros en otra precisión son otras ejecuciones, con otros resultados."


def _deviations(study: PaperContext) -> list[Block]:
    """Everything that is not as the suite asked: changes from the command line, and what the program deviated in."""
    findings = study.findings
    lists = {
        "Parámetros cambiados respecto al estudio declarado:": [markup.code(c, "change") for c in findings.changes],
        "El programa se apartó del estudio declarado en lo siguiente:": [*map(_in_spanish, findings.deviations)],
    }
    if not any(lists.values()):
        return [Paragraph("Las ejecuciones se hicieron tal como declara el estudio, sin cambios ni sustituciones.")]
    blocks = ((Paragraph(lead), Bullets(tuple(items))) for lead, items in lists.items() if items)
    return [block for pair in blocks for block in pair]


def _in_spanish(deviation: Deviation) -> str:
    detail = markup.code(deviation.detail, "deviation")
    match deviation.kind:
        case "synthetic sample":
            return "los datos son una muestra sintética, no el conjunto de datos"
        case "random weights":
            return f"los pesos iniciales son aleatorios en lugar de {detail}"
        case "no cuda":
            return "no había GPU con CUDA: se calculó en la CPU"
        case "cuda unusable":
            return f"se calculó en la CPU, porque la GPU no se puede usar: {detail}"
        case "left out":
            return "se dejaron fuera las imágenes que no se pueden decodificar"
        case "changed":
            return f"se cambió {detail}"
