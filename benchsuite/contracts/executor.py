"""The executor contract: what carries orders to machines where runs are made, and their answers home.

An executor moves bytes, and knows nothing of runs: what an order says, who may carry it out and whether an answer can
be believed is the core's business. It connects to an engine that exists already, such as a Dask cluster or Slurm.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

from benchsuite.contracts.parameters import Parameters
from benchsuite.errors import BenchsuiteError

P = TypeVar("P", bound=Parameters)


class SiteLost(BenchsuiteError):
    """The site that carried an order is gone, and the order with it: another site may be given it."""

    kind = "executor"


class EngineLost(BenchsuiteError):
    """The engine itself is gone: nothing more can be asked of this session."""

    kind = "executor"
    exit_code = 1


class Channel(Protocol):
    """The way from an order that is being carried out back to whoever submitted it; the executor makes it, on the
    site."""

    def tell(self, message: bytes) -> None:
        """Send a message of progress: best effort, in order, never waiting for long and never raising. A message is
        small, and there are a few a second at most."""

    def cancelled(self) -> bool:
        """Whether nobody wants the answer any more: the order was cancelled, or its session has ended. It is asked
        several times a second, and never raises."""


Handler = Callable[[bytes, Channel], bytes]
"""What a site calls with an order; its answer goes home. A function of a module, which can be imported by its name."""
Survey = Callable[[], bytes]
"""What a site calls to tell of itself. A function of a module, as well."""


@dataclass(frozen=True)
class Site:
    """Where orders can be carried out: a process of the engine on some machine."""

    name: str
    """By which `submit` knows it; unique in its session, and another after it has started again."""
    host: str
    """The machine, as users would call it."""
    slots: int
    """How many orders it carries out at once."""
    facts: bytes
    """What `survey` said there; nothing, where `trouble` is."""
    trouble: str = ""
    """Why no order can be carried out there, in words for users, such as that benchsuite is not installed there; it is
    given none. Empty where all is well."""


class Session(ABC):
    """An engine that is connected. Its methods are called from one thread; futures and messages come from any."""

    @abstractmethod
    def sites(self) -> tuple[Site, ...]:
        """The sites that are there now; it is asked again and again, since they come and go, and never waits for
        one. Raises EngineLost."""

    def pending(self) -> str:
        """For which sites a study should wait before it begins, in words for users, such as a job and why it is still
        in a queue; nothing, once they are there, or were waited for as long as the options say. Never raises."""
        return ""

    @abstractmethod
    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Future[bytes]:
        """Have an order carried out on one of these sites, by their names, as soon as one of them has a slot free.

        `ticket` names the order in this session. The future gives what the handler returned, or raises: SiteLost when
        the site has gone before it answered, or none of these sites is left; EngineLost when the engine has gone; and
        whatever the handler raised. After `cancel` it is cancelled. What is submitted first is begun first. Raises
        EngineLost.
        """

    @abstractmethod
    def cancel(self, ticket: str) -> None:
        """Give an order up: it is not begun, or its channel says that it is cancelled within a second. An unknown
        ticket, or one that has been answered, is none of it."""

    @abstractmethod
    def close(self, *, now: bool) -> None:
        """Let the engine go, which goes on for others. With `now`, orders that are left are cancelled; without, there
        are none. Never raises, and may be called twice."""


class Executor(ABC, Generic[P]):
    """A way to an engine, which users name with --executor."""

    name: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]
    """What --executor-option sets: addresses, credentials, limits."""

    @abstractmethod
    def open(self, options: P, handler: Handler, survey: Survey, heard: Callable[[str, bytes], None]) -> Session:
        """Connect to the engine.

        Sites call `handler` for each order. `heard` is to be called with an order's ticket for each message that its
        channel was told. Raises SetupError or EngineLost with a remedy when the engine cannot be reached, when it is
        another version than it can be talked to by, or when its connection would not be safe.
        """

    def sample(self, options: P, folder: Path) -> AbstractContextManager[P]:
        """A small engine on this machine, for checks and trials, which lasts as long as the context: two sites, if it
        can have as many, and listeners on loopback alone.

        Gives the options by which `open` reaches it; where `options` name an engine already, they are these as they
        are, as they are where an executor needs no engine beside itself. `folder` is empty, and the engine's own.
        """
        return nullcontext(options)
