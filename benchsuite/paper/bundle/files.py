"""The names of the files that a paper carries, and how its PDF describes them."""

from __future__ import annotations

from benchsuite.paper.document.blocks import RESULTS

SUITE, ENVIRONMENT, LOCK = "suite.yaml", "environment.json", "requirements.txt"


DESCRIPTIONS = {
    RESULTS: "Resultados del estudio: todo aquello de lo que procede el informe",
    SUITE: "Declaración del estudio",
    ENVIRONMENT: "Entornos en los que se hicieron las ejecuciones",
    LOCK: "Versiones de los paquetes",
}


BIBTEX = ".bib"


PHOTO, MISTAKE = "photo-{:03d}.jpg", "mistake-{:03d}.jpg"
