"""Predictions of photos by the networks of finished runs: class probabilities, and what they looked at."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchsuite.atomic_files import scratch_folder
from benchsuite.contracts.dataset import PhotoFiles, photo_suffixes
from benchsuite.errors import DataError
from benchsuite.execution.messages import TrainedJob
from benchsuite.registry import Registry
from benchsuite.store.record import RunRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from benchsuite.engine.run.trained import TrainedNetwork

SHOWN = 224
"""Pixels of the longer side of a shown photo, at least."""
OPACITY = 0.5
"""How much of the colours of a heat map covers the photo."""


@dataclass(frozen=True)
class Predicted:
    """Photos with the probabilities of `classes`, float32 (photos, classes): the mean over the networks.

    Of each there is, where asked for, a JPEG file of what the network sees, and one with a heat map over it, None for
    networks that give none. `left_out` are photos that cannot be decoded.
    """

    classes: tuple[str, ...]
    photos: tuple[str, ...]
    probabilities: NDArray[np.float32]
    pictures: tuple[tuple[bytes, bytes | None], ...] = ()
    left_out: tuple[str, ...] = ()

    def ranked(self, photo: int, most: int) -> list[tuple[str, float]]:
        """The most probable classes of a photo, with their probabilities."""
        row = self.probabilities[photo]
        return [(self.classes[i], float(row[i])) for i in (-row).argsort(kind="stable")[:most]]


@dataclass(frozen=True)
class PredictJob(TrainedJob):
    """Predict photos by runs of one case, each with its weights file."""

    runs: tuple[tuple[RunRecord, Path], ...]
    photos: tuple[str, ...]
    pictures: bool = False
    skip_broken: bool = False

    def do(self, registry: Registry) -> Predicted:
        import numpy as np

        from benchsuite.engine.run.trained import TrainedNetwork, explained

        found: list[NDArray[np.float32]] = []
        heats: list[NDArray[np.float32] | None] = []
        with scratch_folder("predict") as folder:
            scratch = Path(folder)
            for record, weights in self.runs:
                with explained(record, self.numerics, registry):
                    network = TrainedNetwork(record, weights, self.numerics, registry)
                    if not found:
                        pixels, photos = self._decode(network, scratch)
                    found.append(network.probabilities(pixels, scratch))
                    if self.pictures:
                        heats.append(_look(network, pixels, found[-1].argmax(axis=1)))
            probabilities = np.stack(found).mean(axis=0, dtype=np.float64).astype(np.float32)
            pictures = _draw(pixels, [heat for heat in heats if heat is not None]) if self.pictures else ()
        dataset = self.runs[0][0].dataset
        assert dataset is not None
        left_out = tuple(photo for photo in self.photos if photo not in photos)
        return Predicted(dataset.classes, photos, probabilities, tuple(pictures), left_out)

    def _decode(self, network: TrainedNetwork, scratch: Path) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
        """The pixels of the photos as the run's were made, and the photos that have any."""
        from benchsuite.engine.run.trained import decode

        photos = PhotoFiles(Path(), self.photos)
        try:
            return decode(photos, network.preprocessing, scratch), photos.names
        except DataError as error:
            broken = {one.where for one in getattr(error, "errors", (error,))}
            kept = tuple(name for i, name in enumerate(photos.names) if str(photos.path(i)) not in broken)
            if not self.skip_broken or not kept:
                raise
        return decode(PhotoFiles(Path(), kept), network.preprocessing, scratch), kept


def find_photos(places: Iterable[Path]) -> tuple[str, ...]:
    """The photos that paths mean, in their order: files as they are named, and all photos below folders, sorted.

    Raises DataError for a folder without any.
    """
    found: list[Path] = []
    for place in places:
        if not place.is_dir():
            found.append(place)
            continue
        below = sorted(path for path in place.rglob("*") if path.suffix.lower() in photo_suffixes() and path.is_file())
        if not below:
            raise DataError(
                "no photo lies in this folder",
                where=str(place),
                expected="image files, such as JPEG or PNG, in it or below it",
                remedy="name the photos, or a folder that has some",
            )
        found += below
    return tuple(map(str, found))


def _look(network: TrainedNetwork, pixels: NDArray[np.uint8], classes: NDArray[np.intp]) -> NDArray[np.float32] | None:
    """Heat maps of the predicted classes, (N, height, width)."""
    import torch

    from benchsuite.engine.data.inputs import Pixels
    from benchsuite.engine.run.heat_maps import BATCH, heat_maps

    device = network.arithmetic.device
    torch.set_deterministic_debug_mode("default")  # a picture for people: no bits depend on it
    try:
        inputs = Pixels(pixels, network.preprocessing, device, None)
        targets = torch.from_numpy(classes).to(device)
        maps = []
        for samples in torch.arange(len(inputs), device=device).split(BATCH):
            heat = heat_maps(list(network.network.stages.values()), inputs.batch(samples), targets[samples])
            if heat is None:
                return None
            maps.append(heat.cpu())
        return torch.cat(maps).numpy()
    finally:
        torch.set_deterministic_debug_mode("error")


def _draw(pixels: NDArray[np.uint8], heats: Sequence[NDArray[np.float32]]) -> Iterable[tuple[bytes, bytes | None]]:
    """Of each photo, what the network sees of it, and the mean heat map over it."""
    import numpy as np
    from matplotlib import colormaps
    from PIL import Image

    times = -(-SHOWN // max(pixels.shape[1:3]))
    size = pixels.shape[2] * times, pixels.shape[1] * times
    colours: Callable[..., NDArray[np.uint8]] = colormaps["turbo"]
    for i, photo in enumerate(pixels):
        shown = Image.fromarray(np.asarray(photo)).resize(size, Image.Resampling.NEAREST)
        if not heats:
            yield _jpeg(shown), None
            continue
        heat = Image.fromarray(np.mean([one[i] for one in heats], axis=0).astype(np.float32))
        coloured = colours(np.asarray(heat.resize(size, Image.Resampling.BILINEAR)), bytes=True)[..., :3]
        yield _jpeg(shown), _jpeg(Image.blend(shown, Image.fromarray(np.ascontiguousarray(coloured)), OPACITY))


def _jpeg(picture: object) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=85)  # type: ignore[attr-defined]
    return target.getvalue()
