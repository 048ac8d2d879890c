"""A CUDA card that is not there: its tensors say that they lie on cuda:0, and keep their numbers in ordinary memory.

Within `card()` Python sees a device: in tensors, in torch.cuda, in autocast. Torch's C++ sees the CPU, since autograd
would ask a GPU for its streams; what is computed are therefore the CPU's bits, and every difference from a run on the
CPU is one of data that went astray, of order or of state. The card is as strict as a real one: tensors of two devices
that meet, a generator of the other device or a reading without a copy raise `Refused`, in the places where CUDA raises
too. It writes down whatever makes the host wait for it, and the backward passes, which tell one step from the next.
"""

from __future__ import annotations

import contextlib
import sys
import types
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map

from support.stand_in_graph import ODD, Generator, Recording

aten = torch.ops.aten
HOST, CARD = torch.device("cpu"), torch.device("cuda", 0)
_TORCH = str(Path(torch.__file__).parent)
UUID = "00000000-0000-0000-0000-000000000000"
GIB = 2**30

Kind = Literal["wait", "copy", "backward", "epoch"]


class Refused(RuntimeError):
    """What a CUDA device would refuse."""


@dataclass(frozen=True)
class Event:
    """Something that a card shows only to who looks for it. A `copy` is one for which nobody waits."""

    kind: Kind
    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what} at {self.where}"


@dataclass
class Card:
    """The card: how much of it is free, and what has happened on it, in order."""

    free: int
    events: list[Event] = field(default_factory=list)
    pinned: dict[int, torch.UntypedStorage] = field(default_factory=dict)
    """Memory of the host from which a copy need not be waited for, by address."""
    generator: Generator = field(default_factory=Generator)
    capture: Recording | None = None
    """What is being captured."""
    stream: Any = None
    """The current one; None is the default stream."""
    sync_debug_mode: int = 0
    reserved: int = 1
    """Bytes that torch holds of it."""
    memory_stats: ClassVar[Mapping[str, int]] = {}
    replays: int = 0
    """How often a graph was replayed."""

    def note(self, kind: Kind, what: object = "") -> None:
        event = Event(kind, str(what).removesuffix(".default"), _innermost_line())
        self.events.append(event)
        if kind == "wait" and self.sync_debug_mode:
            file, line = event.where.partition(",")[0].rsplit(":", 1) if ":" in event.where else ("?", "0")
            warnings.warn_explicit("called a synchronizing CUDA operation", UserWarning, file, int(line))
        if kind == "wait" and self.capture is not None:
            self.capture.broken = True
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")

    def compute(self, func: Any, args: Any, kwargs: Any) -> Any:
        """Do an operation with the tensors that are held; one that draws draws from the card's generator."""
        draws = torch.Tag.nondeterministic_seeded in func.tags
        with self.generator.drawing(self.capture is not None) if draws else contextlib.nullcontext():
            return self.capture.record(func, args, kwargs) if self.capture else func(*args, **kwargs)

    def waits_between_steps(self) -> list[str]:
        """What the host waits for between the first backward pass of an epoch and the last, each once.

        An epoch ends where the caller notes it. Waits before the first step and after the last, such as reading the
        losses, are made once an epoch and left out."""
        found: dict[str, None] = {}
        for epoch in self._epochs():
            steps = [i for i, event in enumerate(epoch) if event.kind == "backward"]
            inside = epoch[steps[0] : steps[-1]] if steps else []
            found.update(dict.fromkeys(str(event) for event in inside if event.kind == "wait"))
        return list(found)

    def steps(self) -> int:
        """How many backward passes there were."""
        return sum(event.kind == "backward" for event in self.events)

    def _epochs(self) -> Iterator[list[Event]]:
        part: list[Event] = []
        for event in self.events:
            if event.kind == "epoch":
                yield part
                part = []
            else:
                part.append(event)
        yield part


_at_work: Card | None = None


def _here() -> Card:
    if _at_work is None:
        raise Refused("the card of this tensor is gone: its block `card()` is over")
    return _at_work


