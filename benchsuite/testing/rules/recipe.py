"""The rules of recipes, each kept or broken in whole runs of the real engine on the kit's pictures and network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchsuite.contracts.recipe import Phase
from benchsuite.errors import TrainingError
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, expect, some
from benchsuite.testing.harness.subject import Subject
from benchsuite.testing.rules.rule import Rule, declaring

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite.contracts.observer import EpochReport
    from benchsuite.store.record import RunRecord
    from benchsuite.testing.harness.small_run import Bench, Heard

RULES: list[Rule] = []
rule = declaring(RULES)

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
    mend="look at loss() (its sign, its mean over the batch, what it takes for targets), at transform(), and at "
    "what the freeze policies leave to train; give parameters that regularise less.",
)
def memorises(subject: Subject) -> str:
    best = 0.0
    said: list[str] = []
    for factor in RATES:
        bench = _bench(subject, lambda phases, factor=factor: _to_memorise(phases, factor), repeat=True)
        watcher = _satisfied()
        try:
            bench.execute(bench.task("results"), watcher)
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
        f"{some(RATES)} times its learning rates; {WANTED:.0%} are expected, and chance is 25%"
    )


@rule(
    "the same seed gives the same bits",
    means="Every run can be repeated, and a worker that has made other runs before makes it no other way.",
    mend="keep no state between calls; draw from the `draw` that transform() is given, or from torch's default "
    "generator.",
)
def same_bits(subject: Subject) -> str:
    bench = _bench(subject, _short)
    first, again = (bench.execute(bench.task(results)) for results in ("first", "again"))
    _expect_same(first, again, "the second of two runs in one process")
    return f"weights {str(first.weights_hash)[:12]} after {len(first.epochs)} epochs"


@rule(
    "an interrupted run goes on as if nothing had happened",
    means="A study that is stopped and taken up again must give the paper of one that was not.",
    mend="let phases() depend on the parameters alone, and keep nothing in the recipe that a new process would not "
    "have.",
)
def resumes(subject: Subject) -> str:
    straight = _bench(subject, _short)
    whole = straight.execute(straight.task("straight"))
    epochs = len(whole.epochs)
    stops = sorted({1, epochs // 2, epochs - 1})
    for stop in stops:
        bench = _bench(subject, _short)
        task = bench.task(f"stopped-{stop}")
        try:
            bench.execute(task, _stopper(stop), checkpoints=0)
        except _Stopped:
            pass
        else:
            raise Broken(f"the run was over before it could be stopped after epoch {stop} of {epochs}")
        # A new process has a new recipe.
        resumed = _bench(subject, _short, bench).execute(task)
        _expect_same(whole, resumed, f"a run that was stopped after epoch {stop} of {epochs}")
    return f"stopped after epoch {' and '.join(map(str, stops))} of {epochs}"


@rule(
    "it never sees the test split",
    means="What the test split had a part in is no result any more. The engine keeps it away; a recipe must not "
    "look for it.",
    mend="use what phases(), loss() and transform() are given, and nothing else: no files, no search through memory.",
)
def test_sealed(subject: Subject) -> str:
    from benchsuite.testing.harness import reference_components

    hashes = []
    for test_seed in (0, 1):
        reference_components.OPENED.clear()
        bench = _bench(subject, _short, test_seed=test_seed)
        watcher = _sentinel()
        hashes.append(bench.execute(bench.task("results"), watcher).weights_hash)
        expect(bool(reference_components.OPENED), "the engine evaluated no test image")
    expect(hashes[0] == hashes[1], "with other test images the trained weights are other ones")
    return "no test image is opened in training; other test images, the same weights"


@rule(
    "every phase freezes what it declares",
    means="Studies of freezing compare phases by their policies; a stage that moves all the same falsifies them.",
    mend="return the same phases at every call, and leave the network's parameters and modes to the engine.",
)
def policies_kept(subject: Subject) -> str:
    from benchsuite.engine.network import freeze

    def policies() -> tuple[Any, ...]:
        return tuple((p.name, p.freeze) for p in subject.component.phases(subject.params))

    first = policies()
    expect(first == policies(), "phases() declares other phases at its second call")
    names = [name for name, _ in first]
    expect(len(set(names)) == len(names), f"two phases have one name: {some(names)}")
    bench = _bench(subject, _short)
    watcher = _freeze_watcher(bench, dict(first))
    bench.execute(bench.task("results"), watcher)
    expect(not watcher.faults, some(watcher.faults))
    stages = bench.model.entry.component.stages(bench.model.entry.component.built)  # type: ignore[union-attr]
    resolved = {name: freeze.resolve(policy, stages).stages for name, policy in first}
    return "; ".join(f"{name}: {', '.join(frozen) or 'nothing'} frozen" for name, frozen in resolved.items())


class _Stopped(BaseException):
    """An end without any farewell."""


def _bench(subject: Subject, change: Any, like: Bench | None = None, **data: Any) -> Bench:
    """A bench with the recipe, its phases changed. With `like`, in that one's folder, with a recipe made anew."""
    from benchsuite.errors import PluginError
    from benchsuite.testing.harness.reference_components import Blocks, Patterns
    from benchsuite.testing.harness.small_run import Bench, Player, companion, with_phases

    component = type(subject.component)() if like else subject.component
    player = Player(replace(subject.entry, component=component), subject.params)
    precision = component.precision(subject.params)
    if precision not in ("auto", "fp32"):
        raise Inapplicable(f"with these parameters it computes in {precision}, which the CPU does not")
    folder = like.folder if like else subject.new_folder("bench")
    if not like and not component.phases(subject.params):
        raise PluginError("phases() declares no phase", where=subject.entry.module)
    return Bench(folder, companion(Patterns(), **data), companion(Blocks()), with_phases(player, change))


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


