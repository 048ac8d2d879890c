"""What lies in a folder of photos, as its owner sees it in a file manager.

Takes a folder; gives the photos of each class of each split. Names are compared as people read them: `Maíz` is one
class however a disk stores its accent, `2` comes before `10`, and what a NAS or a desktop left beside the photos is
none. Links are followed. Nothing is decoded.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchsuite.api import DataError, photo_suffixes

LAYOUT = "<folder>/<class>/*.jpg, or <folder>/{train,validation,test}/<class>/*.jpg"
_SPLITS = {
    "train": (
        "train", "training", "entrenamiento", "treino", "treinamento", "entrenament", "entraînement", "entrainement",
        "apprentissage", "addestramento",
    ),
    "validation": (
        "validation", "val", "valid", "dev", "development", "validacion", "validación", "validacao", "validação",
        "validació", "validierung", "validazione",
    ),
    "test": (
        "test", "testing", "tests", "eval", "evaluation", "holdout", "prueba", "pruebas", "teste", "prova", "essai",
    ),
}  # fmt: skip
_SPELLINGS = {spelling: split for split, spellings in _SPLITS.items() for spelling in spellings}
_FILLERS = {"data", "dataset", "folder", "image", "images", "imgs", "photos", "pictures", "seg", "set", "split"}
"""Words that may stand beside a split's, as numbers may: `seg_train`, `Test Set`, `01_train`, `val2017`."""
_LITTER = {
    "#recycle", "#snapshot", "$recycle.bin", "@eadir", "@recently-snapshot", "@recycle", "__macosx", "__pycache__",
    "desktop.ini", "ehthumbs.db", "found.000", "icon\r", "lost+found", "network trash folder",
    "system volume information", "temporary items", "thumbs.db", "~snapshot",
}  # fmt: skip
"""What systems leave in folders, beside all that begins with a dot."""
_HEIF = {".heic", ".heif", ".hif"}
_VIDEO = {".3gp", ".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".webm", ".wmv"}
_SHOWN = 20
"""Names that an error lists; it counts the rest."""


@dataclass(frozen=True)
class PhotoFolder:
    """The photos of a folder, as paths relative to it, by split and by class. Where it has no splits, all are in
    `train`. Classes are in the order in which people count."""

    classes: tuple[str, ...]
    splits: Mapping[str, Mapping[str, tuple[str, ...]]]
    passed_over: int
    """Files that are no photos, and photos that lie in no class."""


def read_folder(home: Path) -> PhotoFolder:
    """List the photos of a folder. Raises DataError where it cannot be told what belongs where, naming all that is at
    fault."""
    scan = _Scan(home)
    folders = _split_folders(scan, home)
    found = {split: _classes(scan, folder) for split, folder in folders.items()}
    scan.check()
    for split, classes in found.items():
        _check_classes(classes, folders[split], _FRAMES if scan.videos else "")
    classes = found["train"]
    faults = [
        f"the class {classes[key].title!r} is missing in the split {split!r}"
        for split in found
        for key in classes
        if key not in found[split]
    ] + [
        f"the class {other.title!r} of the split {split!r} is not in train"
        for split in found
        for key, other in found[split].items()
        if key not in classes
    ]
    if faults:
        raise folder_error("; ".join(faults), home, "the same classes in every split")
    return PhotoFolder(
        tuple(label.title for label in classes.values()),
        {split: {classes[key].title: labels[key].photos for key in classes} for split, labels in found.items()},
        scan.passed_over,
    )


def folder_error(what: str, where: Path, expected: str, remedy: str = "put the folder in order") -> DataError:
    """The error for a folder of photos that is out of order."""
    return DataError(f"the folder of photos: {what}", where=str(where), expected=expected, remedy=remedy)


def is_litter(name: str) -> bool:
    """Whether a file or folder of this name is hidden, or something that a system left."""
    return name.startswith(".") or name.casefold() in _LITTER


def _fold(name: str) -> str:
    """A name as it is compared: in one form of its accents, without the spaces around it, in lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts as people count: 2 before 10."""
    parts = re.split(r"(\d+)", _fold(name))
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in parts)


