"""`benchsuite paper`: make the paper of a study from the results that are there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.commands.console import announce, say
from benchsuite.commands.options import (
    RESULTS,
    Data,
    DeviceName,
    DeviceOption,
    PageName,
    PageOption,
    PolicyName,
    PolicyOption,
    Results,
    Seeds,
    Set,
    SuiteName,
    TemplateName,
    TemplateOption,
)
from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from benchsuite.commands.study import Study
    from benchsuite.paper import PaperFiles


def paper(
    suite: SuiteName,
    overrides: Set = None,
    seeds: Seeds = None,
    data: Data = None,
    policy: PolicyOption = PolicyName.auto,
    device: DeviceOption = DeviceName.auto,
    results: Results = RESULTS,
    template: TemplateOption = None,
    page: PageOption = None,
    need_all: Annotated[bool, typer.Option("--complete", help="Refuse while runs are missing.")] = False,
) -> None:
    """Write paper.html and paper.pdf of SUITE from the finished runs; training nothing.

    A study that is half done gets a paper too, marked as partial.
    """
    from benchsuite.commands.study import open_study, place_from
    from benchsuite.execution.study import known_records
    from benchsuite.paper.pdf import check_pango

    check_pango()
    study = open_study(
        suite, place_from(data, policy, device, results), overrides=overrides, seeds=seeds, download=False
    )
    if study.preparation.tasks is None:
        trial = results / f"{study.suite.name}@sample"
        again = f"make the runs first: benchsuite run {study.suite.name}"
        if all(absent.startswith("weights") for absent in study.preparation.absent):
            again += "; if they were made without a network, from random weights, set HF_HUB_OFFLINE=1"
        raise PaperError(
            f"{' and '.join(study.preparation.absent)}: not here yet, so no run can be recognised",
            where=str(results),
            remedy="name the trial that is there with --policy sample, or the data with --data"
            if trial.is_dir()
            else again,
        )
    known = known_records(study.preparation.tasks)
    keys = [task.key.key for task in study.preparation.tasks]
    done = sum(key in known and known[key].status == "done" for key in keys)
    total = len(keys) + study.preparation.plan.following
    if not done:
        raise PaperError(
            f"no run of {study.suite.name} is done",
            where=str(study.preparation.runs_folder),
            remedy=f"make some first: benchsuite run {study.suite.name}",
        )
    if done < total:
        if need_all:
            raise PaperError(
                f"{total - done} of {total} runs are missing", remedy=f"make them: benchsuite run {study.suite.name}"
            )
        announce(f"partial paper: {done} of {total} runs are done")
    files = write_paper(study, template, page)
    say(f"paper: {files.pdf}\n       {files.html}")


def write_paper(study: Study, template: TemplateName | None = None, page: PageName | None = None) -> PaperFiles:
    """Make the paper of what is done of a prepared study, in another form than the suite's where one is given."""
    from benchsuite.commands.material import gather
    from benchsuite.paper import build_paper

    asked = {name: value.value for name, value in (("template", template), ("page", page)) if value}
    suite = study.suite.model_copy(update={"paper": study.suite.paper.model_copy(update=asked)})
    material = gather(study)
    material = replace(material, results=replace(material.results, suite=suite))
    return build_paper(material, study.preparation.paper_folder)
