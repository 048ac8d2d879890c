"""The probe: what a run will cost, from counting its network's operations and timing a few steps of each phase."""

from __future__ import annotations

import torch

from benchsuite.engine.determinism import seeds
from benchsuite.engine.diagnostics import profile
from benchsuite.engine.diagnostics.failures import translate_error
from benchsuite.engine.diagnostics.last_batch import check_last_batches
from benchsuite.engine.meters import memory
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import build
from benchsuite.engine.network.feature_cache import cut
from benchsuite.engine.run.components import Components, find_entries, load_components
from benchsuite.engine.task import RunTask
from benchsuite.engine.training.arithmetic import Arithmetic
from benchsuite.execution.messages import Probe
from benchsuite.registry import Registry


def probe(task: RunTask, registry: Registry) -> Probe:
    """Measure what a run costs without making it. Raises BenchsuiteError: PluginError when a component is to blame for
    a failure, DeviceError when memory runs out."""
    try:
        with seeds.isolated():
            return _measure(task, load_components(task, registry))
    except Exception as error:
        known = translate_error(error, task, find_entries(task.spec.case, registry))
        if known is None:
            raise
        raise known from error


def _measure(task: RunTask, parts: Components) -> Probe:
    on_gpu = task.numerics.device == "cuda"
    memory.start_peak()
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    network = build(parts.model, parts.model_params, parts.shape, task.spec.seed, task.weights)
    arithmetic = Arithmetic(torch.device(task.numerics.device), task.numerics.precision)
    network.module.to(arithmetic.device)
    frozen = freeze.resolve(parts.phases[-1].freeze, network.stages)
    freeze.apply(frozen, network.stages)
    facts = profile.model_facts(network, frozen, cut(network, frozen, parts.cacheable), parts.shape)
    index = task.data.index
    n, held_out = len(index.train), len(index.validation)
    images = n + held_out + len(index.test)
    check_last_batches(network, parts.phases, n, parts.shape)
    seconds = setup = 0.0
    feature_bytes = 0
    fills_device = False
    for phase in parts.phases:
        measured = profile.time_phase(network, phase, parts.cacheable, arithmetic, parts.shape)
        steps = -(-n // phase.batch_size)
        seconds += phase.max_epochs * (
            steps * measured.seconds_per_step + held_out * measured.validation_seconds_per_image
        )
        setup += images * measured.prefix_seconds_per_image
        feature_bytes += images * measured.feature_bytes_per_image
        fills_device |= measured.fills_device
    epochs = sum(phase.max_epochs for phase in parts.phases)
    return Probe(
        model=facts,
        seconds_per_epoch=seconds / epochs,
        setup_seconds=setup,
        max_epochs=epochs,
        feature_bytes=feature_bytes,
        weights_bytes=sum(tensor.nbytes for tensor in network.module.state_dict().values()),
        peak_bytes=int(torch.cuda.max_memory_reserved()) if on_gpu else memory.peak(),
        fills_device=on_gpu and fills_device,
    )
