"""How users say which Dask cluster is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from benchsuite.api import Parameters


class DaskParameters(Parameters):
    """How to reach a Dask cluster: its scheduler's address or file, and the certificates of its TLS."""

    address: str | None = Field(default=None, min_length=1, max_length=300)
    """Address of the scheduler: `tls://host:port`, or `tcp://host:port` where nobody else can listen."""

    scheduler_file: Path | None = None
    """The file that `dask scheduler --scheduler-file` wrote, in place of the address."""

    ca: Path | None = None
    """Certificate of the cluster's authority, in PEM, for tls:// addresses; Dask's own configuration where it is not
    given, as for the other two."""

    cert: Path | None = None
    """This client's certificate, signed by that authority, in PEM."""

    key: Path | None = None
    """The certificate's key, in PEM and not encrypted."""

    insecure: bool = False
    """Allow a tcp:// address beyond this machine: whoever can reach the scheduler may then run programs on it, on its
    workers and here, as you."""

    direct: bool = False
    """Take answers from the workers themselves, not through the scheduler: for large answers, where this machine can
    connect to the workers."""

    workers: int = Field(default=1, ge=1, le=100_000)
    """Workers to wait for at the start; a study is made for the machines that are there when it begins."""

    wait: float = Field(default=10.0, ge=0, le=86_400)
    """Seconds to wait for them at most, and for the scheduler's file."""

    timeout: float = Field(default=10.0, ge=1, le=600)
    """Seconds in which the scheduler must have answered; one that is silent for longer counts as lost."""

    @model_validator(mode="after")
    def _one_way_to_the_scheduler(self) -> Self:
        if self.address is not None and self.scheduler_file is not None:
            raise ValueError("give address or scheduler_file, not both")
        return self