class CardTensor(torch.Tensor):
    """A tensor on the card; `held` is the one in the host's memory that computes for it."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held: torch.Tensor) -> CardTensor:
        made: CardTensor = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, held.size(), strides=held.stride(), storage_offset=held.storage_offset(), dtype=held.dtype,
            layout=held.layout, device=HOST,
        )  # fmt: skip
        made.held = held
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"CardTensor({tuple(self.shape)}, {self.dtype})"

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in _SAID:
            return _SAID[func]
        if func in _UNREADABLE:
            raise Refused("can't convert cuda:0 device type tensor to numpy: copy it to the host first")
        if func is torch.Tensor.tolist:
            return args[0].cpu().tolist()
        if func in (torch.Tensor.to, torch.Tensor.cpu, torch.Tensor.cuda):
            return _move(func, *args, **kwargs)
        if func is torch.nn.functional.one_hot:
            return _one_hot(*args, **kwargs)
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _compute(func, args, kwargs or {})

    def __reduce_ex__(self, protocol: int) -> Any:  # type: ignore[override]
        """As torch.save writes a tensor of a device that is loaded with map_location="cpu"."""
        return self.detach().cpu().__reduce_ex__(protocol)  # type: ignore[no-untyped-call]

    def __deepcopy__(self, memo: Any) -> Any:
        if id(self) not in memo:
            copied: Any = CardTensor(self.held.detach().clone(memory_format=torch.preserve_format))
            parameter = isinstance(self, torch.nn.Parameter)
            memo[id(self)] = torch.nn.Parameter(copied, self.requires_grad) if parameter else copied
        return memo[id(self)]


_SAID: dict[Any, Any] = {
    torch.Tensor.device.__get__: CARD,  # type: ignore[attr-defined]
    torch.Tensor.is_cuda.__get__: True,  # type: ignore[attr-defined]
    torch.Tensor.is_cpu.__get__: False,  # type: ignore[attr-defined]
}
_UNREADABLE = (torch.Tensor.numpy, torch.Tensor.__array__)
_MADE_OF_OTHERS = "CompositeImplicitAutograd"
_WAITING = {
    aten._local_scalar_dense.default, aten.equal.default, aten.is_nonzero.default, aten.nonzero.default,
    aten.masked_select.default, aten._unique2.default, aten.unique_dim.default, aten.unique_consecutive.default,
    aten.repeat_interleave.Tensor, aten.bincount.default,
}  # fmt: skip
"""What CUDA answers only once the device has come to it: a number, or a shape that depends on numbers."""
_COPYING = {aten._to_copy.default, aten.copy_.default, aten._foreach_copy_.default}
_INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default}


def _one_hot(labels: Any, num_classes: int = -1) -> CardTensor:
    """On the CPU it looks at the labels even where it is told how many classes there are."""
    if num_classes < 0:
        _here().note("wait", "one_hot without its classes")
    return CardTensor(torch.nn.functional.one_hot(labels.held, num_classes))


def _move(func: Any, tensor: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
    """`.to`, `.cpu` and `.cuda` of a tensor on the card: C++, which takes it for one of the CPU, would stay there."""
    dtype, layout = None, kwargs.get("memory_format")
    if func is torch.Tensor.cpu:
        device = HOST
    elif func is torch.Tensor.cuda:
        device = CARD
    else:
        if args and isinstance(args[0], torch.Tensor):
            args = (args[0].device, args[0].dtype, *args[1:])
        parsed = {name: value for name, value in kwargs.items() if name != "copy"}
        device, dtype, _, layout = torch._C._nn._parse_to(*args, **parsed)  # type: ignore[attr-defined]
    with torch._C.DisableTorchFunctionSubclass():
        moved = tensor if device is None or device.type == "cuda" else _Leave.apply(tensor, device)
        format_ = {} if layout is None else {"memory_format": layout}
        if dtype is None and not format_ and not kwargs.get("copy"):
            return moved  # type: ignore[no-any-return]
        return moved.to(dtype=dtype or moved.dtype, copy=kwargs.get("copy", False), **format_)  # type: ignore[no-any-return]


class _Leave(torch.autograd.Function):
    """The way from the card to another device, and of the gradient back."""

    @staticmethod
    def forward(context: Any, tensor: Any, device: torch.device) -> torch.Tensor:
        if device.type == "meta":
            return tensor.held.detach().to("meta")  # type: ignore[no-any-return]
        _here().note("wait", "a copy to the host")
        return tensor.held.detach().clone(memory_format=torch.preserve_format)  # type: ignore[no-any-return]

    @staticmethod
    def backward(context: Any, *gradients: Any) -> Any:
        return CardTensor(gradients[0].clone()), None


class _OnTheCard(TorchDispatchMode):
    """Sees every operation first, those too that have no tensor of the card among their arguments: tensors that are
    made there, and that go there."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        # Without gradients to record, operations that are made of others come here whole.
        if torch.is_inference_mode_enabled() and torch._C._dispatch_has_kernel_for_dispatch_key(
            func.name(), _MADE_OF_OTHERS
        ):
            with self:
                return func.decompose(*args, **kwargs)
        return _compute(func, args, kwargs)


