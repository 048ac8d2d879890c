"""The rules of models: stages, shapes, freezing, seeds, determinism and weights."""

from __future__ import annotations

import re
from math import prod
from typing import TYPE_CHECKING, Any

from benchsuite.contracts.model import Task, WeightsRequest, adapted
from benchsuite.errors import BenchsuiteError
from benchsuite.testing.harness.networks import BATCH, SIZES, build_network, labels, random_images, usual_size
from benchsuite.testing.harness.outcomes import Broken, Inapplicable, check, join_some, one_line
from benchsuite.testing.harness.subject import Subject
from benchsuite.testing.rules.rule import Rule, rule_declarer

if TYPE_CHECKING:
    from torch import Tensor

    from benchsuite.engine.network.build import Network

RULES: list[Rule] = []
rule = rule_declarer(RULES)

CLASSES = (2, 3, 10, 200)
TOLERANCE = 1e-4
"""Largest difference of two logits, as a part of the largest one, that rounding explains."""


@rule(
    "the stages compose to the forward pass",
    means="Freezing and the cache of features run the stages one after another, never forward(); what they leave out "
    "would be left out of every study.",
    remedy="put everything that forward() does, flattening too, into the modules that stages() returns, in order.",
)
def stages_compose(subject: Subject) -> str:
    import torch
    from torch import nn

    network = build_network(subject)
    network.module.eval()
    with torch.inference_mode():
        whole = network.module(random_images(subject))
        try:
            composed = nn.Sequential(*network.stages.values())(random_images(subject))
        except (RuntimeError, TypeError, ValueError) as error:
            raise Broken(f"{', '.join(network.stages)} cannot be run in a row: {one_line(error)}") from error
    check(composed.shape == whole.shape, f"the stages give {tuple(composed.shape)}, forward() {tuple(whole.shape)}")
    far = float((composed - whole).abs().max())
    check(torch.equal(composed, whole), f"the logits of stages and forward() differ by up to {far:.3g}")
    return ", ".join(network.stages)


@rule(
    "the stages share no parameter and cover them all",
    means="What two stages share would train in one and be frozen in the other; what lies in none is never frozen.",
    remedy="return every part of the module exactly once; modules that share weights belong into one stage.",
)
def stages_cover(subject: Subject) -> str:
    network = build_network(subject)
    check(len(network.stages) >= 2, f"there are {len(network.stages)} stages; a body and a head are the least")
    owners: dict[int, list[str]] = {}
    for name, stage in network.stages.items():
        for tensor in (*stage.parameters(), *stage.buffers()):
            owners.setdefault(id(tensor), []).append(name)
    shared = {" and ".join(dict.fromkeys(names)) for names in owners.values() if len(set(names)) > 1}
    check(not shared, f"parameters or buffers are shared by {join_some(sorted(shared))}")
    homeless = sorted(network.names_in({""}))
    check(not homeless, f"in no stage: {join_some(homeless)}")
    total = sum(parameter.numel() for parameter in network.module.parameters())
    return f"{total:,} parameters in {len(network.stages)} stages"


@rule(
    "there is one logit a class",
    means="The core counts on a float of shape (images, classes) for every number of classes.",
    remedy="size the last layer by task.classes, and return logits without softmax or further dimensions.",
)
def one_logit_a_class(subject: Subject) -> None:
    import torch

    for classes in CLASSES:
        network = build_network(subject, classes)
        network.module.eval()
        with torch.inference_mode():
            logits = network.module(random_images(subject, 2))
        shape = tuple(logits.shape)
        check(shape == (2, classes), f"for {classes} classes and 2 images the output has the shape {shape}")
        check(logits.dtype == torch.float32, f"the logits are {logits.dtype}; expected torch.float32")


@rule(
    "a frozen prefix stays as it is, and all else trains",
    means="Studies of freezing compare exactly this; the cache of features relies on it.",
    remedy="keep no state outside parameters and buffers, change none in forward() but batch-norm's in training mode, "
    "and let gradients reach every stage after the prefix.",
)
def frozen_prefix(subject: Subject) -> str:
    network = build_network(subject)
    names = list(network.stages)
    # The longest first: what one step trains is frozen in none that follows.
    for count in range(len(names) - 1, 0, -1):
        for held in (True, False):
            _check_prefix(subject, network, tuple(names[:count]), held)
    return f"prefixes of 1 to {len(names) - 1} stages, with batch-norm held and moving"


