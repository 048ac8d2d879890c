"""Building from a seed, and weights files: what is loaded, and what is refused with which words."""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from benchsuite.contracts.model import Task
from benchsuite.contracts.recipe import FreezePolicy
from benchsuite.engine.diagnostics.profile import model_facts
from benchsuite.engine.network import freeze
from benchsuite.engine.network.build import Network, build, read_state, weights_hash
from benchsuite.engine.network.feature_cache import cut
from benchsuite.errors import PluginError, WeightsError
from benchsuite.sources.weights import LocatedWeights
from support.engine import CLASSES, TinyNet, TinyNetParameters

SHAPE = Task(len(CLASSES), 12, 12)


def _build(seed: int = 0, weights: Path | None = None, model: TinyNet | None = None, **params: Any) -> Network:
    start = LocatedWeights("own", weights, None, "unofficial copy", "") if weights else None
    return build(model or TinyNet(), TinyNetParameters(**params), SHAPE, seed, start)


def _hash(network: Network) -> str:
    return weights_hash(network.module.state_dict())


def test_the_seed_alone_decides_the_initial_weights() -> None:
    torch.manual_seed(1)
    one = _hash(_build())
    torch.manual_seed(2)
    state = torch.get_rng_state()
    assert _hash(_build()) == one
    assert torch.equal(torch.get_rng_state(), state)
    assert _hash(_build(seed=1)) != one


def test_what_the_network_is_varied_in_does_not_change_the_rest() -> None:
    plain, dropping = _build().module.state_dict(), _build(dropout=0.5, slope=0.3).module.state_dict()
    assert weights_hash(plain) == weights_hash(dropping)


def _state(seed: int = 9) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in _build(seed).module.state_dict().items()}


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_are_loaded_into_all_but_the_head(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"own{suffix}"
    save_file(_state(), file) if suffix == ".safetensors" else torch.save({"state_dict": _state()}, file)
    given, fresh, built = _state(), _build().module.state_dict(), _build(weights=file).module.state_dict()
    for name, tensor in built.items():
        assert torch.equal(tensor, (fresh if name.startswith("head") else given)[name]), name


class AsksForItsModule(TinyNet):
    """Its file calls things otherwise, and has them in the module's order."""

    def adapt(self, params: Any, state: dict[str, Any], module: Any = None) -> dict[str, Any]:
        own = module.state_dict()
        given = dict(zip(own, state.values(), strict=True))
        return {name: tensor for name, tensor in given.items() if not name.startswith("head")}


def test_a_model_may_take_names_from_its_module(tmp_path: Path) -> None:
    state = _state()
    torch.save({f"theirs_{number}": tensor for number, tensor in enumerate(state.values())}, tmp_path / "theirs.pth")
    built = _build(weights=tmp_path / "theirs.pth", model=AsksForItsModule()).module.state_dict()
    assert all(torch.equal(built[name], state[name]) for name in state if not name.startswith("head"))


def test_half_precision_weights_become_single_precision(tmp_path: Path) -> None:
    torch.save({name: t.half() if t.is_floating_point() else t for name, t in _state().items()}, tmp_path / "half.pth")
    built = _build(weights=tmp_path / "half.pth").module.state_dict()
    assert built["stem.0.weight"].dtype == torch.float32
    assert torch.equal(built["stem.0.weight"], _state()["stem.0.weight"].half().float())


def test_weights_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    state = _state()
    del state["block2.0.bias"]
    state["stem.0.weight"] = torch.zeros(6, 3, 5, 5)
    state["layer9.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "other.pth")
    with pytest.raises(WeightsError) as caught:
        _build(weights=tmp_path / "other.pth")
    for part in (
        "missing: block2.0.bias",
        "unexpected: layer9.weight",
        "stem.0.weight is (6, 3, 5, 5), not (6, 3, 3, 3)",
    ):
        assert part in caught.value.what
    assert caught.value.where == str(tmp_path / "other.pth")


class _Mischief:
    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.file),)


