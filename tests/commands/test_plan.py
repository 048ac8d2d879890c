"""`benchsuite plan`: what it costs, and that what it tells is what `run` would do."""

from __future__ import annotations

import pytest

from benchsuite.commands.options import PolicyName, StudyOptions
from benchsuite.commands.session import open_study
from support.large_study import make_done, write_search, write_suite
from support.operations import check_linear, count_operations
from support.program import Program

SIZES = (100, 200, 400)


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True], ids=["nothing done", "all done"])
@pytest.mark.parametrize("shape", ["cases", "seeds", "named cases"])
@pytest.mark.parametrize("command", ["plan", "show", "why"])
def test_a_command_costs_as_much_as_the_study_is_large(program: Program, command: str, shape: str, done: bool) -> None:
    if command == "show" and not done:
        pytest.skip("there is nothing to show")
    # Files are remembered at once, or the operations would depend on how long ago the sample was made.
    program.patch.setattr("benchsuite.file_stamps.SETTLED_NS", 0)

    def count(runs: int) -> int:
        cases, seeds = (20, runs // 20) if shape == "seeds" else (runs, 1)
        suite = write_suite(program.folder / f"study_{runs}.yaml", cases, seeds, named=shape == "named cases")
        options = StudyOptions(seeds=str(seeds), policy=PolicyName.sample)
        if done:
            make_done(open_study(str(suite), options, download=False, quiet=True).preparation.tasks)
        words = (command, str(suite), "--seeds", str(seeds), "--policy", "sample")
        assert program.run(*words).code == 0  # makes the sample, and imports what is needed
        return count_operations(lambda: program.run(*words))

    check_linear(count, SIZES)


@pytest.mark.slow
@pytest.mark.parametrize("done", [False, True], ids=["nothing done", "all done"])
def test_planning_a_search_costs_as_much_as_it_has_trials(program: Program, done: bool) -> None:
    program.patch.setattr("benchsuite.file_stamps.SETTLED_NS", 0)

    def count(trials: int) -> int:
        suite = write_search(program.folder / f"search_{trials}.yaml", trials, "random")
        results = program.folder / f"results_{trials}"
        if done:
            options = StudyOptions(results=results)
            make_done(open_study(str(suite), options, download=False, quiet=True).preparation.tasks)
        words = ("plan", str(suite), "--results", str(results))
        assert program.run(*words).code == 0
        return count_operations(lambda: program.run(*words))

    check_linear(count, SIZES)
