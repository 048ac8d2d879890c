"""The GPUs of this machine, as their driver tells of them (NVML), without importing torch.

What two cards must share to give the same bits is in `Gpu.model`: name, driver, compute capability and number of cores,
since cuBLAS promises equal bits for one architecture and one number of multiprocessors only, and cards of one name are
sold with several.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict


class Gpu(BaseModel):
    """A GPU, or the slice of one that MIG makes a card of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    driver: str
    capability: str
    uuid: str
    """What CUDA_VISIBLE_DEVICES calls it, whatever the order of the cards."""
    cores: int
    """Its CUDA cores; of a slice, its multiprocessors."""

    @property
    def model(self) -> tuple[str, str, str, int]:
        """What decides its bits."""
        return self.name, self.driver, self.capability, self.cores


@cache
def find_gpus() -> tuple[Gpu, ...]:
    """The GPUs that CUDA_VISIBLE_DEVICES leaves to this process, in its order; empty without one."""
    return tuple(_visible(_ask_driver()[0], os.environ.get("CUDA_VISIBLE_DEVICES")))


def why_no_gpu() -> str:
    """Why `find_gpus` finds none, in words."""
    cards, fault = _ask_driver()
    if fault is not None:
        return f"no NVIDIA driver answers ({fault})"
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if cards and chosen is not None:
        return f"CUDA_VISIBLE_DEVICES={chosen!r} names none of the {len(cards)} that the driver tells of"
    return "the NVIDIA driver tells of no GPU"


def _ask_driver() -> tuple[list[tuple[Gpu, ...]], str | None]:
    """Every card, and what was wrong where the driver does not tell."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:  # no driver, or none that runs
        return [], str(error)
    try:
        return _list_gpus(), None
    except pynvml.NVMLError as error:
        return [], str(error)
    finally:
        pynvml.nvmlShutdown()


def free_bytes(name: str) -> int:
    """Free memory of the fullest of the GPUs of this name; 0 where their driver does not tell."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        cards = [pynvml.nvmlDeviceGetHandleByUUID(gpu.uuid) for gpu in find_gpus() if gpu.name == name]
        return min((int(pynvml.nvmlDeviceGetMemoryInfo(card).free) for card in cards), default=0)
    except pynvml.NVMLError:
        return 0
    finally:
        pynvml.nvmlShutdown()


def _visible(cards: list[tuple[Gpu, ...]], chosen: str | None) -> list[Gpu]:
    """The GPUs of `cards`, each with its slices or itself, that the variable names: by number, or by the beginning of a
    UUID. As CUDA does, an unknown name hides itself and all after it, and one that recurs hides everything."""
    if chosen is None:
        return [gpu for card in cards for gpu in card]
    shown: list[Gpu] = []
    for name in map(str.strip, chosen.split(",")):
        if name.isascii() and name.isdecimal():
            found = cards[int(name)][:1] if int(name) < len(cards) else ()
        else:
            matching = [gpu for card in cards for gpu in card if name and gpu.uuid.startswith(name)]
            found = tuple(matching) if len(matching) == 1 else ()
        if not found:
            break
        if found[0] in shown:
            return []
        shown += found
    return shown


def _list_gpus() -> list[tuple[Gpu, ...]]:
    """Every card in the order of the bus: itself, or the slices it is cut into."""
    import pynvml

    driver = str(pynvml.nvmlSystemGetDriverVersion())
    cards = []
    for number in range(pynvml.nvmlDeviceGetCount()):
        card = pynvml.nvmlDeviceGetHandleByIndex(number)
        capability = "{}.{}".format(*pynvml.nvmlDeviceGetCudaComputeCapability(card))
        slices = list(_slices(card))
        cores = [pynvml.nvmlDeviceGetAttributes(part).multiprocessorCount for part in slices]
        if not slices:
            slices, cores = [card], [pynvml.nvmlDeviceGetNumGpuCores(card)]
        cards.append(
            tuple(
                Gpu(
                    name=str(pynvml.nvmlDeviceGetName(part)),
                    driver=driver,
                    capability=capability,
                    uuid=str(pynvml.nvmlDeviceGetUUID(part)),
                    cores=count,
                )
                for part, count in zip(slices, cores, strict=True)
            )
        )
    return cards


def _slices(card: Any) -> Iterator[Any]:
    """The slices that MIG has cut a card into; none where it is whole."""
    import pynvml

    try:
        enabled, _ = pynvml.nvmlDeviceGetMigMode(card)
    except pynvml.NVMLError:  # most cards know no slices
        return
    if enabled != pynvml.NVML_DEVICE_MIG_ENABLE:
        return
    for number in range(pynvml.nvmlDeviceGetMaxMigDeviceCount(card)):
        try:
            yield pynvml.nvmlDeviceGetMigDeviceHandleByIndex(card, number)
        except pynvml.NVMLError:  # fewer than there could be
            continue