@pytest.mark.parametrize("save", [torch.save, lambda value, file: file.write_bytes(pickle.dumps(value, protocol=2))])
def test_a_pickle_that_runs_code_is_refused_and_does_not_run(tmp_path: Path, save: Any) -> None:
    save({"weight": _Mischief(tmp_path / "ran")}, tmp_path / "evil.pth")
    with pytest.raises(WeightsError, match="run code") as caught:
        read_state(tmp_path / "evil.pth")
    assert not (tmp_path / "ran").exists()
    assert caught.value.remedy


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    torch.save(_state(), tmp_path / "whole.pth")
    save_file(_state(), tmp_path / "whole.safetensors")
    for name in ("whole.pth", "whole.safetensors"):
        whole = (tmp_path / name).read_bytes()
        for content in (whole[: len(whole) // 2], b"", b"<html>not found</html>"):
            file = tmp_path / f"damaged{Path(name).suffix}"
            file.write_bytes(content)
            with pytest.raises(WeightsError, match=r"cannot be read|something else|run code"):
                read_state(file)


def _shielded(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {prefix + name: tensor for name, tensor in state.items()}


@pytest.mark.parametrize(
    ("saved", "said"),
    [
        (lambda s: _shielded(s, "module."), ["'module.'"]),
        (lambda s: _shielded(s, "_orig_mod.module."), ["'_orig_mod.'", "'module.'"]),
        (lambda s: {"model": s, "optimizer": {"lr": 0.1}, "epoch": 3}, ["'model'"]),
        (lambda s: {"epoch": 3, "model_state_dict": _shielded(s, "module.")}, ["'model_state_dict'", "'module.'"]),
        (
            lambda s: {"pytorch-lightning_version": "2.4.0", "state_dict": _shielded(s, "net."), "loops": {}},
            ["'state_dict'", "'net.'"],
        ),
    ],
)
def test_wrapped_weights_are_unwrapped_and_it_is_said(tmp_path: Path, saved: Any, said: list[str]) -> None:
    torch.save(saved(_state()), tmp_path / "wrapped.ckpt")
    built = _build(weights=tmp_path / "wrapped.ckpt")
    assert torch.equal(built.module.state_dict()["stem.0.weight"], _state()["stem.0.weight"])
    assert len(built.remarks) == len(said)
    for remark, part in zip(built.remarks, said, strict=True):
        assert remark.startswith("wrapped.ckpt: ")
        assert part in remark


def test_plain_weights_need_no_remark_and_a_prefix_of_no_wrapper_stays(tmp_path: Path) -> None:
    torch.save(_state(), tmp_path / "plain.pth")
    assert _build(weights=tmp_path / "plain.pth").remarks == ()
    torch.save(_shielded(_state(), "other."), tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"unexpected: other\."):
        _build(weights=tmp_path / "other.pth")


def test_the_content_decides_the_format_not_how_the_name_ends(tmp_path: Path) -> None:
    save_file(_state(), tmp_path / "own.SAFETENSORS")
    save_file(_state(), tmp_path / "own.pth")
    torch.save(_state(), tmp_path / "own.safetensors")
    for file in tmp_path.iterdir():
        assert read_state(file).keys() == _state().keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.fill_(float("nan")), "not finite: stem.0.weight"),
        (lambda t: t.fill_(float("inf")), "not finite: stem.0.weight"),
        (lambda t: t.to(torch.int8), "no real numbers: stem.0.weight is int8"),
    ],
)
def test_weights_that_are_no_numbers_to_start_from_are_refused(tmp_path: Path, change: Any, said: str) -> None:
    state = _state()
    torch.save({**state, "stem.0.weight": change(state["stem.0.weight"])}, tmp_path / "odd.pth")
    with pytest.raises(WeightsError) as caught:
        _build(weights=tmp_path / "odd.pth")
    assert said in caught.value.what


def test_a_pickled_object_is_named_and_the_remedy_says_how_to_save_tensors(tmp_path: Path) -> None:
    torch.save(_build().module, tmp_path / "whole.pt")
    with pytest.raises(WeightsError) as caught:
        read_state(tmp_path / "whole.pt")
    assert "torch.nn.modules.container.Sequential" in caught.value.what
    assert "state dict alone" in (caught.value.remedy or "")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("content", [bytes(512), bytes(range(256)), b"\x08\x07\x12\x07pytorch:", b"hola"])
