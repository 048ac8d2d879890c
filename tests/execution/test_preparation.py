"""From plan to tasks: keys cover what decides a result and nothing else; the sample is kept apart; no torch."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchsuite.api import FreezePolicy, WeightsRequest
from benchsuite.contracts.dataset import DatasetIndex
from benchsuite.errors import BenchsuiteError, DataError, PluginError
from benchsuite.execution import preparation
from benchsuite.execution.due_runs import find_due
from benchsuite.execution.fleet import Fleet
from benchsuite.execution.preparation import prepare
from benchsuite.identity import numerics, source_fingerprint
from benchsuite.sources.cache import Policy
from benchsuite.sources.digests import splits_of
from benchsuite.store.record import WeightsFacts
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import Plan
from support.engine import (
    CLASSES,
    Bench,
    TinyData,
    TinyDataParameters,
    TinyNet,
    TinyNetParameters,
    make_case,
    statuses,
    write_photos,
)
from support.synthetic import make_record


def _key(bench: Bench, seed: int = 0, **settings: Any) -> str:
    return bench.task(make_case(**settings), seed=seed).key.key


def test_keys_do_not_depend_on_order_names_or_folders(bench: Bench, tmp_path: Path) -> None:
    one, two = make_case("one"), make_case("two", epochs=2)
    keys = [task.key.key for task in bench.tasks(one, two)]
    assert [task.key.key for task in bench.tasks(two, one)] == keys[::-1]
    renamed = one.model_copy(update={"name": "other", "settings": {"recipe.epochs": 3}})
    assert [task.key.key for task in bench.tasks(renamed, suite="another")] == keys[:1]
    backwards = dict(reversed(one.recipe.parameters.items()))
    turned = one.model_copy(update={"recipe": one.recipe.model_copy(update={"parameters": backwards})})
    assert [task.key.key for task in bench.tasks(turned)] == keys[:1]
    write_photos(tmp_path / "elsewhere" / "data")
    moved = replace(bench, root=tmp_path / "elsewhere", data=tmp_path / "elsewhere" / "data")
    assert _key(moved) == keys[0]


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"data": {"image_size": 10}},
        {"data": {"flips": True}},
        {"model": {"slope": 0.2}},
        {"learning_rate": 0.02},
        {"freeze": FreezePolicy(blocks=1)},
        {"recipe": "tiny_mixing"},
    ],
    ids=str,
)
def test_whatever_decides_a_result_changes_the_key(bench: Bench, other: dict[str, Any]) -> None:
    assert _key(bench, **other) != _key(bench)


def test_other_photos_threads_torch_or_source_change_the_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [_key(bench)]
    plan = Plan(suite="tiny", cases=(make_case(),), seeds=(0,))
    threaded = prepare(plan, bench.registry, replace(bench.place, threads=2), download=False, say=print)
    keys.append(threaded.tasks[0].key.key)
    with monkeypatch.context() as patch:
        patch.setattr(numerics, "torch_build", lambda: {"version": "9.9", "cuda": None})
        keys.append(_key(bench))
    with monkeypatch.context() as patch:
        patch.setattr(preparation, "fingerprints", lambda modules: dict.fromkeys(modules, "another source"))
        keys.append(_key(bench))
    with monkeypatch.context() as patch:
        patch.setattr(source_fingerprint, "core_fingerprint", lambda: "another engine")
        keys.append(_key(bench))
    photo = next((bench.data / "tiny" / "test").iterdir())
    photo.write_bytes(photo.read_bytes() + b"0")
    keys.append(_key(bench))
    assert len(set(keys)) == len(keys)


def test_the_sample_is_a_smaller_study_in_a_folder_of_its_own(bench: Bench) -> None:
    plan = Plan(suite="tiny", cases=(make_case(),), seeds=tuple(range(9)))
    real = prepare(plan, bench.registry, bench.place, download=False, say=print)
    sample = prepare(plan, bench.registry, replace(bench.place, policy="sample"), download=False, say=print)
    assert (real.sample, sample.sample) == (False, True)
    assert (real.runs_folder, real.paper_folder) == (bench.root / "results", bench.root / "results" / "tiny")
    assert sample.runs_folder == sample.paper_folder == bench.root / "results" / "tiny@sample"
    assert (len(real.tasks), len(sample.tasks)) == (9, 2)
    assert all(task.results == sample.runs_folder for task in sample.tasks)
    assert all(task.deviations[0].kind == "synthetic sample" for task in sample.tasks)
    assert not any(found.kind == "synthetic sample" for task in real.tasks for found in task.deviations)
    assert [task.spec for task in sample.tasks] == list(sample.plan.runs)


@pytest.mark.parametrize("policy", ["real", "sample"])
@pytest.mark.parametrize("mixed", [{}, {"mixup": 0.2}, {"cutmix": 1.0}], ids=str)
def test_data_of_one_class_are_refused_before_anything_is_trained(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, mixed: dict[str, Any], policy: Policy
) -> None:
    """There is nothing to tell apart; and nothing to mix an image with."""
    several = TinyData.index

    def index(self: TinyData, params: TinyDataParameters, folder: Path) -> DatasetIndex:
        parts = (
            replace(split, labels=(0,) * len(split)) for split in splits_of(several(self, params, folder)).values()
        )
        return DatasetIndex(CLASSES[:1], *parts)

    monkeypatch.setattr(TinyData, "index", index)
    plan = Plan(suite="tiny", cases=(make_case(recipe="tiny_train", **mixed),), seeds=(0,))
    with pytest.raises(DataError, match=r"tiny_data has fewer than two classes here \(\w+\)") as caught:
        prepare(plan, bench.registry, replace(bench.place, policy=policy), download=False, say=print)
    assert "add images of another class" in str(caught.value.remedy)


def test_only_runs_without_a_finished_record_are_due(bench: Bench) -> None:
    tasks = bench.tasks(make_case(), seeds=(0, 1))
    assert find_due(tasks, statuses(tasks)) == tasks


def _pretrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the model with a gain ask for weights that no network gives, as two others do."""

    def weights(self: TinyNet, params: TinyNetParameters) -> WeightsRequest | None:
        url = "https://127.0.0.1:9/weights.pth"
        return WeightsRequest(f"gain {params.gain}", "weights.pth", url) if params.gain else None

    monkeypatch.setattr(TinyNet, "weights", weights)