@rule(
    "every build has the same parameters",
    means="Checkpoints, weights and the paper's counts belong to the architecture, not to one build of it.",
    remedy="let build() depend on its arguments alone: no counters, no random layer sizes, no parameters made by a "
    "first forward pass.",
)
def same_parameters(subject: Subject) -> str:
    first, again = (_shapes(build_network(subject, seed=seed)) for seed in (1, 2))
    different = sorted(name for name in {*first, *again} if first.get(name) != again.get(name))
    check(not different, f"two builds differ in {join_some(different)}")
    used = build_network(subject)
    used.module.eval()
    before = _shapes(used)
    used.module(random_images(subject))
    check(_shapes(used) == before, "the first forward pass makes or resizes parameters")
    return f"{sum(prod(shape) for shape in first.values()):,} numbers"


@rule(
    "the seed decides the first weights",
    means="Runs with one seed start alike whatever else is varied, so that cases are paired; other seeds start anew.",
    remedy="initialise from torch's default generator, which the core has seeded; seed no generator yourself.",
)
def seed_decides(subject: Subject) -> None:
    from benchsuite.engine.network.build import weights_hash

    first, again, other = (weights_hash(build_network(subject, seed=seed).module.state_dict()) for seed in (5, 5, 6))
    check(first == again, "two builds with seed 5 have other weights")
    check(first != other, "seeds 5 and 6 give the same weights")


@rule(
    "gradients are the same bits twice",
    means="A run can be repeated bit for bit only if every layer's backward pass can.",
    remedy="replace the layer that torch names by one with a deterministic gradient (adaptive pooling and upsampling "
    "are the usual ones), and draw only from torch's default generator.",
)
def deterministic_backward(subject: Subject) -> str:
    import torch

    devices = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
    for device in devices:
        first, second = (_gradients(subject, device) for _ in range(2))
        check(bool(first), "no parameter gets a gradient")
        different = [name for name in first if not torch.equal(first[name], second[name])]
        check(not different, f"on {device} the gradients of {join_some(different)} differ from one pass to the next")
    return " and ".join(devices)


@rule(
    "CUDA can repeat every operation",
    means="A run on a GPU ends at the first operation for which CUDA has no deterministic way; most machines on which "
    "a model is written have none to tell. What torch lists as such is looked for in a pass forward and backward.",
    remedy="take another layer: pooling to 1 x 1 or with a fixed window, nearest interpolation, padding with zeros.",
)
def repeatable_on_cuda(subject: Subject) -> str:
    from benchsuite.testing.harness.cuda_operations import in_network

    side = usual_size(subject)
    network = build_network(subject)
    found = in_network(network.stages, Task(3, side, side))
    check(not found, f"CUDA has no deterministic way to do {join_some(found)}")
    return f"as far as torch lists such operations, at {side} x {side}"


@rule(
    "in evaluation an image's logits do not depend on its companions",
    means="Evaluation is done in batches of any size; accuracy must not depend on how images fall into them.",
    remedy="use statistics of the batch in training mode only (nn.BatchNorm does), and switch dropout off by "
    "self.training.",
)
def independent_of_companions(subject: Subject) -> str:
    import torch

    network = build_network(subject)
    # One training step, so that batch-norm's stored statistics are not those of no data.
    network.module.train()
    with torch.no_grad():
        network.module(random_images(subject))
    network.module.eval()
    images = random_images(subject)
    with torch.inference_mode():
        together = network.module(images)
        alone = torch.cat([network.module(image[None]) for image in images])
    far = float((together - alone).abs().max() / together.abs().max().clamp(min=1e-12))
    check(far <= TOLERANCE, f"alone and among {BATCH} the logits differ by {far:.2g} of the largest one")
    return f"they differ by {far:.1g} of the largest one, which is rounding"


@rule(
    "every usual image size is taken, or refused with a reason",
    means="A study's image size is the data set's; a crash deep inside a layer tells its author nothing.",
    remedy="take any size (adaptive pooling), or raise BenchsuiteError in build() with the sizes that would do.",
)
def image_sizes(subject: Subject) -> str:
    import torch

    taken, refused = [], []
    for size in SIZES:
        try:
            network = build_network(subject, size=size)
        except BenchsuiteError:
            refused.append(size)
            continue
        except Exception as error:
            raise Broken(f"build() for {size} x {size}: {type(error).__name__}: {one_line(error)}") from error
        network.module.eval()
        try:
            with torch.inference_mode():
                network.module(torch.zeros(1, 3, size, size))
        except Exception as error:
            raise Broken(f"it was built for {size} x {size} and then fails: {one_line(error)}") from error
        taken.append(size)
    check(bool(taken), f"it refuses all of {join_some(SIZES)}")
    return f"takes {join_some(taken)}" + (f"; refuses {join_some(refused)}" if refused else "")


