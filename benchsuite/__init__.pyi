from benchsuite.study import (
    BenchsuiteError,
    Claim,
    Paper,
    Report,
    Run,
    RunsFailed,
    Step,
    Studies,
    Study,
    load,
    report,
    run,
)

__version__: str
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
