"""The benchmark of very large studies, on a small one: every part of it measures something."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Rows = list[list[str]]


@pytest.mark.slow
def test_every_part_measures_something(bench: Callable[..., Rows]) -> None:
    rows = bench("scale", "--runs", "40", "--real", "6")
    handed = [row for row in rows if len(row) == 10]
    assert [row[0] for row in handed] == ["here", "sites that answer at once", "by Dask", "here", "by Dask"]
    for name, runs, cpu, here, scheduler, sites, speed, first, *_ in handed:
        assert int(runs) in (36, 2)
        assert float(cpu) == pytest.approx(float(here) + float(scheduler) + float(sites), abs=0.2)
        assert name == "by Dask" or float(scheduler) == 0
        assert float(speed) > 0
        assert float(first) >= 0
    asleep = [row for row in rows if row[0] in ("here", "by Dask") and len(row) == 4]
    assert [row[1] for row in asleep] == ["32", "32"]
    assert all(0 < float(linear) <= 100 for *_, linear in asleep)
    names = ("plan", "paper", "show", "why", "check", "reproduce")
    commands = [row[0] for row in rows if row[0].startswith(names)]
    assert commands[:4] == ["plan, nothing done", "plan, all done, seen first", "plan, all done", "paper"]
    assert commands[4:] == ["show, one run", "why, one run", "check, the paper", "reproduce, the paper"]
    ended = [row for row in rows if row[0].startswith("after")]
    assert [row[0] for row in ended] == ["after Ctrl-C", "after the command was killed"]
    assert all(0 <= float(seconds) < 30 for row in ended for seconds in row[1:])
