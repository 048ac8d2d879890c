"""Slurm, with jobs as processes of this machine and with a stand-in for Slurm's commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from benchsuite_plugins.executors.slurm import Slurm, SlurmOptions

from benchsuite.api import Handler, Session
from support import orders

Heard = Callable[[str, bytes], None]
LONG = 60.0
QUICK = {"look": 0.5, "silence": 2.0, "tolerance": 3.0, "patience": 1.0}


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs find the tests' handlers, as they would find benchsuite."""
    monkeypatch.setenv("PYTHONPATH", str(Path(orders.__file__).parent.parent))


@contextmanager
def opened(
    handler: Handler, folder: Path, heard: Callable[[str, bytes], None] | None = None, **options: Any
) -> Iterator[Session]:
    chosen = SlurmOptions(**{"folder": folder, "cluster": "local", "most": 1} | QUICK | options)
    session = Slurm().open(chosen, handler, orders.survey, heard or (lambda ticket, message: None))
    try:
        yield session
    finally:
        session.close(now=True)


def names(session: Session) -> frozenset[str]:
    return frozenset(site.name for site in session.sites())


def test_an_order_is_carried_out_and_nothing_is_left(tmp_path: Path) -> None:
    with opened(orders.echo, tmp_path / "meet") as session:
        (site,) = session.sites()
        assert site.slots == 1
        assert b"pid" in site.facts
        answers = [session.submit(str(n), b"order %d" % n, names(session)) for n in range(5)]
        assert [answer.result(LONG) for answer in answers] == [b"%d redro" % n for n in range(5)]
        session.close(now=False)
    assert list((tmp_path / "meet").iterdir()) == []
