from benchsuite.study import BenchsuiteError, Claim, Paper, Run, RunsFailed, Studies, Study, load, run

__version__: str
__all__ = ["BenchsuiteError", "Claim", "Paper", "Run", "RunsFailed", "Studies", "Study", "load", "run"]