def _expect_same(one: RunRecord, other: RunRecord, what: str) -> None:
    for a, b in zip(one.epochs, other.epochs, strict=False):
        mine, its = (vars(epoch) | {"seconds": None} for epoch in (a, b))
        different = [name for name in mine if mine[name] != its[name]]
        if different:
            name = different[0]
            raise Broken(f"{what} has another {name} in epoch {a.epoch}: {its[name]} for {mine[name]}")
    expect(len(one.epochs) == len(other.epochs), f"{what} has {len(other.epochs)} epochs for {len(one.epochs)}")
    expect(one.weights_hash == other.weights_hash, f"{what} ends with other weights")
    expect(one.predictions_hash == other.predictions_hash, f"{what} ends with other predictions")


def _stopper(after: int) -> Heard:
    from benchsuite.testing.harness.small_run import Heard

    class Stopper(Heard):
        def epoch(self, report: EpochReport, max_epochs: int) -> None:
            super().epoch(report, max_epochs)
            if len(self.epochs) == after:
                raise _Stopped

    return Stopper()


def _satisfied() -> Heard:
    """A watcher that ends the run when the network has learnt its images."""
    from benchsuite.testing.harness.small_run import Heard

    class Satisfied(Heard):
        def epoch(self, report: EpochReport, max_epochs: int) -> None:
            super().epoch(report, max_epochs)
            if report.validation_accuracy >= WANTED:
                raise _Stopped

    return Satisfied()


def _sentinel() -> Heard:
    """A watcher that notices when a test image is open while training goes on."""
    from benchsuite.testing.harness.reference_components import OPENED
    from benchsuite.testing.harness.small_run import Heard

    class Sentinel(Heard):
        def epoch(self, report: EpochReport, max_epochs: int) -> None:
            super().epoch(report, max_epochs)
            if OPENED:
                raise TrainingError(f"in epoch {report.epoch} the test image {OPENED[0]} was opened")

    return Sentinel()


def _freeze_watcher(bench: Bench, policies: Mapping[str, Any]) -> Any:
    """A watcher that compares the network's frozen stages from epoch to epoch of each phase; `faults` says what
    moved."""
    import torch

    from benchsuite.engine.network import freeze
    from benchsuite.testing.harness.small_run import Heard

    model: Any = bench.model.entry.component

    class Watcher(Heard):
        def __init__(self) -> None:
            super().__init__()
            self.faults: list[str] = []
            self.before: dict[str, Tensor] = {}
            self.phase = ""

        def epoch(self, report: EpochReport, max_epochs: int) -> None:
            super().epoch(report, max_epochs)
            state = {name: tensor.clone() for name, tensor in model.built.state_dict().items()}
            frozen = freeze.resolve(policies[report.phase], model.stages(model.built))
            parameters = {name for name, _ in model.built.named_parameters()}
            if report.phase == self.phase:
                moved = [name for name in state if not torch.equal(state[name], self.before[name])]
                stages = {name.partition(".")[0] for name in moved if frozen.held or name in parameters}
                self.faults += [
                    f"{report.phase}: {stage} is frozen and moves" for stage in frozen.stages if stage in stages
                ]
                still = {name.partition(".")[0] for name in parameters} - stages - set(frozen.stages)
                self.faults += [f"{report.phase}: {stage} is free and does not train" for stage in sorted(still)]
            self.before, self.phase = state, report.phase

    return Watcher()
