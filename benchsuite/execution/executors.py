"""Which executor carries out a study, and on which machines: the one door through which commands come to one."""

from __future__ import annotations

import os
import time
import tomllib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import platformdirs
from pydantic import ValidationError

from benchsuite.contracts.executor import Executor as Plugin
from benchsuite.contracts.executor import Session, Site
from benchsuite.errors import BenchsuiteError, PluginError, SetupError, first_line
from benchsuite.execution.executor import Executor
from benchsuite.execution.fleet import Finished, Fleet, choose_fleet
from benchsuite.execution.messages import RunWatcher
from benchsuite.identity.gpu_trial import usable_gpus
from benchsuite.identity.numerics import ChosenDevice, MachineFacts, Numerics, describe, processor_name
from benchsuite.machine import usable_cores
from benchsuite.registry import Entry, Registry, UnknownComponent
from benchsuite.suite.schema.suite import Devices

if TYPE_CHECKING:
    from benchsuite.execution.worker_pool import EarlyWorker

LOCAL = "local"
"""The executor that is built in: processes on this machine."""
VARIABLE = "BENCHSUITE_EXECUTOR"
FIRST_SITE_SECONDS = 30
"""How long it is waited for a site of whose coming nothing is known."""
QUIET_SECONDS = 2.0
"""Of a wait, about which nothing is said."""
LOOK_SECONDS = 0.1
CONFIGURATION = Path(platformdirs.user_config_dir("benchsuite")) / "config.toml"


@dataclass(frozen=True)
class Choice:
    """Which executor was chosen, and its options as they were written; `by` says where."""

    name: str
    options: Mapping[str, Any]
    by: str


class Engine(ABC):
    """Machines that carry out studies."""

    @abstractmethod
    def fleet(
        self, devices: Devices, device: ChosenDevice, known: Fleet | None, finished: Callable[[], Finished]
    ) -> Fleet | None:
        """The kinds of machine that a study is made on, chosen as `choose_fleet` says; None for this machine."""

    def sites(self) -> tuple[Site, ...]:
        """Where runs can be made, besides here."""
        return ()

    def begin(self, device: ChosenDevice, threads: int | None) -> None:  # noqa: B027
        """Start what any study needs, while it is planned. `threads` as in `numerics_of`."""

    @abstractmethod
    def executor(self, numerics: Numerics, fleet: Fleet | None, watcher: RunWatcher) -> Executor:
        """The executor of a study on this fleet, or of runs with these numerics on this machine. Raises SetupError when
        it does not have them."""


class Local(Engine):
    """This machine."""

    def __init__(self) -> None:
        self._early: EarlyWorker | None = None

    def begin(self, device: ChosenDevice, threads: int | None) -> None:
        from benchsuite.execution.worker_pool import EarlyWorker

        # Planning waits for the disk and for one core; torch takes as long to read in.
        with suppress(BenchsuiteError, OSError):  # planning says what is wrong with the device or the machine
            if usable_cores() > 1:
                numerics = describe(device, threads)
                gpu = usable_gpus()[0].uuid if numerics.device == "cuda" else None
                self._early = EarlyWorker(numerics, gpu)

    def fleet(
        self, devices: Devices, device: ChosenDevice, known: Fleet | None, finished: Callable[[], Finished]
    ) -> None:
        return None

    def executor(self, numerics: Numerics, fleet: Fleet | None, watcher: RunWatcher) -> Executor:
        return open_executor(numerics, watcher, self._early)

    def end(self) -> None:
        """Let go of what no study has taken."""
        if self._early is not None:
            self._early.discard()


def open_executor(numerics: Numerics, watcher: RunWatcher, early: EarlyWorker | None = None) -> Executor:
    """The executor here of runs with these numerics: processes on every GPU of their kind, or on the CPU, of which one
    may have been started `early`.

    Raises SetupError when they are those of another machine.
    """
    from benchsuite.execution.worker_pool import Pool  # starting processes is nothing that planning needs

    if numerics.device != "cuda":
        if numerics.device_name != processor_name():
            raise _elsewhere(numerics, processor_name())
        return Pool(numerics, (None,), watcher, early)
    usable = usable_gpus()
    fitting = tuple(gpu.uuid for gpu in usable if gpu.model == numerics.gpu_model)
    idle = ", ".join(gpu.name for gpu in usable if gpu.model != numerics.gpu_model)
    if not fitting:
        raise _elsewhere(numerics, idle or "no GPU")
    if idle:
        watcher.say(f"GPUs that would give other bits than the {numerics.device_name} stay idle: {idle}")
    return Pool(numerics, fitting, watcher, early)


