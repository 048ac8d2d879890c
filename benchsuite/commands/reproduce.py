"""`benchsuite reproduce`: build a paper again from what it carries, and repeat runs of it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benchsuite.atomic_files import scratch_folder
from benchsuite.commands.check import SHOWN, PaperFile, rebuild, report
from benchsuite.commands.console import announce, count, out, print_json, say, table
from benchsuite.commands.options import (
    Data,
    DeviceName,
    DeviceOption,
    Json,
    Plugins,
    PolicyName,
    PolicyOption,
    StudyOptions,
)
from benchsuite.commands.paper import paper_in
from benchsuite.commands.verify import Verdict, tell_verdicts
from benchsuite.errors import PaperError

if TYPE_CHECKING:
    from benchsuite.paper.context.material import PaperMaterial

MOST_VERSIONS = 60
"""Packages of other versions that are listed."""


def reproduce(
    paper: PaperFile,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder for the paper built again.", show_default="reproduced/<suite>")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", min=0, help="Also train so many of its runs again, and compare.")] = 0,
    plugins: Plugins = None,
    data: Data = None,
    policy: PolicyOption = PolicyName.auto,
    device: DeviceOption = DeviceName.auto,
    as_json: Json = False,
) -> None:
    """Say what PAPER was made with, build it again from the results it carries, and with --runs repeat runs of it.

    Building again needs no data, no GPU and no network. Repeating runs needs the data set, which is downloaded when it
    is not there, and the plugins; photos and weights that the paper names outside the folder of --data are not read.
    Exit code 0: all that was compared is equal, or differs for reasons that are told; 1: something differs that should
    not.
    """
    from benchsuite.paper.rendering.process import Renderer

    file = paper_in(paper)
    with Renderer.of_stranger(file) as renderer:  # which reads in its libraries while the paper is read
        from benchsuite.paper.bundle.reader import PaperReader

        with PaperReader(file) as reader:
            material, faults = reader.read()
            if runs:
                from benchsuite.commands.foreign_places import refuse_foreign_places

                for study in material.studies:
                    refuse_foreign_places(study, paper, data)
            for fault in faults[:SHOWN]:
                announce(fault)
            for study in () if as_json else material.studies:
                _needs(study)
            folder = to or Path("reproduced") / material.suite.name
            compared = report(reader, rebuild(material, folder, renderer), material)
    pdf, html = folder / "paper.pdf", folder / "paper.html"
    say(f"built again: {pdf}\n             {html}")
    verdicts: list[Verdict] = []
    for study in material.studies:
        if (left := runs - len(verdicts)) > 0:
            verdicts += _repeat(study, left, data, policy, device)
    same = tell_verdicts(verdicts, as_json or not runs) and compared.same
    if as_json:
        repeated = [asdict(verdict) for verdict in verdicts]
        built = {"pdf": str(pdf), "html": str(html)}
        print_json({"paper": str(paper), "built": built, "faults": faults, **asdict(compared), "repeated": repeated})
    if faults or not same:
        raise typer.Exit(1)


def _needs(material: PaperMaterial) -> None:
    """What the runs were made with, and which versions are others here."""
    from benchsuite.store.environment import package_versions

    findings = material.findings
    shown = table(f"{material.suite.name}: {count(findings.done, 'run')}", "what", "in the paper")
    if findings.dataset is not None:
        data = findings.dataset
        shown.add_row("data", f"{data.title}, {data.provenance}, fingerprint {data.fingerprint[:16]}")
    for weights in dict.fromkeys(case.weights for case in findings.cases if case.weights and case.weights.sha256):
        shown.add_row("weights", f"{weights.request}, {weights.provenance}, sha256 {(weights.sha256 or '')[:16]}")
    machines = (
        (
            f"{one.device_name}, {one.threads} {'thread' if one.threads == 1 else 'threads'}, {one.precision}",
            f"{one.platform}, Python {one.python}",
        )
        for one in findings.environments
    )
    for device, system in list(dict.fromkeys(machines))[:SHOWN]:  # environments may differ in what is not shown here
        shown.add_row("device", device)
        shown.add_row("system", system)
    out.print(shown)
    if findings.environments:
        then, here = findings.environments[0].packages, package_versions()
        others = [f"{name} {v} (here {here.get(name, 'absent')})" for name, v in then.items() if here.get(name) != v]
        more = f" and {len(others) - MOST_VERSIONS} more" if len(others) > MOST_VERSIONS else ""
        told = f"other versions here: {', '.join(others[:MOST_VERSIONS])}{more}"
        say(told if others else "every package has the same version here")


def _repeat(
    material: PaperMaterial, runs: int, data: Path | None, policy: PolicyName, device: DeviceName
) -> list[Verdict]:
    """Train runs again in a scratch folder, and compare."""
    from benchsuite.commands.session import place_from
    from benchsuite.commands.verify import find_pairs, repeat
    from benchsuite.execution.preparation import prepare
    from benchsuite.registry import registry

    sample = material.findings.sample
    with scratch_folder("reproduce") as scratch:
        policy = PolicyName.sample if sample else policy
        threads = {one.threads for one in material.findings.environments if one.device == "cpu"}
        options = StudyOptions(
            data=data,
            policy=policy,
            device=device,
            threads=threads.pop() if len(threads) == 1 else None,
            results=Path(scratch) / "prepared",
        )
        place = place_from(options)
        preparation = prepare(material.results.plan, registry(), place, download=True, say=say)
        found = find_pairs(preparation.tasks, tuple(material.results.records.values()))[:runs]
        if not found:
            raise PaperError("the paper has no finished run to repeat", remedy="leave --runs out")
        return repeat(found, Path(scratch))
