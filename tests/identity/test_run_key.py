from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from benchsuite.api import Parameters
from benchsuite.identity.canonical import digest
from benchsuite.identity.run_key import (
    ABSENT,
    DATA,
    FOLDER,
    Role,
    RunKey,
    case_fields,
    component_fields,
    keyed_parameters,
    run_key,
)
from benchsuite.suite.cases.plan import RunSpec
from support.synthetic import make_case, make_numerics


class Weighted(Parameters):
    depth: int = 18
    weights: Literal["imagenet1k_v1", "none"] | Path = "imagenet1k_v1"


class Nested(Parameters):
    inner: Weighted = Weighted()
    files: tuple[Path, ...] = ()
    rates: Mapping[str, float] = Field(default_factory=dict)


class Anything(BaseModel):
    model_config = ConfigDict(extra="allow")


def key_of(spec: RunSpec, **changes: Any) -> RunKey:
    facts: dict[str, Any] = {
        "data_fingerprint": "d",
        "weights_fingerprint": "w",
        "code": {"benchsuite.engine": "e"},
        "numerics": make_numerics(),
    }
    roles: tuple[Role, ...] = ("dataset", "model", "recipe")
    components = {role: component_fields(role, getattr(spec.case, role), Anything) for role in roles}
    return run_key(case_fields(components, **(facts | changes)), spec.seed)


def make_spec(seed: int = 0, **recipe: Any) -> RunSpec:
    return RunSpec(suite="beans_freeze", case=make_case(0, **recipe), seed=seed)


def test_a_key_is_32_hexadecimal_digits_of_the_hash_of_its_fields() -> None:
    made = key_of(make_spec())
    assert made.key == digest(made.fields)[:32]
    assert digest(json.loads(json.dumps(made.fields)))[:32] == made.key


def test_names_of_suite_and_case_and_versions_do_not_count() -> None:
    spec = make_spec()
    model = spec.case.model.model_copy(update={"version": "9.9"})
    case = spec.case.model_copy(update={"name": "another name", "settings": {}, "model": model})
    assert key_of(RunSpec(suite="another", case=case, seed=0)) == key_of(spec)


def test_the_order_of_parameters_does_not_count() -> None:
    spec = make_spec()
    turned = spec.case.recipe.model_copy(update={"parameters": dict(reversed(spec.case.recipe.parameters.items()))})
    assert key_of(RunSpec(suite="s", case=spec.case.model_copy(update={"recipe": turned}), seed=0)).key == (
        key_of(spec).key
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"data_fingerprint": "other"},
        {"weights_fingerprint": "other"},
        {"code": {"benchsuite.engine": "other"}},
        {"code": {"benchsuite.engine": "e", "more": "m"}},
        {"libraries": {"timm": "1.0.3"}},
        *({"numerics": make_numerics(**change)} for change in (
            {"device_name": "other"}, {"capability": "AVX2"}, {"torch": "2.11.0"}, {"torchvision": "0.26.0"},
            {"numpy": "2.0.0"}, {"pillow": "11.0.0"}, {"threads": 1}, {"precision": "bf16"}, {"driver": "1"},
            {"cuda": "12.8"}, {"cudnn": "9"}, {"deterministic": False}, {"device": "cuda"},
        )),
    ],
)  # fmt: skip
def test_everything_that_decides_the_result_counts(changes: dict[str, Any]) -> None:
    assert key_of(make_spec(), **changes).key != key_of(make_spec()).key


def test_seed_parameters_and_components_count() -> None:
    spec = make_spec()
    other_model = spec.case.model_copy(update={"model": spec.case.model.model_copy(update={"distribution": "x"})})
    specs = [spec, make_spec(seed=1), make_spec(learning_rate=0.001), make_spec(batch_size=32)]
    specs.append(RunSpec(suite="beans_freeze", case=other_model, seed=0))
    assert len({key_of(one).key for one in specs}) == len(specs)


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_seeds_share_a_key_only_if_they_are_equal(a: int, b: int) -> None:
    assert (key_of(make_spec(seed=a)).key == key_of(make_spec(seed=b)).key) == (a == b)


def test_of_a_file_only_the_content_counts(tmp_path: Path) -> None:
    here, there, other = tmp_path / "a.pth", tmp_path / "sub" / "b.pth", tmp_path / "c.pth"
    there.parent.mkdir()
    here.write_bytes(b"weights")
    there.write_bytes(b"weights")
    other.write_bytes(b"others!")
    found = [keyed_parameters(Weighted, {"depth": 18, "weights": str(path)}) for path in (here, there, other)]
    assert found[0] == found[1] != found[2]
    assert found[0]["weights"].startswith("sha256:")
    assert str(tmp_path) not in json.dumps(found)


def test_the_place_of_the_data_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    places = [str(tmp_path / "here"), str(tmp_path / "gone"), "relative/to/something"]
    found = [keyed_parameters(Weighted, {"depth": 18, "weights": place}, DATA) for place in places]
    assert found == [{"depth": 18, "weights": DATA}] * 3


def test_a_file_that_changes_in_place_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.pth"
    file.write_bytes(b"one")
    before = keyed_parameters(Weighted, {"weights": str(file)})
    file.write_bytes(b"other")
    assert keyed_parameters(Weighted, {"weights": str(file)}) != before


def test_a_name_is_no_path_even_where_a_path_could_stand() -> None:
    assert keyed_parameters(Weighted, {"weights": "none"}) == {"depth": 18, "weights": "none"}


def test_paths_are_found_wherever_they_are_nested(tmp_path: Path) -> None:
    parameters = {
        "inner": {"depth": 18, "weights": str(tmp_path / "gone.pth")},
        "files": [str(tmp_path)],
        "rates": {"a": 0.5},
    }
    assert keyed_parameters(Nested, parameters) == {
        "inner": {"depth": 18, "weights": ABSENT},
        "files": [FOLDER],
        "rates": {"a": 0.5},
    }