@rule(
    "the request for weights is well formed",
    means="The core finds, downloads and verifies the file; a checksum that cannot match makes official weights "
    "unofficial in every paper.",
    remedy="give a name, a plain file name, and either a path or an https address with the file's SHA-256 (or its "
    "start).",
)
def weights_request(subject: Subject) -> str:
    request = _request(subject)
    check(bool(request.name.strip()), "it has no name")
    plain = request.filename and not re.search(r"[\\/]", request.filename)
    check(bool(plain), f"{request.filename!r} is no plain file name")
    if request.path is None:
        check(request.url is not None or request.sha256 is not None, "it has neither a path nor an address")
        check(request.url is None or request.url.startswith("https://"), f"{request.url} is no https address")
        check(request.sha256 is not None, "it has no SHA-256, so that nothing tells the official file from another")
    if request.sha256 is not None:
        check(
            re.fullmatch(r"[0-9a-f]{8,64}", request.sha256) is not None,
            f"{request.sha256!r} is no SHA-256, nor the first 8 digits or more of one",
        )
    return f"{request.name}: {request.filename}"


@rule(
    "pretrained weights fit the network",
    means="What adapt() returns is loaded into everything but the head; a name that does not fit ends the run.",
    remedy="let adapt() return the module's own names and shapes, all of them but the head's, which starts anew.",
)
def weights_fit(subject: Subject) -> str:
    from benchsuite.engine.network.build import read_state

    request = _request(subject)
    network = build_network(subject, 3)
    own = network.module.state_dict()
    if request.path is not None and request.path.expanduser().is_file():
        given, origin = read_state(request.path.expanduser()), request.path.name
    else:
        given, origin = build_network(subject, 17).module.state_dict(), "the state of a network of 17 classes"
    fitted = adapted(subject.component, subject.params, dict(given), network.module)
    head = network.names_in({list(network.stages)[-1]})
    strange = [name for name in fitted if name not in own]
    check(not strange, f"{origin}: adapt() returns names that the module does not have: {join_some(strange)}")
    reshaped = [
        f"{name} is {tuple(tensor.shape)}, not {tuple(own[name].shape)}"
        for name, tensor in fitted.items()
        if tensor.shape != own[name].shape
    ]
    check(not reshaped, f"{origin}: other shapes: {join_some(reshaped)}")
    missing = [n for n in own if n not in fitted and n not in head and "num_batches_tracked" not in n]
    check(not missing, f"{origin}: adapt() leaves out {join_some(missing)}")
    return f"{len(fitted)} tensors of {origin}"


def _check_prefix(subject: Subject, network: Network, prefix: tuple[str, ...], held: bool) -> None:
    """One step of SGD with these stages frozen."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    from benchsuite.engine.determinism import seeds
    from benchsuite.engine.network import freeze

    frozen = freeze.FrozenStages(prefix, held)
    freeze.apply(frozen, network.stages)
    freeze.train_mode(frozen, network.stages)
    inside = network.names_in(set(prefix))
    if not held:
        inside &= {name for name, _ in network.module.named_parameters()}
    before = {name: tensor.clone() for name, tensor in network.module.state_dict().items() if name in inside}
    network.module.zero_grad(set_to_none=True)
    trained = {name: p for name, p in network.module.named_parameters() if p.requires_grad}
    if not trained:
        raise Broken(f"nothing is left to train after {prefix[-1]}")
    with seeds.isolated():
        seeds.reseed(0, "dropout")
        cross_entropy(nn.Sequential(*network.stages.values())(random_images(subject)), labels()).backward()
    torch.optim.SGD(trained.values(), lr=0.1).step()
    what = f"with {', '.join(prefix)} frozen and its batch-norm {'held' if held else 'moving'}"
    after = network.module.state_dict()
    moved = sorted(name for name in before if not torch.equal(before[name], after[name]))
    check(not moved, f"{what}, a step changes {join_some(moved)}")
    idle = sorted(name for name, parameter in trained.items() if parameter.grad is None)
    check(not idle, f"{what}, no gradient reaches {join_some(idle)}")


def _gradients(subject: Subject, device: str) -> dict[str, Tensor]:
    from torch import nn
    from torch.nn.functional import cross_entropy

    from benchsuite.engine.determinism import seeds

    network = build_network(subject)
    network.module.to(device).train()
    with seeds.isolated():
        seeds.reseed(0, "dropout")
        logits = nn.Sequential(*network.stages.values())(random_images(subject).to(device))
        cross_entropy(logits, labels().to(device)).backward()
    named = network.module.named_parameters()
    return {name: parameter.grad for name, parameter in named if parameter.grad is not None}


def _request(subject: Subject) -> WeightsRequest:
    request: Any = subject.component.weights(subject.params)
    if request is None:
        raise Inapplicable("these parameters ask for no weights")
    check(isinstance(request, WeightsRequest), f"weights() returned {request!r:.80}; expected a WeightsRequest")
    return request  # type: ignore[no-any-return]


def _shapes(network: Network) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in network.module.state_dict().items()}
