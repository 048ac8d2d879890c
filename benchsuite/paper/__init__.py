"""The paper: a study's findings and prose as a Spanish IEEE paper, in HTML and PDF. Importing it loads no renderer."""

from benchsuite.paper.build import build_comparison, build_paper
from benchsuite.paper.material import PaperFiles, PaperMaterial
from benchsuite.paper.pango import check_pango

__all__ = ["PaperFiles", "PaperMaterial", "build_comparison", "build_paper", "check_pango"]