def test_a_file_of_something_else_is_not_said_to_hold_objects(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "junk.pth").write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        read_state(tmp_path / "junk.pth")
    assert "cannot be read" in caught.value.what
    assert "weights_only=False" not in (caught.value.remedy or "")


def test_torchscript_is_told_how_to_become_weights(tmp_path: Path) -> None:
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.zeros(1, 2)), tmp_path / "scripted.pt")
    with pytest.raises(WeightsError) as caught:
        read_state(tmp_path / "scripted.pt")
    assert "torch.jit.load" in (caught.value.remedy or "")


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, {1: torch.zeros(1)}])
def test_what_is_no_state_dict_is_refused(tmp_path: Path, value: object) -> None:
    torch.save(value, tmp_path / "odd.pth")
    with pytest.raises(WeightsError, match="something else"):
        read_state(tmp_path / "odd.pth")


def test_the_hash_covers_names_types_shapes_and_bytes_but_not_layout_or_order() -> None:
    a, b = torch.arange(16.0).reshape(1, 2, 2, 4), torch.ones(3)
    known = weights_hash({"a": a, "b": b})
    assert weights_hash({"b": b, "a": a.contiguous(memory_format=torch.channels_last)}) == known
    changed: list[Mapping[str, Tensor]] = [
        {"a": a, "c": b},
        {"a": a, "b": b.view(torch.int32)},
        {"a": a.reshape(2, 2, 2, 2), "b": b},
        {"a": a, "b": b * (1 + 2**-23)},
        {"a": a},
    ]
    hashes = [weights_hash(state) for state in changed]
    assert len({known, *hashes}) == len(changed) + 1


class _Sharing(TinyNet):
    def stages(self, module: Any) -> Mapping[str, nn.Module]:
        parts = dict(module.named_children())
        return {**parts, "block2": nn.Sequential(parts["block1"], parts["block2"])}


class _Leaving(TinyNet):
    def stages(self, module: Any) -> Mapping[str, nn.Module]:
        return {name: part for name, part in module.named_children() if name != "block2"}


@pytest.mark.parametrize(("model", "said"), [(_Sharing(), "share parameters"), (_Leaving(), "lies in no stage")])
def test_stages_that_share_or_leave_out_parameters_are_refused(model: TinyNet, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        _build(model=model)


class _Thousand(TinyNet):
    def build(self, params: TinyNetParameters, task: Task) -> Any:
        return super().build(params, Task(1000, task.height, task.width))


class _Backwards(TinyNet):
    def stages(self, module: Any) -> Mapping[str, nn.Module]:
        return dict(reversed(list(module.named_children())))


@pytest.mark.parametrize(("model", "said"), [(_Thousand(), "shape (1, 1000)"), (_Backwards(), "fails: RuntimeError")])
def test_stages_that_give_no_logits_of_the_classes_are_refused(model: TinyNet, said: str) -> None:
    network = _build(model=model)
    frozen = freeze.resolve(FreezePolicy(), network.stages)
    with pytest.raises(PluginError) as caught:
        model_facts(network, frozen, cut(network, frozen, True), SHAPE)
    assert said in caught.value.what
    assert caught.value.where is not None
    assert "tiny_net" in caught.value.where


def test_weights_that_were_replaced_since_they_were_hashed_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "own.pth"
    torch.save(_build().module.state_dict(), file)
    hashed = hashlib.sha256(file.read_bytes()).hexdigest()
    params = TinyNetParameters()
    build(TinyNet(), params, SHAPE, 0, LocatedWeights("own", file, hashed, "unofficial copy", ""))
    torch.save(_build(seed=1).module.state_dict(), file)
    with pytest.raises(WeightsError, match="changed since the study was planned") as caught:
        build(TinyNet(), params, SHAPE, 0, LocatedWeights("own", file, hashed, "unofficial copy", ""))
    assert str(file) in str(caught.value)
