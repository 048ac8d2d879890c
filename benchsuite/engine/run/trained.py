"""A network as a finished run has left it: built again, given the run's weights, and applied to photos.

Photos take the very way that the run's test split took: decoded, resized and normalised by the same code, through the
frozen prefix and the rest in batches of the same size. So the photos of the test split, in its order, get the bits
that are stored with the run, on a machine that computes as the run's did.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load

from benchsuite.atomic_files import read_file
from benchsuite.contracts.dataset import Images, Preprocessing
from benchsuite.engine.data.images import load_images
from benchsuite.engine.data.inputs import Inputs, Pixels
from benchsuite.engine.diagnostics.device_errors import describe_device_error
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import build, weights_hash
from benchsuite.engine.network.feature_cache import cut, load_features
from benchsuite.engine.run.components import case_components, find_entries
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.engine.training.evaluate import evaluate
from benchsuite.errors import BenchsuiteError, WeightsError, first_line
from benchsuite.identity.numerics import Numerics
from benchsuite.registry import Registry
from benchsuite.registry.attribution import blame
from benchsuite.sources.digests import digest_images
from benchsuite.store.record import RunRecord


class TrainedNetwork:
    """The network of a finished run, in eval mode on the device of `numerics`. Raises WeightsError where the file
    `weights` is not what the run left, or does not fit the model as it now is."""

    def __init__(self, record: RunRecord, weights: Path, numerics: Numerics, registry: Registry) -> None:
        assert record.dataset is not None
        self.title = f"{record.spec.suite}, {record.spec.case.name}, seed {record.spec.seed}"
        self.components = parts = case_components(record.spec.case, len(record.dataset.classes), registry)
        self.arithmetic = Arithmetic(torch.device(numerics.device), numerics.precision)
        self.network = build(parts.model, parts.model_params, parts.shape, record.spec.seed, None)
        self._take(record, weights)
        self.network.module.to(self.arithmetic.device).eval()
        frozen = freeze.resolve(parts.phases[-1].freeze, self.network.stages)
        self.cut = cut(self.network, frozen, parts.cacheable)

    def _take(self, record: RunRecord, weights: Path) -> None:
        try:
            state = load(read_file(weights))
        except (OSError, SafetensorError) as error:
            raise _unusable(f"these weights cannot be read: {first_line(error)}", weights) from error
        if weights_hash(state) != record.weights_hash:
            raise _unusable("these weights are not those that the record tells of", weights)
        try:
            self.network.module.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(
                f"the weights of this run do not fit the model as it is now: {first_line(error)}",
                where=f"{self.title}: {weights}",
                expected=f"the {record.spec.case.model.name} that the run was made with",
                remedy="install the version of its plugin that made the run, or make the run again",
            ) from error

    @property
    def preprocessing(self) -> Preprocessing:
        return self.components.preprocessing

    def probabilities(self, pixels: NDArray[np.uint8], scratch: Path) -> NDArray[np.float32]:
        """Class probabilities (N, classes) of uint8 images (N, height, width, 3). Features of a frozen prefix are kept
        below `scratch`."""
        inputs: Inputs = Pixels(pixels, self.preprocessing, self.arithmetic.device, None)
        if self.cut:
            inputs, _ = load_features(
                self.cut,
                inputs,
                identity={},
                folder=scratch / "features",
                device=self.arithmetic.device,
                forward=self.arithmetic.forward,
            )
        unknown = torch.zeros(len(inputs), dtype=torch.int64, device=self.arithmetic.device)
        found: NDArray[np.float32] = evaluate(self.cut.tail, inputs, unknown, self.arithmetic.forward).probabilities
        return found


def decode(images: Images, preprocessing: Preprocessing, scratch: Path) -> NDArray[np.uint8]:
    """The pixels of images as a run decodes and resizes them. Raises DataError naming all that cannot be decoded."""
    return load_images(images, digest_images(images), preprocessing, scratch).pixels


@contextmanager
def explained(record: RunRecord, numerics: Numerics, registry: Registry) -> Iterator[None]:
    """Whatever the block raises of a device, or of the components of a run, is told as theirs."""
    try:
        yield
    except BenchsuiteError:
        raise
    except Exception as error:
        spec = record.spec
        where = f"{spec.suite}, {spec.case.name}, seed {spec.seed} on {numerics.device_name}"
        told = describe_device_error(error, where) or blame(error, find_entries(spec.case, registry))
        if told is None:
            raise
        raise told from error


def _unusable(what: str, weights: Path) -> WeightsError:
    return WeightsError(
        what,
        where=str(weights),
        expected="the file that the run left",
        remedy="copy it again from the machine that made the run, or remove the run's folder and make the run again",
    )
