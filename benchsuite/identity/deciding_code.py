"""Which code of benchsuite decides the bits of a run: the one place that says so.

A run's key covers the source of what stands here, and of the run's own components, and no other source: a change in
one of these files makes every run due again, a change anywhere else makes none due. Whoever adds a file that decides
what a run computes adds it here; whoever adds one that only measures, tells or stores must not.
"""

from __future__ import annotations

DECIDING_CODE = (
    # What a component may declare, with the defaults that hold where it declares nothing.
    "benchsuite.contracts.augmentation",
    "benchsuite.contracts.dataset",
    "benchsuite.contracts.model",
    "benchsuite.contracts.optional_arguments",
    "benchsuite.contracts.recipe",
    # Lengths of schedules that are left out, and which of torch's classes a name means.
    "benchsuite.contracts.torch_options",
    # Random streams, and the settings that make torch repeat itself.
    "benchsuite.engine.determinism",
    # From files to batches: decoding, resizing, augmentation.
    "benchsuite.engine.data",
    # From a seed and a weights file to a network, its frozen stages, and the features of a frozen prefix.
    "benchsuite.engine.network",
    # Steps, epochs, early stopping, checkpoints, evaluation.
    "benchsuite.engine.training",
    # How one run puts these together.
    "benchsuite.engine.run.components",
    "benchsuite.engine.run.pipeline",
)
"""Modules, and packages with everything below them.

Left out on purpose: `engine.run.execute` (it watches the pipeline and records what it gives), `engine.diagnostics` and
`engine.meters`, `engine.task` (its fields are in the key themselves), `contracts.figure` and `contracts.observer` (they
see results), `sources` (the data's own fingerprint is in the key), `store` (it keeps what was computed), and everything
that plans, analyses or writes papers.
"""
