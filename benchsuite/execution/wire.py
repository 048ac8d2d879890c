"""What passes between the process that plans a study and the sites of an executor, as bytes: orders go out, messages
and answers come back. All of it is JSON, and an answer may be followed by the parcel of a run; there is no code in it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from benchsuite.contracts.observer import EpochReport
from benchsuite.engine.task import RunTask
from benchsuite.errors import BenchsuiteError
from benchsuite.execution.messages import Probe
from benchsuite.identity.numerics import Device, MachineFacts, Numerics
from benchsuite.store.record import Deviation
from benchsuite.suite.cases.plan import RunSpec

FORM = 1
"""Of all that passes: sites that speak another refuse."""
PROBE, EPOCH = TypeAdapter(Probe), TypeAdapter(EpochReport)


class GarbledAnswer(Exception):
    """What came back cannot be read."""


class Part(BaseModel):
    """Something that passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Order(Part):
    """One run to be made, or to be probed. `fields` are those of its key, by which a site sees whether it would make
    the same run; `sample` and `random_weights` say what the data and the weights are, which the site finds itself.
    `keeps_weights` says whether those that it trains come home; `canary` is what the canary comes to on machines of the
    kind that is to make it, empty where it does not matter."""

    form: int = FORM
    kind: Literal["run", "probe"]
    key: str
    fields: Mapping[str, Any]
    spec: RunSpec
    sample: bool
    random_weights: bool
    skip_broken: bool
    keeps_weights: bool
    deviations: tuple[Deviation, ...]
    canary: str = ""

    @property
    def numerics(self) -> Numerics:
        """With which the run is to be made."""
        return Numerics.model_validate(self.fields["numerics"])


class Arrived(Part):
    """Word that runs have come home: a site need not keep what it made of them."""

    form: int = FORM
    kind: Literal["arrived"] = "arrived"
    keys: tuple[Annotated[str, Field(pattern="^[0-9a-f]{8,64}$")], ...]


ASKED: TypeAdapter[Order | Arrived] = TypeAdapter(Annotated[Order | Arrived, Field(discriminator="kind")])
"""What a site is asked."""


def order_of(task: RunTask, kind: Literal["run", "probe"], canary: str = "") -> Order:
    """What a site is told of a task."""
    return Order(
        kind=kind,
        key=task.key.key,
        fields=task.key.fields,
        spec=task.spec,
        sample=task.data.provenance == "synthetic sample",
        random_weights=task.weights.provenance == "random" and task.weights.request != "none",
        skip_broken=bool(task.data.left_out),
        keeps_weights=task.keeps_weights,
        deviations=task.deviations,
        canary=canary,
    )


class Report(Part):
    """What a site tells of itself. `agent` is the process that answers there; `machine` is None where `trouble` says
    why nothing can be computed. `code` is the fingerprint of the source that decides bits, `canary` what a few training
    steps come to on each device, as `execution.canary` says."""

    form: int = FORM
    agent: str
    version: str
    code: str = ""
    machine: MachineFacts | None
    canary: Mapping[Device, str] = {}
    trouble: str = ""


class Refusal(Part):
    """Why a site does not carry out an order; nor would it carry out another of the study."""

    kind: str
    what: str
    where: str | None = None
    expected: str | None = None
    remedy: str | None = None


def refusal_of(error: BenchsuiteError) -> Refusal:
    """An error of the site's as a refusal."""
    return Refusal(kind=error.kind, what=error.what, where=error.where, expected=error.expected, remedy=error.remedy)


@dataclass(frozen=True)
class Answer:
    """What came of an order: the parcel of a run, what a probe found, a refusal, or nothing, since it was cancelled."""

    agent: str
    content: bytes | Probe | Refusal | None

    def to_bytes(self) -> bytes:
        """As it travels: a line that says what it is, and the content."""
        if isinstance(self.content, bytes):
            kind, content = "parcel", self.content
        elif isinstance(self.content, Probe):
            kind, content = "probe", PROBE.dump_json(self.content)
        elif isinstance(self.content, Refusal):
            kind, content = "refusal", self.content.model_dump_json().encode()
        else:
            kind, content = "cancelled", b""
        return json.dumps({"form": FORM, "agent": self.agent, "kind": kind}).encode() + b"\n" + content


def read_answer(message: bytes) -> Answer:
    """The answer that a site gave. Raises GarbledAnswer."""
    try:
        head, _, content = message.partition(b"\n")
        said = json.loads(head)
        kind, agent = said["kind"], str(said["agent"])
        if said["form"] != FORM:
            raise ValueError(f"form {said['form']}")
        if kind == "parcel":
            return Answer(agent, content)
        if kind == "probe":
            return Answer(agent, PROBE.validate_json(content))
        if kind == "refusal":
            return Answer(agent, Refusal.model_validate_json(content))
        if kind == "cancelled":
            return Answer(agent, None)
        raise ValueError(f"kind {kind}")
    except (ValueError, KeyError, TypeError, RecursionError, AttributeError) as error:
        raise GarbledAnswer(str(error)) from error


def told(kind: str, *content: object) -> bytes:
    """A message of progress: `started`, `say` with a text, `steps` with its numbers, `epoch` with its report."""
    plain = [EPOCH.dump_python(one, mode="json") if isinstance(one, EpochReport) else one for one in content]
    return json.dumps([kind, *plain]).encode()


def read_told(message: bytes) -> tuple[str, tuple[Any, ...]]:
    """A message of progress. Raises GarbledAnswer."""
    try:
        kind, *content = json.loads(message)
        if kind == "epoch":
            return kind, (EPOCH.validate_python(content[0]), int(content[1]))
        if kind == "steps":
            return kind, (int(content[0]), int(content[1]), int(content[2]))
        if kind == "say":
            return kind, (str(content[0]),)
        if kind == "started":
            return kind, ()
        raise ValueError(f"kind {kind}")
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise GarbledAnswer(str(error)) from error
