from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from benchsuite.identity import key_diff
from benchsuite.identity.canonical import digest
from benchsuite.identity.key_diff import Explanation, differences
from benchsuite.identity.run_key import RunKey
from benchsuite.store.record import RunRecord
from benchsuite.suite.cases.plan import RunSpec
from support.synthetic import make_case, make_record

SPEC = RunSpec(suite="beans_freeze", case=make_case(3), seed=2)


def wanted(**changes: Any) -> RunKey:
    fields = dict(make_record(SPEC).key_fields)
    fields["numerics"] = dict(fields["numerics"])
    fields["code"] = dict(fields["code"])
    for path, value in changes.items():
        place = fields
        *parents, last = path.split("__")
        for parent in parents:
            place = place[parent]
        place[last] = value
    return RunKey(key=digest(fields)[:32], fields=fields)


def stored(**changes: Any) -> RunRecord:
    made = wanted(**changes)
    return make_record(SPEC, key=made.key, key_fields=made.fields)


def explain(wanted: RunKey, known: Iterable[RunRecord], *, spec: RunSpec) -> Explanation:
    (found,) = key_diff.explain([(spec, wanted)], known)
    return found


def test_a_run_without_a_relative_was_never_run() -> None:
    others = [make_record(blocks=3, seed=1), make_record(blocks=2, seed=2)]
    found = explain(wanted(), others, spec=SPEC)
    assert (found.status, found.due, found.compared_with) == ("never run", True, None)


def test_a_run_of_a_suite_that_was_renamed_is_compared_with_what_it_was() -> None:
    renamed = RunSpec(suite="hojas", case=SPEC.case, seed=SPEC.seed)
    found = explain(wanted(numerics__torch="2.15.0"), [stored()], spec=renamed)
    assert found.reasons == ("numerics.torch: 2.14.1+cu130 -> 2.15.0",)
    other = SPEC.case.model_copy(update={"model": SPEC.case.model.model_copy(update={"name": "vgg16"})})
    case = RunSpec(suite="hojas", case=other, seed=SPEC.seed)
    assert explain(wanted(numerics__torch="2.15.0"), [stored()], spec=case).status == "never run"


def test_a_run_with_a_finished_record_of_its_key_is_done() -> None:
    found = explain(wanted(), [stored(numerics__threads=1), stored()], spec=SPEC)
    assert (found.status, found.due) == ("done", False)


def test_a_failed_run_is_due_with_the_failures_message() -> None:
    record = make_record(SPEC, failed=True, key=wanted().key)
    found = explain(wanted(), [record], spec=SPEC)
    assert (found.status, found.due) == ("failed", True)
    assert str(found) == "failed: the training loss became NaN in epoch 3"


def test_a_changed_version_is_told_with_both_values() -> None:
    found = explain(wanted(numerics__torch="2.15.0"), [stored()], spec=SPEC)
    assert found.status == "changed"
    assert found.reasons == ("numerics.torch: 2.14.1+cu130 -> 2.15.0",)


def test_changed_data_weights_and_code_are_told_in_words() -> None:
    found = explain(
        wanted(data="x", weights="random", **{"code__benchsuite.engine": "y", "code__new_plugin": "z"}),
        [stored()],
        spec=SPEC,
    )
    assert [reason.split(":")[0] for reason in found.reasons] == ["code", "code", "data", "weights"]
    assert "benchsuite.engine changed" in found.reasons[0]
    assert "new_plugin is new" in found.reasons[1]


def test_the_record_with_the_fewest_differences_is_compared() -> None:
    near = stored(numerics__threads=1)
    far = stored(numerics__threads=1, numerics__numpy="1.26", data="old")
    for known in ([near, far], [far, near]):
        found = explain(wanted(), known, spec=SPEC)
        assert found.compared_with == near.key
        assert found.reasons == ("numerics.threads: 1 -> 2",)


def test_parameters_are_named_as_in_the_suite() -> None:
    old, new = make_record(SPEC).key_fields, make_record(SPEC.model_copy(update={"case": make_case(2)})).key_fields
    assert differences(old, new) == ("recipe.freeze.blocks: 3 -> 2",)


def test_fields_that_come_and_go_and_types_are_told() -> None:
    assert differences({"a": 1, "b": True}, {"c": None, "b": 1}) == (
        "a: 1 -> (absent)",
        "b: True -> 1",
        "c: (absent) -> none",
    )
