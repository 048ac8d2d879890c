"""From a YAML file to a plan: read, validate, expand."""

from benchsuite.suite.expand import baselines, expand
from benchsuite.suite.jsonschema import json_schema
from benchsuite.suite.plan import Case, Component, Plan, RunSpec
from benchsuite.suite.problems import Problem, SuiteError
from benchsuite.suite.reader import parse_suite, read_suite, suite_files
from benchsuite.suite.schema import Suite
from benchsuite.suite.trial import trial

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
    "json_schema",
    "parse_suite",
    "read_suite",
    "suite_files",
    "trial",
]
