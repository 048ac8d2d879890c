"""Studies from Python: `benchsuite.run` makes one, `benchsuite.load` opens what is stored, and both give a `Study`;
`benchsuite.report` composes the report on several.

`benchsuite` hands these names on, and imports this package when one of them is first asked for.
"""

from benchsuite.errors import BenchsuiteError
from benchsuite.study.calls import RunsFailed, report, run
from benchsuite.study.outcomes import Claim, Run, Step
from benchsuite.study.reports import Report
from benchsuite.study.stored import Studies, load
from benchsuite.study.study import Paper, Study

__all__ = [
    "BenchsuiteError",
    "Claim",
    "Paper",
    "Report",
    "Run",
    "RunsFailed",
    "Step",
    "Studies",
    "Study",
    "load",
    "report",
    "run",
]