def _elsewhere(numerics: Numerics, here: str) -> SetupError:
    return SetupError(
        f"these runs are made on a machine with {numerics.device_name}, and this one has {here}",
        expected="a machine of the kind that made the study, for the same bits",
        remedy="name its executor (--executor), or make the study anew on this machine: benchsuite run without one",
    )


class Remote(Engine):
    """The sites of a session."""

    def __init__(self, session: Session, name: str, hearing: Any, say: Callable[[str], None]) -> None:
        self._session, self._name, self._hearing, self._say = session, name, hearing, say

    def sites(self) -> tuple[Site, ...]:
        """The sites, once those are there that are to come; for a first one it is waited a while in any case, since
        workers may have been started just now."""
        began, told = time.monotonic(), ""
        while True:
            waits, found = self._session.pending(), self._session.sites()
            waited = time.monotonic() - began
            if not found and not waits and waited < FIRST_SITE_SECONDS:
                waits = f"a site, {FIRST_SITE_SECONDS} s at most"
            if not waits:
                return found
            if waits != told and waited > QUIET_SECONDS:
                self._say(f"the executor {self._name} waits for {waits}. Ctrl-C is fine: nothing has begun")
                told = waits
            time.sleep(LOOK_SECONDS)

    def fleet(
        self, devices: Devices, device: ChosenDevice, known: Fleet | None, finished: Callable[[], Finished]
    ) -> Fleet:
        from benchsuite.execution.known_sites import read_site

        kinds: Counter[MachineFacts] = Counter()
        troubles = []
        for site in self.sites():
            found, trouble = read_site(site)
            if found is not None:
                kinds[found.machine.kind(device)] += site.slots
            else:
                troubles.append(f"{site.host}: {trouble}")
        if not kinds:
            raise SetupError(
                f"the executor {self._name} has no site on which a run could be made",
                where="; ".join(dict.fromkeys(troubles)) or None,
                expected="workers that are connected, with benchsuite and torch",
                remedy="start workers, or mend what they say; see them with: benchsuite doctor --executor "
                f"{self._name}",
            )
        return choose_fleet(devices, device, kinds, known, finished)

    def executor(self, numerics: Numerics, fleet: Fleet | None, watcher: RunWatcher) -> Executor:
        from benchsuite.execution.dispatch import Dispatch

        assert fleet is not None
        return Dispatch(self._session, fleet, self._hearing, watcher)


@contextmanager
def open_engine(choice: Choice, registry: Registry, say: Callable[[str], None]) -> Iterator[Engine]:
    """The machines that an executor leads to, for as long as the block.

    Raises SetupError, or what the executor raises, where they cannot be reached.
    """
    if choice.name == LOCAL:
        if choice.options:
            raise SetupError(
                f"the executor {LOCAL} has no options",
                where=", ".join(choice.options),
                remedy="leave them out, or name another executor with --executor",
            )
        local = Local()
        try:
            yield local
        finally:
            local.end()
        return
    from benchsuite.execution.agent import carry_out, survey
    from benchsuite.execution.dispatch import Hearing

    entry = _entry(choice, registry)
    options = _parse(entry, choice)
    hearing = Hearing()
    with _naming(entry):
        opened = cast("Plugin[Any]", entry.component).open(options, carry_out, survey, hearing)
    session = _Named(opened, entry)
    finished = False
    try:
        yield Remote(session, choice.name, hearing, say)
        finished = True
    finally:
        session.close(now=not finished)


def _entry(choice: Choice, registry: Registry) -> Entry:
    try:
        return registry.entry("executor", choice.name)
    except UnknownComponent as error:
        raise SetupError(error.what, where=choice.by, expected=error.expected, remedy=error.remedy) from error


