"""TensorBoard: losses, accuracies and the learning rate of each run as event files in the run's own folder.

`tensorboard --logdir results/runs` shows them. Where the package is not installed there is no such observer.
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from benchsuite.api import EpochReport, RunInfo, RunSummary, hookimpl

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


class TensorBoard:
    """Writes one event file for each start of a run, below `<run folder>/tensorboard`."""

    benchsuite_api = "1.0"

    def __init__(self) -> None:
        self._writers: dict[str, SummaryWriter] = {}

    @hookimpl
    def benchsuite_run_started(self, run: RunInfo) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writers[run.key] = SummaryWriter(str(run.folder / "tensorboard"))

    @hookimpl
    def benchsuite_epoch_finished(self, run: RunInfo, epoch: EpochReport) -> None:
        writer = self._writers[run.key]
        for step, loss in epoch.steps:
            writer.add_scalar("step/train_loss", loss, step)
        writer.add_scalar("epoch/train_loss", epoch.train_loss, epoch.epoch)
        writer.add_scalar("epoch/train_accuracy", epoch.train_accuracy, epoch.epoch)
        writer.add_scalar("epoch/validation_loss", epoch.validation_loss, epoch.epoch)
        writer.add_scalar("epoch/validation_accuracy", epoch.validation_accuracy, epoch.epoch)
        writer.add_scalar("epoch/learning_rate", epoch.learning_rate, epoch.epoch)
        writer.add_scalar("epoch/seconds", epoch.seconds, epoch.epoch)
        writer.flush()

    @hookimpl
    def benchsuite_run_finished(self, run: RunInfo, summary: RunSummary) -> None:
        writer = self._writers.pop(run.key, None)
        if writer is None:
            return
        if summary.test_accuracy is not None and summary.test_loss is not None:
            writer.add_scalar("test/accuracy", summary.test_accuracy, summary.best_epoch)
            writer.add_scalar("test/loss", summary.test_loss, summary.best_epoch)
        writer.close()


_FOUND = find_spec("tensorboard")
# A folder of that name in the current one, such as runs have, is found as well, but comes from no file.
observer = TensorBoard() if _FOUND is not None and _FOUND.origin is not None else None
