"""The rules of recipes, each kept or broken in whole runs of the real engine on the kit's pictures and network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchsuite.contracts.recipe import Phase
from benchsuite.errors import PluginError, TrainingError
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, check, join_some
from benchsuite.testing.harness.reference_components import OPENED, Blocks, Patterns, RecordingWatcher
from benchsuite.testing.harness.subject import Subject
from benchsuite.testing.rules.rule import Rule, rule_declarer

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite.contracts.observer import EpochReport
    from benchsuite.store.record import RunRecord
    from benchsuite.testing.harness.small_run import RunSetup

RULES: list[Rule] = []
rule = rule_declarer(RULES)

WANTED = 0.95
"""Part of the training images that the network must tell apart."""
EPOCHS = 60
"""Epochs in all that it has for that."""
BATCH = 8
RATES = (1, 10, 100, 1000)
"""Factors of the recipe's own learning rates that are tried: those suit other networks and larger data sets."""


@rule(
    "it can learn 32 images by heart",
    means="A network that cannot even memorise a handful of images has a loss, a transform or phases that do not "
    "train.",
    remedy="look at loss() (its sign, its mean over the batch, what it takes for targets), at transform(), and at "
    "what the freeze policies leave to train; give parameters that regularise less.",
)
def memorises(subject: Subject) -> str:
    best = 0.0
    said: list[str] = []
    for factor in RATES:
        setup = _setup(subject, lambda phases, factor=factor: _to_memorise(phases, factor), repeat=True)
        watcher = RecordingWatcher(_stop_when_learnt)
        try:
            setup.execute(setup.task("results"), watcher)
        except _Stopped:
            pass
        except Broken as fault:
            said.append(f"at {factor} times its learning rates {fault}")
            continue
        reached = max(epoch.validation_accuracy for epoch in watcher.epochs)
        best = max(best, reached)
        if reached >= WANTED:
            return f"{reached:.0%} after {len(watcher.epochs)} epochs, at {factor} times its learning rates"
    if len(said) == len(RATES):
        raise Broken(said[0])
    raise Broken(
        f"the network tells at most {best:.0%} of its training images apart, after {EPOCHS} epochs and at "
        f"{join_some(RATES)} times its learning rates; {WANTED:.0%} are expected, and chance is 25%"
    )


@rule(
    "the same seed gives the same bits",
    means="Every run can be repeated, and a worker that has made other runs before makes it no other way.",
    remedy="keep no state between calls; draw from the `draw` that transform() is given, or from torch's default "
    "generator.",
)
def same_bits(subject: Subject) -> str:
    setup = _setup(subject, _short)
    first, again = (setup.execute(setup.task(results)) for results in ("first", "again"))
    _check_same(first, again, "the second of two runs in one process")
    return f"weights {str(first.weights_hash)[:12]} after {len(first.epochs)} epochs"


