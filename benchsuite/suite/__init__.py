"""From a YAML file to a plan: read, validate, expand."""

from benchsuite.registry.suite_files import suite_files
from benchsuite.suite.cases.baselines import baselines
from benchsuite.suite.cases.plan import Case, Component, Plan, RunSpec
from benchsuite.suite.planning.expand import expand
from benchsuite.suite.planning.sample_smoke import smoke_plan
from benchsuite.suite.reader import parse_suite, read_suite
from benchsuite.suite.reports import read_report
from benchsuite.suite.schema.editor_schema import suite_schema
from benchsuite.suite.schema.suite import Suite
from benchsuite.suite.source.problems import Problem, SuiteError

__all__ = [
    "Case",
    "Component",
    "Plan",
    "Problem",
    "RunSpec",
    "Suite",
    "SuiteError",
    "baselines",
    "expand",
    "parse_suite",
    "read_report",
    "read_suite",
    "smoke_plan",
    "suite_files",
    "suite_schema",
]
