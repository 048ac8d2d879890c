"""What a component says in a process of its own, with other hash seeds: asked by `ask`, answered by `main`.

The answer comes through a file, for the component may print.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchsuite.testing.harness.component_source import Origin
from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.harness.reference_components import made_up_study

if TYPE_CHECKING:
    from benchsuite.contracts.dataset import DatasetIndex
    from benchsuite.contracts.figure import Chart
    from benchsuite.testing.harness.subject import Subject

HEAVY = ("torch", "torchvision")

Listing = tuple[tuple[str, ...], Mapping[str, tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]]]
"""The classes of an index and, by split, its names, labels and digests."""


@dataclass(frozen=True)
class Question:
    """Load the component; with `sample`, write a sample there; with `root`, find and index the data set there; with
    `watched`, note what loading it changes of the process; with `chart`, ask a figure for that of the made-up study."""

    path: tuple[str, ...]
    origin: Origin
    given: Mapping[str, Any]
    scratch: Path
    sample: Path | None = None
    root: Path | None = None
    watched: bool = False
    chart: bool = False


@dataclass(frozen=True)
class Answer:
    """`loaded` and `indexed` name the heavy libraries that were imported by then, `decoded` counts decoded photos;
    `changed` says what of the process changed."""

    loaded: tuple[str, ...]
    indexed: tuple[str, ...] = ()
    decoded: int = 0
    listing: Listing | None = None
    changed: tuple[str, ...] = ()
    chart: Chart | None = None


def ask(
    subject: Subject,
    *,
    sample: Path | None = None,
    root: Path | None = None,
    watched: bool = False,
    chart: bool = False,
    hash_seed: int = 1,
) -> Answer:
    """Ask a new process. Raises Broken when the component cannot answer there."""
    folder = subject.new_folder("process")
    question = Question(
        tuple(sys.path), subject.origin, subject.given, folder / "scratch", sample, root, watched, chart
    )
    asked, answered = folder / "question", folder / "answer"
    asked.write_bytes(pickle.dumps(question))
    done = subprocess.run(
        [sys.executable, "-m", __name__, str(asked), str(answered)],
        env={**os.environ, "PYTHONHASHSEED": str(hash_seed), "PYTHONPATH": os.pathsep.join(question.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode or not answered.is_file():
        last = (done.stdout.strip().splitlines() or ["without a word"])[-1]
        print(done.stdout)
        raise Broken(f"a new process that loads it ended with exit code {done.returncode}: {last}")
    answer: Answer = pickle.loads(answered.read_bytes())
    return answer


def listing_of(index: DatasetIndex) -> Listing:
    """An index as plain values, every image's digest taken."""
    from benchsuite.sources.digests import digest_index, splits_of

    digests = digest_index(index)
    splits = {
        name: (tuple(split.images.names), tuple(split.labels), digests[name])
        for name, split in splits_of(index).items()
    }
    return tuple(index.classes), splits


def main(asked: str, answered: str) -> None:
    """Answer the question in the file `asked` with the file `answered`."""
    question: Question = pickle.loads(Path(asked).read_bytes())
    Path(answered).write_bytes(pickle.dumps(_answer(question)))


def _answer(question: Question) -> Answer:
    if question.watched:
        return Answer((), changed=_changed_by(question.origin))
    entry = question.origin.load()
    loaded = _heavy()
    component: Any = entry.component
    params = entry.parse(question.given)
    if question.chart:
        return Answer(loaded, chart=component.chart(params, made_up_study()))
    if question.sample is not None:
        component.sample(params, question.sample)
    if question.root is None:
        return Answer(loaded)
    decoded = _counting_decodes()
    found = component.find(params, question.root, question.scratch)
    decoded.clear()  # find may look at the pictures
    index = component.index(params, found.folder)
    indexed, count = _heavy(), len(decoded)
    return Answer(loaded, indexed, count, listing_of(index))


def _changed_by(origin: Origin) -> tuple[str, ...]:
    """What of the process loading a component changes."""
    import torchvision  # noqa: F401  what libraries change when they are imported is not the component's doing
    from PIL import Image

    from benchsuite.testing.harness.global_state import changes, snapshot

    Image.init()
    before = snapshot()
    origin.load()
    # Plugins in files of their own are found through sys.path, which is the registry's doing.
    return changes(before, snapshot(), but=("sys.path",) if getattr(origin, "local", ()) else ())


def _heavy() -> tuple[str, ...]:
    return tuple(name for name in HEAVY if name in sys.modules)


def _counting_decodes() -> list[object]:
    """A list that grows with every photo that PIL decodes, once for each."""
    from PIL import ImageFile

    decoded: list[object] = []
    load = ImageFile.ImageFile.load

    def counting(self: Any) -> Any:
        if not any(known is self for known in decoded):
            decoded.append(self)
        return load(self)

    ImageFile.ImageFile.load = counting  # type: ignore[method-assign]
    return decoded


if __name__ == "__main__":
    # Pickled classes are those of the module by its name, not of __main__.
    from benchsuite.testing.harness import subprocess_check

    subprocess_check.main(*sys.argv[1:])
