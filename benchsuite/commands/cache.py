"""`benchsuite cache`: what the cache folder holds, and making room in it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchsuite.commands.console import announce, out, print_json, say, size, table
from benchsuite.commands.options import Json


@dataclass(frozen=True)
class Holding:
    """One folder of the cache. `entries` are what it holds: folders where `nested`, else files ending in `suffix`."""

    name: str
    about: str
    remade: bool
    """Whether benchsuite makes it again without a network."""
    nested: bool = False
    suffix: str = ""

    def entries(self, folder: Path) -> list[Path]:
        if self.nested:
            return sorted(path for path in folder.glob("*") if path.is_dir())
        return sorted(path for path in folder.glob(f"*{self.suffix}") if path.is_file() and path.suffix != ".lock")


HOLDINGS = (
    Holding("datasets", "downloaded data sets", remade=False, nested=True),
    Holding("weights", "downloaded weights", remade=False),
    Holding("sites/runs", "runs made for others, not fetched", remade=False, nested=True),
    Holding("unpacked", "data sets unpacked from archives", remade=True, nested=True),
    Holding("samples", "synthetic samples", remade=True, nested=True),
    Holding("images", "decoded images", remade=True, suffix=".u8"),
    Holding("features", "features of frozen stages", remade=True, suffix=".features"),
    Holding("digests", "checksums of files", remade=True, suffix=".json"),
    Holding("records", "what was found of runs", remade=True, suffix=".json"),
    Holding("papers", "drawings of papers", remade=True, suffix=".json"),
    Holding("proposals", "what searches proposed", remade=True, suffix=".json"),
    Holding("listings", "what suites come to", remade=True, suffix=".json"),
)


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Remove what benchsuite can make again by itself.")] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="With --clear: downloaded data sets and weights too.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Show what the cache holds. Records and papers are never in it; BENCHSUITE_CACHE moves it elsewhere."""
    from benchsuite.settings import cache_root

    if everything and not clear:
        raise typer.BadParameter("--all says what --clear removes: give both")
    root = cache_root()
    if clear:
        _clear(root, everything)
        return
    rows = [(holding, root / holding.name) for holding in HOLDINGS]
    found = [(holding, folder, len(holding.entries(folder)), _bytes(folder)) for holding, folder in rows]
    if as_json:
        print_json(
            [
                {"name": holding.name, "folder": str(folder), "count": count, "bytes": held, "remade": holding.remade}
                for holding, folder, count, held in found
            ]
        )
        return
    shown = table(f"Cache: {root}", "what", "count", "size", "folder", right=("count", "size"))
    for holding, folder, count, held in found:
        shown.add_row(holding.about, str(count), size(held), str(folder.relative_to(root)))
    shown.add_row("in all", "", size(sum(held for *_, held in found)), "")
    out.print(shown)


def _clear(root: Path, everything: bool) -> None:
    freed, busy = 0, []
    for holding in HOLDINGS:
        if holding.remade or everything:
            removed, in_use = _empty(holding, root)
            freed += removed
            busy += in_use
    out.print(f"removed {size(freed)} from {root}", markup=False)
    if busy:
        announce(f"{len(busy)} entries are in use by another process and stay")
    if not everything and any(holding.entries(root / holding.name) for holding in HOLDINGS if not holding.remade):
        say("what was downloaded, and what was made for others, stays; --clear --all removes it too")


def _empty(holding: Holding, root: Path) -> tuple[int, list[Path]]:
    """Remove what a folder holds; returns the bytes freed and the entries that another process is making."""
    import shutil

    from filelock import Timeout

    from benchsuite.atomic_files import TEMPORARY, sweep
    from benchsuite.file_locks import FileLock
    from benchsuite.sources.cache import cannot_write
    from benchsuite.store.run_store import LOCK

    folder, busy = root / holding.name, []
    before = _bytes(folder)
    try:
        sweep(folder)
        for path in sorted(folder.glob("*")) if folder.is_dir() else ():
            if path.suffix == ".lock" or path.name.startswith(TEMPORARY):
                continue  # an empty file that others may be waiting on, or what one is writing
            lock = path / LOCK if (path / LOCK).exists() else path.with_suffix(".lock")
            try:
                with FileLock(lock).acquire(blocking=False) if lock.exists() else nullcontext():
                    if path.is_dir() and not path.is_symlink():
                        shutil.rmtree(path)
                    else:
                        path.unlink(missing_ok=True)
            except Timeout:
                busy.append(path)
    except OSError as error:
        raise cannot_write(error, folder) from error
    return before - _bytes(folder), busy


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
