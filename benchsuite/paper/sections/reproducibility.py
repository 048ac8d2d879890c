"""The reproducibility section: what the runs were made with, their keys, what deviates, and how to repeat them."""

from __future__ import annotations

from benchsuite.paper.context.material import PluginChart
from benchsuite.paper.context.paper_context import PaperContext
from benchsuite.paper.document import markup
from benchsuite.paper.document.blocks import Block, Bullets, Paragraph
from benchsuite.paper.language import spanish
from benchsuite.paper.tables.facts import PROVENANCE, environment_table, runs_table
from benchsuite.registry import OURS
from benchsuite.store.record import Deviation


def reproducibility_blocks(study: PaperContext) -> list[Block]:
    findings = study.findings
    blocks: list[Block] = [Paragraph(_principle(study))]
    if findings.environments:
        blocks += [Paragraph(_environments(study)), environment_table(findings.environments[0], "tab-environment")]
    blocks += [Paragraph(said)] if (said := _foreign(study)) else []
    if findings.runs:
        blocks += [
            Paragraph(
                "El {{tab-runs}} da la clave de cada ejecución terminada y la huella de sus pesos; todas las cifras de "
                f"este informe proceden de ellas{_searched(study)}."
            ),
            runs_table(study, "tab-runs"),
        ]
    blocks += _deviations(study)
    name = study.material.suite.name
    blocks.append(
        Paragraph(
            f"El estudio se repite con `make suite SUITE={name}`; `benchsuite verify {name}` rehace sus ejecuciones "
            "desde el principio y las compara bit a bit con las guardadas."
        )
    )
    return blocks


def _foreign(study: PaperContext) -> str:
    """Whose code took part besides ours: the distributions of the components, with their versions."""
    provided: dict[str, dict[str, None]] = {}
    for case in study.material.results.plan.cases:
        for part in (case.dataset, case.model, case.recipe):
            if part.distribution != OURS:
                provided.setdefault(f"{part.distribution} {part.version}", {})[part.name] = None
    told = [
        f"`{markup.file_name(markup.line(owner, 'distribution'))}` "
        f"({spanish.listing([f'`{markup.file_name(name)}`' for name in names])})"
        for owner, names in provided.items()
    ]
    said = []
    if told:
        plural = len(told) > 1
        said.append(
            f"{'Los complementos' if plural else 'El complemento'} {spanish.listing(told)} "
            f"{'son' if plural else 'es'} de terceros; la huella de su código forma parte de las claves."
        )
    return " ".join([*said, *map(_drawn_by, study.material.charts)])


def _drawn_by(made: PluginChart) -> str:
    owner = markup.file_name(markup.line(f"{made.distribution} {made.version}", "distribution"))
    return f"La {{{{{made.block}}}}} la calcula `{owner}` (`{markup.file_name(made.figure)}`) con estos resultados."


def _searched(study: PaperContext) -> str:
    found = study.findings.search
    if found is None or found.best is None:
        return ""
    return " y de las de la búsqueda, cuyas claves están en el {{tab-search}} y en los resultados adjuntos"


def _principle(study: PaperContext) -> str:
    findings = study.findings
    said = (
        "Cada ejecución se identifica por una clave que resume todo lo que decide su resultado: parámetros, semilla, "
        "huellas de los datos y de los pesos iniciales, código y aritmética. Con la misma clave se obtienen "
        "los mismos pesos."
    )
    if findings.dataset is not None:
        kind = PROVENANCE[findings.dataset.provenance]
        said += f" Procedencia de los datos: {kind}; huella `{findings.dataset.fingerprint[:16]}`."
    weights = [findings.weights, *(case.weights for case in study.done)]
    digests = dict.fromkeys(f"`{start.sha256[:16]}`" for start in weights if start is not None and start.sha256)
    if digests:
        said += f" Pesos iniciales: SHA-256 {spanish.listing(list(digests))}."
    return said


def _environments(study: PaperContext) -> str:
    findings = study.findings
    hours = spanish.seconds(findings.total_seconds)
    total = study.count(findings.total_seconds, hours)
    said = f"El {{{{tab-environment}}}} describe el entorno. El cómputo total fue de {total}."
    if len(findings.environments) > 1:
        said += (
            f" Las ejecuciones proceden de {spanish.number(len(findings.environments))} entornos distintos; se "
            "describe el más frecuente, y los tiempos no son comparables entre ellos."
        )
    if findings.environments[0].device == "cpu":
        said += " Las ejecuciones se hicieron en CPU."
    return said


def _deviations(study: PaperContext) -> list[Block]:
    """Everything that is not as the suite asked: changes from the command line, and what the program deviated in."""
    findings = study.findings
    changes = tuple(
        f"`{markup.file_name(markup.line(change, 'change')).replace('`', '')}`" for change in findings.changes
    )
    deviations = tuple(_in_spanish(deviation) for deviation in findings.deviations)
    if not findings.environments:
        return []
    if not changes and not deviations:
        return [Paragraph("Las ejecuciones se hicieron tal como declara el estudio, sin cambios ni sustituciones.")]
    blocks: list[Block] = []
    if changes:
        blocks += [Paragraph("Parámetros cambiados respecto al estudio declarado:"), Bullets(changes)]
    if deviations:
        lead = "El programa se apartó del estudio declarado en lo siguiente:"
        blocks += [Paragraph(lead), Bullets(deviations)]
    return blocks


def _in_spanish(deviation: Deviation) -> str:
    detail = markup.file_name(markup.line(deviation.detail, "deviation"))
    match deviation.kind:
        case "synthetic sample":
            return "los datos son una muestra sintética, no el conjunto de datos"
        case "random weights":
            return f"los pesos iniciales son aleatorios en lugar de `{detail}`"
        case "no cuda":
            return "no había GPU con CUDA: se calculó en la CPU"
        case "changed":
            return f"se cambió `{detail}`"