def _compute(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Do on the CPU what was asked of the card, by the card's rules."""
    leaves = tree_leaves((args, kwargs))
    on_card = [value for value in leaves if isinstance(value, CardTensor)]
    on_host = [v for v in leaves if isinstance(v, torch.Tensor) and not isinstance(v, CardTensor) and v.is_cpu]
    asked = kwargs.get("device")
    goes_there = asked is not None and torch.device(asked).type == "cuda"
    if not on_card and not goes_there:
        return _on_the_host(func, args, kwargs)
    _check_generators(func, leaves)
    if func in _COPYING:
        _note_copy(func, args, kwargs, on_host)
    else:
        _check_meeting(func, args, on_card, on_host)
    if goes_there:
        kwargs = {**kwargs, "device": HOST, "non_blocking": False} if "non_blocking" in kwargs else {
            **kwargs, "device": HOST}  # fmt: skip
    made = _here().compute(func, tree_map(_held, args), tree_map(_held, kwargs))
    if func is aten._to_copy.default and made.data_ptr() == _held(args[0]).data_ptr():
        made = made.clone(memory_format=torch.preserve_format)
    if func is aten.copy_.default and not isinstance(args[0], CardTensor):
        return args[0]
    return return_and_correct_aliasing(func, args, kwargs, tree_map(_on_card, made))


def _held(value: Any) -> Any:
    return value.held if isinstance(value, CardTensor) else value


def _on_card(value: Any) -> Any:
    plain = isinstance(value, torch.Tensor) and not isinstance(value, CardTensor)
    return CardTensor(value) if plain else value


def _on_the_host(func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """An operation of the host alone; what it pins is remembered, for torch itself would ask the driver."""
    card = _here()
    if func is aten.is_pinned.default:
        return args[0].untyped_storage().data_ptr() in card.pinned
    if func is aten._pin_memory.default or kwargs.get("pin_memory"):
        made = args[0].clone() if func is aten._pin_memory.default else func(*args, **{**kwargs, "pin_memory": False})
        storage = made.untyped_storage()
        card.pinned[storage.data_ptr()] = storage
        return made
    return func(*args, **kwargs)


def _note_copy(func: Any, args: Any, kwargs: Any, on_host: list[torch.Tensor]) -> None:
    """A copy between host and card is waited for, but for one that is asked not to be and whose host side is pinned."""
    if not on_host:
        return
    position = 2 if func in (aten.copy_.default, aten._foreach_copy_.default) else len(args)
    patient = kwargs.get("non_blocking", args[position] if len(args) > position else False)
    pinned = all(tensor.untyped_storage().data_ptr() in _here().pinned for tensor in on_host)
    _here().note("copy" if patient and pinned else "wait", "a copy between host and card")


def _check_generators(func: Any, leaves: list[Any]) -> None:
    for value in leaves:
        if isinstance(value, torch.Generator) and value.device.type != "cuda":
            raise Refused(f"expected a 'cuda' device type for generator but found 'cpu': {func} at {_innermost_line()}")


def _check_meeting(func: Any, args: Any, on_card: list[CardTensor], on_host: list[torch.Tensor]) -> None:
    """Only single numbers and indices of the host may meet what is on the card."""
    indices = [index for index in args[1] if index is not None] if func in _INDEXING else []
    if func in _WAITING:
        _here().note("wait", func)
    if any(index.dtype in (torch.bool, torch.uint8) for index in indices):
        _here().note("wait", f"{func} by a mask")
    if any(not isinstance(index, CardTensor) for index in indices):
        _here().note("wait", f"{func} by an index of the host")
    for tensor in on_host:
        if tensor.dim() > 0 and not any(tensor is index for index in indices):
            raise Refused(
                "expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu: "
                f"{func} of {tuple(tensor.shape)} at {_innermost_line()}"
            )


def _innermost_line() -> str:
    """The innermost line at work that is neither torch's nor of this module."""
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_TORCH, __file__, "<")):
            return f"{'/'.join(file.rsplit('/', 2)[-2:])}:{frame.f_lineno}, in {frame.f_code.co_name}"
        frame = frame.f_back  # type: ignore[assignment]
    return "?"


