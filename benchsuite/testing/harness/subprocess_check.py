"""What a component does in a process of its own, with another hash seed: `in_new_process` runs one of the functions
below there, each of which loads the component by its origin."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from benchsuite.processes import ChildProcess, Parent, ProcessEnded, describe_exit
from benchsuite.testing.harness.component_source import Origin
from benchsuite.testing.harness.outcomes import Broken
from benchsuite.testing.harness.reference_components import made_up_study

if TYPE_CHECKING:
    from benchsuite.contracts.dataset import DatasetIndex
    from benchsuite.contracts.figure import Chart
    from benchsuite.contracts.metric import Predicted
    from benchsuite.testing.harness.subject import Subject

HEAVY = ("torch", "torchvision")
T = TypeVar("T")

Listing = tuple[tuple[str, ...], Mapping[str, tuple[tuple[str, ...], tuple[int, ...], tuple[str, ...]]]]
"""The classes of an index and, by split, its names, labels and digests."""


@dataclass(frozen=True)
class Indexing:
    """What indexing a data set gave: the heavy libraries that are imported by then, and the photos it decoded."""

    listing: Listing
    heavy: tuple[str, ...]
    decoded: int


def in_new_process(subject: Subject, function: Callable[..., T], *arguments: Any, hash_seed: int = 1) -> T:
    """What `function(*arguments)` returns in a new process. Raises Broken when it cannot answer there."""
    output = subject.new_folder("process") / "printed"
    environment = {"PYTHONHASHSEED": str(hash_seed)}
    with ChildProcess(_answer, function, arguments, output=output, environment=environment) as process:
        try:
            answer: T = process.receive()
        except ProcessEnded as ended:
            printed = output.read_text(errors="replace")
            print(printed)
            last = (printed.strip().splitlines() or ["without a word"])[-1]
            how = describe_exit(ended.code or 0)
            raise Broken(f"a new process that loads it ended with {how}: {last}") from None
    return answer


def _answer(parent: Parent, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    parent.send(function(*arguments))


def load(origin: Origin) -> tuple[str, ...]:
    """Load the component; the heavy libraries that are imported by then."""
    origin.load()
    return _heavy()


def changes_by_loading(origin: Origin) -> tuple[str, ...]:
    """What of the process loading the component changes."""
    import torchvision  # noqa: F401  what libraries change when they are imported is not the component's doing
    from PIL import Image

    from benchsuite.testing.harness.global_state import changes, snapshot

    Image.init()
    before = snapshot()
    origin.load()
    # Plugins in files of their own are found through sys.path, which is the registry's doing.
    return changes(before, snapshot(), but=("sys.path",) if getattr(origin, "local", ()) else ())


def compute_metric(origin: Origin, given: Mapping[str, Any], predicted: Predicted) -> float | None:
    """The value of a metric."""
    component, params = _loaded(origin, given)
    value = component.compute(params, predicted)
    return None if value is None else float(value)


def write_sample(origin: Origin, given: Mapping[str, Any], folder: Path) -> None:
    """Write a data set's sample into `folder`."""
    component, params = _loaded(origin, given)
    component.sample(params, folder)


def index(origin: Origin, given: Mapping[str, Any], root: Path, scratch: Path) -> Indexing:
    """Find and index a data set below `root`."""
    component, params = _loaded(origin, given)
    decoded = _count_decodes()
    found = component.find(params, root, scratch)
    decoded.clear()  # find may look at the pictures
    made = component.index(params, found.folder)
    heavy, count = _heavy(), len(decoded)
    return Indexing(listing_of(made), heavy, count)


def draw_chart(origin: Origin, given: Mapping[str, Any]) -> Chart | None:
    """A figure's chart of the made-up study."""
    component, params = _loaded(origin, given)
    chart: Chart | None = component.chart(params, made_up_study(predictions=component.sees_predictions))
    return chart


def listing_of(index: DatasetIndex) -> Listing:
    """An index as plain values, every image's digest taken."""
    from benchsuite.sources.digests import digest_index, splits_of

    digests = digest_index(index)
    splits = {
        name: (tuple(split.images.names), tuple(split.labels), tuple(digests[name]))
        for name, split in splits_of(index).items()
    }
    return tuple(index.classes), splits


def _loaded(origin: Origin, given: Mapping[str, Any]) -> tuple[Any, Any]:
    entry = origin.load()
    return entry.component, entry.parse(given)


def _heavy() -> tuple[str, ...]:
    return tuple(name for name in HEAVY if name in sys.modules)


def _count_decodes() -> list[object]:
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