def _split_of(name: str) -> str | None:
    """Which split a folder of this name is, if it is one."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = [word for word in re.findall(r"[^\W\d_]+", _fold(spaced)) if word not in _FILLERS]
    return _SPELLINGS.get(words[0]) if len(words) == 1 else None


@dataclass
class _Scan:
    """Walks below `home`, and notes what stands in the way."""

    home: Path
    passed_over: int = 0
    videos: int = 0
    """Those of the files passed over that are films."""
    faults: dict[str, list[str]] = field(default_factory=dict)
    """Paths relative to `home`, by what is wrong with them."""

    def list_folder(self, folder: Path) -> tuple[list[str], list[str]]:
        """The names of the folders and of the files in a folder, each in its order, litter left out."""
        folders, files = [], []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if is_litter(entry.name):
                        continue
                    if entry.is_dir():
                        folders.append(entry.name)
                    elif entry.is_file() or (entry.is_symlink() and _is_photo(entry.name)):
                        files.append(entry.name)
        except OSError as error:
            self._blame(f"cannot be read ({error.strerror})", folder)
        return sorted(folders, key=lambda name: (_natural(name), name)), sorted(files)

    def photos(self, folder: Path) -> Iterator[str]:
        """The photos in a folder and in those below it; no folder is entered again from within itself."""
        above = [parent for parent in (folder, *folder.parents) if parent.is_relative_to(self.home)]
        todo = [(folder, {self._number(parent) for parent in above})]
        while todo:
            inside, entered = todo.pop()
            folders, files = self.list_folder(inside)
            for name in files:
                path = inside / name
                if _is_photo(name):
                    self._check(path)
                    yield path.relative_to(self.home).as_posix()
                else:
                    self.passed_over += 1
                    self.videos += path.suffix.lower() in _VIDEO
            for name in folders:
                number = self._number(inside / name)
                if number not in entered:
                    todo.append((inside / name, entered | {number}))

    def check(self) -> None:
        """Raise DataError for the first kind of fault, naming every file that has it."""
        for what, paths in self.faults.items():
            shown = "".join(f"\n  {path}" for path in paths[:_SHOWN])
            more = f"\n  and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
            remedy = _REMEDIES.get(what, "put the folder in order")
            raise folder_error(f"{len(paths)} of it {what}:{shown}{more}", self.home, LAYOUT, remedy)

    def _number(self, folder: Path) -> tuple[int, int]:
        """What tells a folder from every other, by whatever links it is reached."""
        try:
            status = folder.stat()
        except OSError as error:
            self._blame(f"cannot be read ({error.strerror})", folder)
            return (-1, -1)
        return status.st_dev, status.st_ino

    def _check(self, path: Path) -> None:
        if any("\udc80" <= letter <= "\udcff" for letter in str(path.relative_to(self.home))):
            self._blame(_MISNAMED, path)
        elif not path.exists():
            self._blame(_DANGLING, path)
        elif path.suffix.lower() not in photo_suffixes():
            self._blame(_UNSUPPORTED, path)

    def _blame(self, what: str, path: Path) -> None:
        # Names that are no UTF-8 are shown with their bytes escaped.
        shown = os.fsencode(path.relative_to(self.home)).decode("utf-8", "backslashreplace")
        self.faults.setdefault(what, []).append(shown)


_MISNAMED = "have names in another encoding than UTF-8"
_DANGLING = "are links that lead nowhere"
_UNSUPPORTED = "are HEIC photos, which need one more package"
_REMEDIES = {
    _MISNAMED: "rename them: convmv -f latin1 -t utf8 does so for whole folders",
    _DANGLING: "mend the links or remove them",
    _UNSUPPORTED: "pip install 'benchsuite[heic]', or take these files away",
}


def _is_photo(name: str) -> bool:
    suffix = Path(name).suffix.lower()
    return suffix in photo_suffixes() or suffix in _HEIF


def _split_folders(scan: _Scan, home: Path) -> dict[str, Path]:
    """The folder of each split; the folder of class folders as `train` where there are no splits."""
    inside, files = scan.list_folder(home)
    if len(inside) == 1 and not _split_of(inside[0]):
        deeper, photos = scan.list_folder(home / inside[0])
        if deeper and not any(map(_is_photo, (*files, *photos))):
            return _split_folders(scan, home / inside[0])  # as archives unpack: one folder round all
    named = {name: split for name in inside if (split := _split_of(name))}
    # A class may be called train, too: a split is what holds folders, or has nothing but splits beside it.
    if not named or not (len(named) == len(inside) or any(scan.list_folder(home / name)[0] for name in named)):
        return {"train": home}
    splits: dict[str, Path] = {}
    for name in inside:
        split = named.get(name)
        if split is None:
            if any(scan.photos(home / name)):
                remedy = f"call it {' or '.join(_SPLITS)} if it is one of them, or take it away"
                raise folder_error(f"{name!r} lies beside the splits and is none", home / name, LAYOUT, remedy)
        elif split in splits:
            raise folder_error(f"{splits[split].name!r} and {name!r} are the same split", home, "one of the two")
        else:
            splits[split] = home / name
    if "train" not in splits:
        raise folder_error("the split 'train' is missing", home, LAYOUT)
    scan.passed_over += len(files)
    return {split: _innermost(scan, splits[split], split) for split in _SPLITS if split in splits}


def _innermost(scan: _Scan, folder: Path, split: str) -> Path:
    """Some archives hold each split twice over, or its classes one folder deeper: seg_train/seg_train/<class>,
    train/images/<class>."""
    inside, _ = scan.list_folder(folder)
    if len(inside) == 1 and (
        _split_of(inside[0]) == split or (_fold(inside[0]) in _FILLERS and scan.list_folder(folder / inside[0])[0])
    ):
        return _innermost(scan, folder / inside[0], split)
    return folder


@dataclass
class _Class:
    """A class: what it is called, the folders that bear its name, and their photos."""

    title: str
    folders: list[Path] = field(default_factory=list)
    photos: tuple[str, ...] = ()


def _classes(scan: _Scan, folder: Path) -> dict[str, _Class]:
    """The classes of a folder of class folders, by their names as they are compared."""
    labels, files = scan.list_folder(folder)
    scan.passed_over += len(files)
    scan.videos += sum(Path(name).suffix.lower() in _VIDEO for name in files)
    inside = [{_fold(name) for name in scan.list_folder(folder / label)[0]} for label in labels]
    shared = set.intersection(*inside) if len(labels) > 1 else set()
    # Where splits bear names that are not known, a rare class may be missing in one of them.
    if len(shared) > 1:
        raise folder_error(
            f"each of {_listed(labels)} holds the folders {_listed(sorted(shared))}, so which are the classes cannot"
            " be told",
            folder,
            LAYOUT,
            f"call the splits {', '.join(_SPLITS)} and put the class folders into them, or put the photos of each class"
            " straight into one folder",
        )
    classes: dict[str, _Class] = {}
    for label in labels:
        title = unicodedata.normalize("NFC", label).strip()
        own = classes.setdefault(_fold(label), _Class(title))
        own.folders.append(folder / label)
        own.photos = tuple(sorted([*own.photos, *scan.photos(folder / label)]))
    return classes


_FRAMES = "; take photos out of videos first: ffmpeg -i VIDEO -vf fps=1 CLASS/VIDEO-%04d.jpg"


def _check_classes(classes: Mapping[str, _Class], folder: Path, also: str) -> None:
    """Raise DataError unless there are two classes or more, all with photos; `also` is what else its remedy says."""
    empty = [label for label in classes.values() if not label.photos]
    if empty:
        names = _listed([label.title for label in empty])
        what = f"the class {names} has no photos" if len(empty) == 1 else f"the classes {names} have no photos"
        where = empty[0].folders[0] if len(empty) == 1 else folder
        expected = f"files that end in .jpg, .png or any other of {len(photo_suffixes())} endings of photos"
        raise folder_error(what, where, expected, f"put photos there, or take the folder away{also}")
    if not classes:
        remedy = f"put the photos of each class into a folder of its name; unpack archives first{also}"
        raise folder_error("there are no class folders", folder, LAYOUT, remedy)
    if len(classes) == 1:
        only = next(iter(classes.values())).title
        remedy = "name the folder that holds the class folders, or add a class"
        raise folder_error(f"there is a single class, {only!r}", folder, "at least two class folders", remedy)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(map(repr, names[:_SHOWN]))
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