def test_weights_that_are_not_here_yet_void_no_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretrained(monkeypatch)
    plan = Plan(suite="tiny", cases=(make_case("one"), make_case("two", model={"gain": 2.0})), seeds=(0, 1))
    place = replace(bench.place, policy="auto")
    planned = prepare(plan, bench.registry, place, download=False, say=print)
    made = prepare(plan, bench.registry, place, download=True, say=print)
    assert planned.absent == ("weights of tiny_net",)
    assert [task.key for task in planned.tasks] == [task.key for task in made.tasks]
    assert [task.spec for task in planned.tasks] == list(plan.runs)


def test_runs_whose_weights_are_gone_since_are_recognised(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretrained(monkeypatch)
    plan = Plan(suite="tiny", cases=(make_case("two", model={"gain": 2.0}),), seeds=(0, 1))
    for policy in ("auto", "real"):
        place = replace(bench.place, policy=policy)
        weights = place.cache / "weights" / "weights.pth"
        weights.parent.mkdir(parents=True, exist_ok=True)
        weights.write_bytes(b"pretrained")
        made = prepare(plan, bench.registry, place, download=True, say=print).tasks
        facts = WeightsFacts(
            request="gain 2.0", provenance="official", file="weights.pth", sha256=made[0].weights.sha256
        )
        for task in made[:1]:
            Store(task.results).write(make_record(task.spec, key=task.key.key, weights=facts))
        weights.unlink()
        planned = prepare(plan, bench.registry, place, download=False, say=print)
        assert planned.absent == ("weights of tiny_net",)
        assert [task.key for task in planned.tasks] == [task.key for task in made]


def test_only_runs_whose_weights_must_be_real_wait_for_them(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretrained(monkeypatch)
    plan = Plan(suite="tiny", cases=(make_case("one"), make_case("two", model={"gain": 2.0})), seeds=(0, 1))
    planned = prepare(plan, bench.registry, bench.place, download=False, say=print)
    assert [task.spec.case.name for task in planned.tasks] == ["one", "one"]
    assert not planned.ready


@pytest.mark.parametrize("axis", ["seeds", "cases"])
def test_what_runs_share_is_found_once(bench: Bench, monkeypatch: pytest.MonkeyPatch, axis: str) -> None:
    """Calls are counted, not seconds: only what is a run's own may be done for every run."""
    calls: Counter[str] = Counter()

    def count(owner: Any, name: str) -> None:
        original = getattr(owner, name)

        def counted(*given: Any, **named: Any) -> Any:
            calls[name] += 1
            return original(*given, **named)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in (
        (preparation, "machine_facts"),
        (preparation, "locate_data"),
        (preparation, "locate_weights"),
        (preparation, "fingerprints"),
        (preparation, "component_fields"),
        (preparation, "case_fields"),
        (preparation, "run_key"),
    ):
        count(owner, name)
    case = make_case()
    twins = [case.model_copy(update={"name": f"case {number}"}) for number in range(40)]
    plan = Plan(
        suite="tiny", cases=tuple(twins[:1] if axis == "seeds" else twins), seeds=range(40) if axis == "seeds" else (0,)
    )
    prepare(plan, bench.registry, bench.place, download=False, say=print)
    assert calls == {
        "machine_facts": 1,
        "locate_data": 1,
        "locate_weights": 1,
        "fingerprints": 1,
        "component_fields": 3,
        "case_fields": len(plan.cases),
        "run_key": 40,
    }


@pytest.mark.parametrize(
    ("settings", "component"),
    [
        ({"data": {"fault": "find"}}, "the dataset tiny_data"),
        ({"data": {"fault": "index"}}, "the dataset tiny_data"),
        ({"model": {"fault": "weights"}}, "the model tiny_net"),
    ],
)
def test_a_plugin_that_raises_while_planning_is_named(bench: Bench, settings: dict[str, Any], component: str) -> None:
    with pytest.raises(PluginError, match=f"{component} raised ZeroDivisionError: a fault in") as caught:
        bench.task(make_case(**settings))
    assert caught.value.where is not None
    assert caught.value.where.startswith("tiny-plugin 1.0, support.engine, line")
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_missing_data_are_refused_when_only_real_ones_will_do(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        replace(bench, data=tmp_path / "empty").task()


def test_an_unknown_component_is_a_user_error(bench: Bench) -> None:
    with pytest.raises(BenchsuiteError, match="tiny_recipes"):
        bench.task(make_case(recipe="tiny_recipes"))


def test_preparing_imports_no_torch(bench: Bench, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from support.engine import *\n"
        f"bench = Bench(Path({str(tmp_path)!r}), Path({str(bench.data)!r}), registry_with())\n"
        "import benchsuite.execution.worker_pool, benchsuite.execution.executors\n"
        "assert bench.task().key.key\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("faults", "device", "expected"),
    [
        (("Tesla P100: no kernel image",), "auto", [("cuda unusable", "Tesla P100: no kernel image")]),
        ((), "auto", [("no cuda", "")]),
        (("Tesla P100: no kernel image",), "cpu", []),
    ],
)
def test_a_card_that_cannot_be_used_is_a_deviation_where_nobody_asked_for_the_cpu(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, faults: tuple[str, ...], device: Any, expected: list[tuple[str, str]]
) -> None:
    monkeypatch.setattr(numerics, "usable_gpus", lambda: ())
    monkeypatch.setattr(numerics, "faults", lambda: faults)
    plan = Plan(suite="tiny", cases=(make_case(),), seeds=(0,))
    (task,) = prepare(plan, bench.registry, replace(bench.place, device=device), download=False, say=print).tasks
    told = [(one.kind, one.detail or "") for one in task.deviations if "cuda" in one.kind]
    assert told == expected


def test_the_runs_of_a_seed_have_the_numerics_of_its_kind_of_machine(bench: Bench) -> None:
    plan = Plan(suite="tiny", cases=(make_case("one"), make_case("two", learning_rate=0.02)), seeds=(0, 1, 2))
    here = numerics.machine_facts("cpu").kind()
    other = here.model_copy(update={"processor": "another processor"})
    fleet = Fleet(kinds=(here, other), slots=(1, 1), seeds={1: 1})
    made = prepare(plan, bench.registry, replace(bench.place, fleet=fleet), download=False, say=print)
    plain = prepare(plan, bench.registry, bench.place, download=False, say=print)
    processors = {(task.spec.case.name, task.spec.seed): task.numerics.device_name for task in made.tasks}
    assert {seed: {processors[case, seed] for case in ("one", "two")} for seed in plan.seeds} == {
        0: {here.processor}, 1: {"another processor"}, 2: {here.processor}
    }  # fmt: skip
    for task, usual in zip(made.tasks, plain.tasks, strict=True):
        assert (task.key.key == usual.key.key) == (task.spec.seed != 1)
        assert task.key.fields["numerics"]["device_name"] == task.numerics.device_name
    moved = replace(bench.place, fleet=fleet.model_copy(update={"kinds": (other, here)}))
    assert {task.numerics.device_name for task in prepare(
        plan, bench.registry, moved, download=False, say=print
    ).tasks if task.spec.seed == 1} == {here.processor}  # fmt: skip