@rule(
    "an interrupted run goes on as if nothing had happened",
    means="A study that is stopped and taken up again must give the paper of one that was not.",
    remedy="let phases() depend on the parameters alone, and keep nothing in the recipe that a new process would not "
    "have.",
)
def resumes(subject: Subject) -> str:
    straight = _setup(subject, _short)
    whole = straight.execute(straight.task("straight"))
    epochs = len(whole.epochs)
    stops = sorted({1, epochs // 2, epochs - 1})
    for stop in stops:
        setup = _setup(subject, _short)
        task = setup.task(f"stopped-{stop}")
        try:
            setup.execute(task, RecordingWatcher(partial(_stop_after, stop)), checkpoints=0)
        except _Stopped:
            pass
        else:
            raise Broken(f"the run was over before it could be stopped after epoch {stop} of {epochs}")
        # A new process has a new recipe.
        resumed = _setup(subject, _short, setup).execute(task)
        _check_same(whole, resumed, f"a run that was stopped after epoch {stop} of {epochs}")
    return f"stopped after epoch {' and '.join(map(str, stops))} of {epochs}"


@rule(
    "CUDA can repeat its loss and its transform",
    means="A run on a GPU ends at the first operation for which CUDA has no deterministic way; most machines on which "
    "a recipe is written have none to tell.",
    remedy="use another operation than the one that is named.",
)
def repeatable_on_cuda(subject: Subject) -> str:
    import torch
    from torch.nn.functional import one_hot

    from benchsuite.engine.determinism import seeds
    from benchsuite.testing.harness.cuda_operations import in_loss
    from benchsuite.testing.harness.reference_components import given_to_loss, given_to_transform

    recipe, classes = subject.component, 4
    labels = torch.arange(BATCH) % classes
    told = given_to_loss(recipe, torch.full((classes,), float(BATCH)), 16)

    def loss(logits: Tensor) -> Tensor:
        targets = labels
        if recipe.transforms(subject.params):
            images, chances = torch.zeros(BATCH, 3, 16, 16), one_hot(labels, classes).to(torch.float32)
            draw, more = seeds.generator(0, "transform"), given_to_transform(recipe, 16)
            _, targets = recipe.transform(subject.params, images, chances, draw, **more)
        found: Tensor = recipe.loss(subject.params, logits, targets, **told)
        return found

    found = in_loss(loss, torch.zeros(BATCH, classes))
    check(not found, f"CUDA has no deterministic way to do {join_some(found)}")
    return "as far as torch lists such operations"


@rule(
    "it never sees the test split",
    means="What the test split had a part in is no result any more. The engine keeps it away; a recipe must not "
    "look for it.",
    remedy="use what phases(), loss() and transform() are given, and nothing else: no files, no search through memory.",
)
def test_sealed(subject: Subject) -> str:
    hashes = []
    for test_seed in (0, 1):
        OPENED.clear()
        setup = _setup(subject, _short, test_seed=test_seed)
        record = setup.execute(setup.task("results"), RecordingWatcher(_refuse_open_test_images))
        hashes.append(record.weights_hash)
        check(bool(OPENED), "the engine evaluated no test image")
    check(hashes[0] == hashes[1], "with other test images the trained weights are other ones")
    return "no test image is opened in training; other test images, the same weights"


@rule(
    "every phase freezes what it declares",
    means="Studies of freezing compare phases by their policies; a stage that moves all the same falsifies them.",
    remedy="return the same phases at every call, and leave the network's parameters and modes to the engine.",
)
def policies_kept(subject: Subject) -> str:
    from benchsuite.engine.network import freeze

    def policies() -> tuple[Any, ...]:
        return tuple((p.name, p.freeze) for p in subject.component.phases(subject.params))

    first = policies()
    check(first == policies(), "phases() declares other phases at its second call")
    names = [name for name, _ in first]
    check(len(set(names)) == len(names), f"two phases have one name: {join_some(names)}")
    setup = _setup(subject, _short)
    model: Any = setup.model.entry.component
    comparison = _FreezeComparison(model, dict(first))
    setup.execute(setup.task("results"), RecordingWatcher(comparison))
    check(not comparison.faults, join_some(comparison.faults))
    stages = model.stages(model.built)
    resolved = {name: freeze.resolve(policy, stages).stages for name, policy in first}
    return "; ".join(f"{name}: {', '.join(frozen) or 'nothing'} frozen" for name, frozen in resolved.items())


class _Stopped(BaseException):
    """Ends a run from outside, as a killed process does: no handler of ordinary errors may see it."""


def _setup(subject: Subject, change: Any, like: RunSetup | None = None, **data: Any) -> RunSetup:
    """A setup with the recipe, its phases changed. With `like`, in that one's folder, with a recipe made anew."""
    from benchsuite.testing.harness.small_run import BoundComponent, RunSetup, bind_reference, with_phases

    component = type(subject.component)() if like else subject.component
    bound = BoundComponent(replace(subject.entry, component=component), subject.params)
    precision = component.precision(subject.params)
    if precision == "fp16":
        raise Inapplicable(f"with these parameters it computes in {precision}, which the CPU does not")
    folder = like.folder if like else subject.new_folder("run")
    if not like and not component.phases(subject.params):
        raise PluginError("phases() declares no phase", where=subject.entry.module, remedy="declare at least one")
    return RunSetup(folder, bind_reference(Patterns, **data), bind_reference(Blocks), with_phases(bound, change))


def _short(phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
    """Two epochs a phase, none stopped early: enough to stop between."""
    return tuple(
        replace(phase, max_epochs=2, batch_size=min(phase.batch_size, BATCH), early_stopping=None) for phase in phases
    )


def _to_memorise(phases: tuple[Phase, ...], factor: float) -> tuple[Phase, ...]:
    """The phases stretched or shrunk to the epochs of the check, with small batches and `factor` times the rates."""
    total = sum(phase.max_epochs for phase in phases)
    return tuple(
        replace(
            phase,
            max_epochs=max(1, round(EPOCHS * phase.max_epochs / total)),
            batch_size=min(phase.batch_size, BATCH),
            optimizer=replace(phase.optimizer, learning_rate=factor * phase.optimizer.learning_rate),
            early_stopping=None,
        )
        for phase in phases
    )


def _check_same(one: RunRecord, other: RunRecord, what: str) -> None:
    for a, b in zip(one.epochs, other.epochs, strict=False):
        mine, its = (vars(epoch) | {"seconds": None} for epoch in (a, b))
        different = [name for name in mine if mine[name] != its[name]]
        if different:
            name = different[0]
            raise Broken(f"{what} has another {name} in epoch {a.epoch}: {its[name]} for {mine[name]}")
    check(len(one.epochs) == len(other.epochs), f"{what} has {len(other.epochs)} epochs for {len(one.epochs)}")
    check(one.weights_hash == other.weights_hash, f"{what} ends with other weights")
    check(one.predictions_hash == other.predictions_hash, f"{what} ends with other predictions")


def _stop_after(count: int, epochs: Sequence[EpochReport]) -> None:
    if len(epochs) == count:
        raise _Stopped


def _stop_when_learnt(epochs: Sequence[EpochReport]) -> None:
    if epochs[-1].validation_accuracy >= WANTED:
        raise _Stopped


def _refuse_open_test_images(epochs: Sequence[EpochReport]) -> None:
    """Notice when a test image is open while training goes on."""
    if OPENED:
        raise TrainingError(f"in epoch {epochs[-1].epoch} the test image {OPENED[0]} was opened")


class _FreezeComparison:
    """Compares the network's frozen stages from epoch to epoch of each phase; `faults` says what moved."""

    def __init__(self, model: Any, policies: Mapping[str, Any]) -> None:
        self.faults: list[str] = []
        self._model, self._policies = model, policies
        self._before: dict[str, Tensor] = {}
        self._phase = ""

    def __call__(self, epochs: Sequence[EpochReport]) -> None:
        import torch

        from benchsuite.engine.network import freeze

        phase, model = epochs[-1].phase, self._model
        state = {name: tensor.clone() for name, tensor in model.built.state_dict().items()}
        frozen = freeze.resolve(self._policies[phase], model.stages(model.built))
        parameters = {name for name, _ in model.built.named_parameters()}
        if phase == self._phase:
            moved = [name for name in state if not torch.equal(state[name], self._before[name])]
            stages = {name.partition(".")[0] for name in moved if frozen.held or name in parameters}
            self.faults += [f"{phase}: {stage} is frozen and moves" for stage in frozen.stages if stage in stages]
            still = {name.partition(".")[0] for name in parameters} - stages - set(frozen.stages)
            self.faults += [f"{phase}: {stage} is free and does not train" for stage in sorted(still)]
        self._before, self._phase = state, phase
