"""Build a site: a results folder in, a folder of pages out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchsuite.site.folder import SiteFolder, Tally
from benchsuite.site.gather import Gathered, gather
from benchsuite.site.pages import pages

TITLE = "Studies"


@dataclass(frozen=True)
class Built:
    """What a site was built from, and what the build did."""

    gathered: Gathered
    tally: Tally


def build_site(results: Path, folder: Path, *, title: str = TITLE) -> Built:
    """Write the site of a results folder. The same results give the same bytes, and unchanged pages are not written.

    Raises StoreError where there are no results, and for a folder that holds anything but a site.
    """
    place = SiteFolder(folder)  # which may refuse before anything is read
    gathered = gather(results)
    return Built(gathered, place.update(list(pages(gathered, title))))
