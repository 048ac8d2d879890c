"""`benchsuite site`: all studies of a results folder as pages to browse, without a server."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from benchsuite.commands.console import announce, count, messages, print_json, say
from benchsuite.commands.options import RESULTS, Json, Plugins

FEW = 5
"""Problems that are told one by one; the index lists them all."""


def site(
    results: Annotated[
        Path, typer.Argument(metavar="[RESULTS]", help="The results folder: what --results was, or a merged copy.")
    ] = RESULTS,
    *,
    to: Annotated[
        Path,
        typer.Option("--to", "-o", metavar="DIR", help="Folder for the site: a new one, or that of an earlier build."),
    ],
    title: Annotated[str, typer.Option("--title", help="What the first page is called.")] = "Studies",
    show: Annotated[bool, typer.Option("--open", help="Open the first page in the browser when it is done.")] = False,
    plugins: Plugins = None,
    as_json: Json = False,
) -> None:
    """Write the studies of RESULTS as a static site: an index, studies, reports, papers, every run, and a table of all.

    DIR needs no server: open DIR/index.html, or copy the folder to any web server, under any address. The pages make
    no request to anywhere else. The table sorts and filters the runs of all studies, and its address keeps what was
    chosen. Papers are copied as they are, not built: benchsuite paper SUITE makes a newer one.

    The same results give the same bytes. Building again writes the pages that have changed, and removes those of what
    is gone. Files that benchsuite did not write are never touched: a DIR that holds others is refused, unless an
    earlier build made it. A run that cannot be read is told on the first page, and hinders no other.

    Exit code 0: the site is there; 2: there are no results, or DIR is not for a site.
    """
    from benchsuite.site.build import build_site

    with messages.status("reading the results"):
        built = build_site(results.expanduser(), to.expanduser(), title=title)
    gathered, tally = built.gathered, built.tally
    for problem in gathered.problems[:FEW]:
        announce(f"left out: {problem.where}: {problem.what}" + (f"; {problem.remedy}" if problem.remedy else ""))
    if more := gathered.problems[FEW:]:
        announce(f"and {len(more)} more, which the first page lists")
    remarks = [(study.name, study.remarks) for study in gathered.studies]
    remarks += [(report.name, report.remarks) for report in gathered.reports]
    for name, told in remarks:
        for remark in told:
            say(f"{name}: {remark}")
    studies = "1 study" if len(gathered.studies) == 1 else f"{len(gathered.studies)} studies"
    reports = f", {count(len(gathered.reports), 'report')}" if gathered.reports else ""
    say(f"{studies}{reports}, {count(len(gathered.runs), 'run')}: {_did(tally.written, tally.kept, tally.removed)}")
    index = to.expanduser() / "index.html"
    say(f"site: {index}")
    if as_json:
        numbers = {name: len(getattr(gathered, name)) for name in ("studies", "reports", "runs")}
        pages = {"written": tally.written, "kept": tally.kept, "removed": tally.removed}
        problems = [{"what": one.what, "where": one.where, "remedy": one.remedy} for one in gathered.problems]
        print_json({"site": str(index), **numbers, **pages, "problems": problems})
    if show and not webbrowser.open(index.resolve().as_uri()):
        announce(f"no browser could be started; open {index} yourself")


def _did(written: int, kept: int, removed: int) -> str:
    if not written and not removed:
        return f"nothing has changed, {count(kept, 'file')} stand"
    return f"{count(written, 'file')} written, {kept} kept, {removed} removed"