def choose(name: str | None, given: Sequence[str]) -> Choice:
    """The executor that the command line names, else the environment, else the user's configuration, else the local
    one. `given` are options as NAME=VALUE. Raises SetupError."""
    configured = _configured()
    by = "--executor" if name else VARIABLE if os.environ.get(VARIABLE) else str(CONFIGURATION)
    chosen = name or os.environ.get(VARIABLE) or configured.get("name") or LOCAL
    options = dict(configured.get("options", {})) if chosen == configured.get("name") else {}
    for one in given:
        key, equals, value = one.partition("=")
        if not equals or not key.strip():
            raise SetupError(
                f"--executor-option {one!r} is no option",
                expected="NAME=VALUE, as in address=tls://head:8786",
                remedy="correct it",
            )
        options[key.strip()] = _value(value)
    return Choice(chosen, options, by)


def _configured() -> dict[str, Any]:
    """The table [executor] of the user's configuration: `name`, and all else as `options`."""
    try:
        table = tomllib.loads(CONFIGURATION.read_text(encoding="utf-8")).get("executor", {})
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SetupError(
            f"the configuration cannot be read: {first_line(error)}", where=str(CONFIGURATION), remedy="correct it"
        ) from error
    if not isinstance(table, dict) or not isinstance(table.get("name"), str):
        raise (
            SetupError(
                "the configuration of the executor has no name",
                where=str(CONFIGURATION),
                expected='[executor] with name = "dask", and the executor\'s options beside it',
                remedy="correct it",
            )
            if table
            else SetupError("the table [executor] is empty", where=str(CONFIGURATION), remedy="remove it")
        )
    return {"name": table["name"], "options": {key: value for key, value in table.items() if key != "name"}}


def _value(text: str) -> object:
    """An option of the command line: a text, or a list or mapping as YAML writes them."""
    import yaml

    if text.startswith(("[", "{")):
        with suppress(yaml.YAMLError):  # such as the address [::1]:8786
            return yaml.safe_load(text)
    return text


def _parse(entry: Entry, choice: Choice) -> Any:
    try:
        # Texts stand for numbers, switches and paths as well: they come from a command line.
        return entry.component.Parameters.model_validate(dict(choice.options), strict=False)
    except ValidationError as error:
        known = entry.component.Parameters.model_fields
        problems = [
            f"{'.'.join(map(str, one['loc'])) or 'options'}: {one['msg'][:1].lower()}{one['msg'][1:]}"
            for one in error.errors(include_url=False)
        ]
        raise SetupError(
            f"the options of the executor {choice.name} are wrong: {'; '.join(problems)}",
            where=choice.by,
            expected="; ".join(f"{name}: {about.description or about.annotation}" for name, about in known.items()),
            remedy="correct them, as in --executor-option NAME=VALUE",
        ) from error


@contextmanager
def _naming(entry: Entry) -> Iterator[None]:
    """Whatever else than an error for users an executor raises is its own defect, and called that."""
    try:
        yield
    except BenchsuiteError:
        raise
    except Exception as error:
        raise PluginError(
            f"the executor {entry.name} failed: {type(error).__name__}: {first_line(error)}",
            where=f"{entry.distribution} {entry.version}",
            expected="SetupError or EngineLost, for what users can mend",
            remedy="report it to its authors, or leave out --executor",
        ) from error


class _Named(Session):
    """A plugin's session: what it raises names it."""

    def __init__(self, session: Session, entry: Entry) -> None:
        self._session, self._entry = session, entry

    def sites(self) -> Any:
        with _naming(self._entry):
            return self._session.sites()

    def pending(self) -> str:
        with _naming(self._entry):
            return self._session.pending()

    def submit(self, ticket: str, order: bytes, sites: frozenset[str]) -> Any:
        with _naming(self._entry):
            return self._session.submit(ticket, order, sites)

    def cancel(self, ticket: str) -> None:
        with _naming(self._entry):
            self._session.cancel(ticket)

    def close(self, *, now: bool) -> None:
        with suppress(Exception):
            self._session.close(now=now)