class _Stream:
    """A stream of the card, on which all is done at once."""

    cuda_stream = 0
    device = CARD

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def wait_stream(self, stream: Any) -> None: ...
    def wait_event(self, event: Any) -> None: ...
    def record_event(self, event: Any = None) -> Any:
        return event or _CardEvent()

    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        _here().note("wait", "Stream.synchronize")

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *raised: object) -> None: ...


def capturing() -> bool:
    """Whether a graph is being captured."""
    return _here().capture is not None


_DEFAULT = _Stream()


class _OnStream:
    """Makes a stream the current one within a block."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __enter__(self) -> None:
        self._usual = _here().stream
        _here().stream = None if self._stream is _DEFAULT else self._stream

    def __exit__(self, *raised: object) -> None:
        _here().stream = self._usual


class CUDAGraph:
    """A graph, which captures what is done between its two calls and replays it."""

    room: ClassVar[int | None] = None
    """How many operations fit into its memory."""
    bytes: ClassVar[int] = 0
    """How much memory it takes."""

    def __init__(self, *args: Any) -> None:
        self._recording = Recording(self.room)

    def capture_begin(self) -> None:
        now = _here()
        if now.stream is None:
            raise RuntimeError("CUDA graphs must be captured on a non-default stream.")
        now.capture, now.generator.state.capturing = self._recording, True
        self._drawn, self._state = now.generator.get_state(), now.generator.state

    def capture_end(self) -> None:
        now = _here()
        now.capture = None
        self._recording.end()
        self._state.bytes = self._drawn
        if self._recording.broken:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")
        self._state.capturing = False
        now.reserved += self.bytes

    def replay(self) -> None:
        now = _here()
        if now.generator.state is not self._state or self._state.capturing:
            raise RuntimeError(ODD)
        now.replays += 1
        now.note("backward", "replay")
        with now.generator.drawing(capturing=False):
            self._recording.replay()


class _Graph:
    """Captures what is done within a block. As in torch, a capture that fails leaves its stream the current one."""

    def __init__(self, graph: CUDAGraph, pool: Any = None, stream: Any = None) -> None:
        self._graph, self._on = graph, _OnStream(stream)

    def __enter__(self) -> None:
        torch.cuda.synchronize()
        self._on.__enter__()
        self._graph.capture_begin()

    def __exit__(self, *raised: object) -> None:
        self._graph.capture_end()
        self._on.__exit__(*raised)


class _CardEvent:
    """An event on a stream."""

    def __init__(self, *args: Any, enable_timing: bool = False, **kwargs: Any) -> None:
        self._timing, self._recorded = enable_timing, False

    def record(self, stream: Any = None) -> None:
        if self._timing and _here().capture is not None:
            raise RuntimeError("CUDA error: operation not permitted when stream is capturing")
        self._recorded = True

    def elapsed_time(self, end: _CardEvent) -> float:
        """A millisecond, whatever lies between."""
        assert {self._timing, end._timing, self._recorded, end._recorded} == {True}
        return 1.0

    def wait(self, stream: Any = None) -> None: ...
    def query(self) -> bool:
        return True

    def synchronize(self) -> None:
        _here().note("wait", "Event.synchronize")


@contextlib.contextmanager
def card(capability: tuple[int, int] = (8, 0), free: int = 8 * GIB) -> Iterator[Card]:
    """Within the block there is a card, with `free` bytes of twice as many that nobody uses."""
    global _at_work
    # A build with CUDA asks the driver for streams when a tensor changes hands; this takes the CPU's ways, for good.
    torch._C._ensureCUDADeviceGuardSet()
    outer, _at_work = _at_work, (now := Card(free))
    try:
        with contextlib.ExitStack() as stack:
            for name, stands_in in _cuda(now, capability).items():
                stack.enter_context(mock.patch.object(torch.cuda, name, stands_in))
            _patch_torch(stack, now)
            stack.enter_context(_OnTheCard())
            yield now
    finally:
        _at_work = outer


def _cuda(now: Card, capability: tuple[int, int]) -> dict[str, Any]:
    """What stands in for the functions of torch.cuda."""
    properties = types.SimpleNamespace(
        name="Stand-in", uuid=UUID, multi_processor_count=108, total_memory=2 * now.free, major=capability[0],
        minor=capability[1],
    )  # fmt: skip
    return {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "is_initialized": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "is_current_stream_capturing": lambda: False,
        "synchronize": lambda device=None: now.note("wait", "torch.cuda.synchronize"),
        "empty_cache": lambda: None,
        "mem_get_info": lambda device=None: (now.free, 2 * now.free),
        "memory_allocated": lambda device=None: 1,
        "memory_reserved": lambda device=None: now.reserved,
        "memory_stats": lambda device=None: now.memory_stats,
        "reset_accumulated_memory_stats": lambda device=None: None,
        "max_memory_allocated": lambda device=None: 1,
        "reset_peak_memory_stats": lambda device=None: None,
        "manual_seed": now.generator.manual_seed,
        "manual_seed_all": now.generator.manual_seed,
        "get_rng_state": lambda device=None: now.generator.get_state(),
        "set_rng_state": lambda state, device=None: now.generator.set_state(state),
        "default_generators": (now.generator,),
        "get_sync_debug_mode": lambda: now.sync_debug_mode,
        "set_sync_debug_mode": lambda mode: setattr(
            now, "sync_debug_mode", ("default", "warn").index(mode) if isinstance(mode, str) else mode
        ),
        "graph_pool_handle": lambda: (0, 1),
        "CUDAGraph": CUDAGraph,
        "graph": _Graph,
        "get_device_name": lambda device=None: "Stand-in",
        "get_device_properties": lambda device=None: properties,
        "get_device_capability": lambda device=None: capability,
        "is_bf16_supported": lambda including_emulation=True: including_emulation or capability >= (8, 0),
        "Stream": _Stream,
        "Event": _CardEvent,
        "stream": _OnStream,
        "current_stream": lambda device=None: now.stream or _DEFAULT,
        "default_stream": lambda device=None: _DEFAULT,
    }


def _patch_torch(stack: contextlib.ExitStack, now: Card) -> None:
    """What knows of devices outside torch.cuda."""
    autocast, backward = torch.autocast, torch.autograd.backward
    grouped = torch._C._group_tensors_by_device_and_dtype  # type: ignore[attr-defined]

    class Autocast(autocast):  # type: ignore[misc, valid-type]
        def __init__(self, device_type: str, *args: Any, **kwargs: Any) -> None:
            super().__init__("cpu" if device_type == "cuda" else device_type, *args, **kwargs)

    def group(*args: Any, **kwargs: Any) -> Any:
        """By the device that tensors say they are on."""
        found = {}
        for (device, dtype), part in grouped(*args, **kwargs).items():
            there = any(isinstance(tensor, CardTensor) for tensors in part[0] for tensor in tensors)
            found[CARD if there else device, dtype] = part
        return found

    def passed(tensors: Any, *args: Any, **kwargs: Any) -> None:
        if not any(tensor.is_meta for tensor in tree_leaves(tensors)):  # which only counts
            now.note("backward")
        backward(tensors, *args, **kwargs)

    for name in ("_cuda_endAllocateToPool", "_cuda_releasePool"):
        stack.enter_context(mock.patch.object(torch._C, name, create=True))
    stack.enter_context(mock.patch.object(torch, "autocast", Autocast))
    stack.enter_context(mock.patch.object(torch.autograd, "backward", passed))
    stack.enter_context(mock.patch.object(torch._C, "_group_tensors_by_device_and_dtype", group))
    # torch.tensor(..., device="cuda") makes its tensor on the host, and copies it where the mode sees it.
    lifting = torch._C._only_lift_cpu_tensors()  # type: ignore[attr-defined]
    torch._C._set_only_lift_cpu_tensors(True)  # type: ignore[attr-defined]
    stack.callback(torch._C._set_only_lift_cpu_tensors, lifting)  # type: ignore[attr-defined]
    # The data of a parameter cannot come to be of another class, as those of a real device can: `.to` makes new ones.
    replacing = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    stack.callback(torch.__future__.set_overwrite_module_params_on_conversion, replacing)
