"""The process in which rules are checked: it may hang, exit or be killed, and nobody else is harmed.

The parent sends a rule's id, and gets an `CheckResult`; before the first, one that says whether the component could be
loaded. Everything that is printed goes to a file, which the parent reads when a rule is broken.
"""

from __future__ import annotations

import faulthandler
import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
from benchsuite.errors import BenchsuiteError, on_one_line
from benchsuite.identity.numerics import describe
from benchsuite.processes import Parent
from benchsuite.registry.attribution import blame
from benchsuite.testing.harness.component_source import Origin
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.harness.subject import Subject, parsed
from benchsuite.testing.rules.catalogue import rules_of
from benchsuite.testing.rules.rule import Rule

Status = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True)
class CheckResult:
    """How a check went: what was found, and the seconds it took."""

    status: Status
    detail: str
    seconds: float = 0.0


def main(parent: Parent, origin: Origin, given: Mapping[str, Any], folder: Path) -> None:
    """Check one rule after another until the parent says None or is gone."""
    faulthandler.enable()
    try:
        subject = _load(origin, given, folder)
        rules = {rule.id: rule for rule in rules_of(subject.entry.kind)}
        parent.send(CheckResult("passed", ""))
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        parent.send(CheckResult("failed", f"it cannot be loaded: {_describe_error(error)}"))
        return
    while (wanted := parent.receive()) is not None:
        # The file holds what was printed since the last rule.
        os.ftruncate(1, 0)
        os.lseek(1, 0, os.SEEK_SET)
        answer = _check(rules[wanted], subject)
        sys.stdout.flush()
        sys.stderr.flush()
        parent.send(answer)


def _load(origin: Origin, given: Mapping[str, Any], folder: Path) -> Subject:
    numerics = describe()
    prepare_environment(numerics)
    entry = origin.load()
    if entry.kind in ("model", "recipe"):  # most rules of the others do without torch, which takes seconds to import
        configure(numerics)
    return Subject(origin, entry, given, parsed(entry, given), folder)


def _check(rule: Rule, subject: Subject) -> CheckResult:
    start = time.perf_counter()
    status: Status = "passed"
    try:
        detail = rule.run(subject) or ""
    except Inapplicable as why:
        status, detail = "skipped", str(why)
    except Broken as found:
        status, detail = "failed", str(found)
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        blamed = blame(error, [subject.entry]) if not isinstance(error, BenchsuiteError) else None
        where = f", at {blamed.where}" if blamed is not None else ""
        status, detail = "failed", f"{_describe_error(error)}{where}"
    return CheckResult(status, detail, time.perf_counter() - start)


def _describe_error(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it left the process by SystemExit({error.code!r})"
    text = str(error) if isinstance(error, BenchsuiteError) else on_one_line(error)
    return f"it raised {type(error).__name__}" + (f": {text}" if text else "")
