"""The rules of every component are kept by a sound one, and broken by one that breaks them."""

from __future__ import annotations

import importlib
import os
import random
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pytest
from PIL import ImageFile
from pydantic import AfterValidator, ConfigDict, Field

import support.contract
from benchsuite.api import DatasetCard, Parameters
from benchsuite.testing.harness.component_source import Declared
from benchsuite.testing.harness.outcomes import Broken, Inapplicable
from benchsuite.testing.rules.component import RULES
from support.contract import Dots, DotsParameters, check

pytestmark = pytest.mark.slow


def with_parameters(parameters: type[Parameters]) -> type[Dots]:
    return type(
        "Dots", (Dots,), {"Parameters": parameters, "__module__": __name__, "__qualname__": parameters.__name__}
    )


class Doubling(DotsParameters):
    """Doubles what it is given."""

    margin: Annotated[int, Field(ge=0, le=10**6), AfterValidator(lambda value: 2 * value)] = 3
    """Pixels."""


class WrongSchema(DotsParameters):
    """Tells editors something else than it accepts."""

    margin: int = Field(default=3, ge=0, json_schema_extra={"maximum": 1})
    """Pixels."""


class Inner(Parameters):
    """Takes anything."""

    model_config = ConfigDict(extra="ignore")

    margin: int = Field(default=3, ge=0)
    """Pixels."""


class Open(DotsParameters):
    """Takes anything itself."""

    model_config = ConfigDict(extra="ignore")


class OpenInside(DotsParameters):
    """Takes anything below."""

    inner: Inner = Inner()
    """More."""


class Silent(DotsParameters):
    """Says nothing of its margin."""

    margin: int = Field(default=3, ge=0)


class Unbounded(DotsParameters):
    """Any margin will do."""

    margin: int = 3
    """Pixels."""

    titles: tuple[str, ...] = ()
    """What to write."""


class Bounded(DotsParameters):
    """Every way of limiting a value."""

    margin: int | None = Field(default=None, ge=0)
    """Pixels."""

    titles: tuple[Annotated[str, Field(max_length=9)], ...] = ()
    """What to write."""

    place: Path | None = None
    """Where."""


class Labelled(DotsParameters):
    """Has a name for people in one language."""

    labels: ClassVar[Mapping[str, Mapping[str, str]]] = {"es": {"image_size": "Lado"}}


class Mislabelled(DotsParameters):
    """Names what it does not have."""

    labels: ClassVar[Mapping[str, Mapping[str, str]]] = {"en": {"image_sise": "Side"}}


class WrongSmoke(Dots):
    def smoke(self, params: Any) -> Mapping[str, Any]:
        return {"image_sise": 8}


class TrialTooSmall(Dots):
    def smoke(self, params: Any) -> Mapping[str, Any]:
        return {"image_size": 2}


class WithCard(Dots):
    bibtex = ""

    def card(self, params: Any) -> DatasetCard:
        sound = super().card(params)
        return DatasetCard(**{**vars(sound), "bibtex": self.bibtex})


class BrokenBibtex(WithCard):
    bibtex = "@misc{dots,\n title = {Dots}\n year = 2020}"


class NothingCited(WithCard):
    pass


class Own(WithCard):
    origin = "own"


class Seeding(Dots):
    def card(self, params: Any) -> DatasetCard:
        np.random.seed(0)
        return super().card(params)


class Drawing(Dots):
    def sample(self, params: Any, folder: Path) -> None:
        random.random()
        super().sample(params, folder)


class Exporting(Dots):
    def preprocessing(self, params: Any) -> Any:
        os.environ["OMP_NUM_THREADS"] = "17"
        return super().preprocessing(params)


class Patching(Dots):
    def index(self, params: Any, folder: Path) -> Any:
        import torch

        torch.relu = abs
        return super().index(params, folder)


class Defaulting(Dots):
    def index(self, params: Any, folder: Path) -> Any:
        import torch

        torch.set_default_dtype(torch.float64)
        return super().index(params, folder)


class Filtering(Dots):
    def card(self, params: Any) -> DatasetCard:
        warnings.filterwarnings("ignore", message="of dots")
        return super().card(params)


class Importing(Dots):
    """Imports a library that sets a filter of warnings."""

    def card(self, params: Any) -> DatasetCard:
        importlib.import_module("noisy_library")
        return super().card(params)


class FilteringToo(Importing):
    def card(self, params: Any) -> DatasetCard:
        warnings.filterwarnings("ignore", message="of dots")
        return super().card(params)


BROKEN: list[tuple[str, type[Dots], str]] = [
    ("labels-name", with_parameters(Mislabelled), "there is no parameter image_sise"),
    ("parameters-survive", with_parameters(Doubling), "JSON turns "),
    (
        "parameters-schema",
        with_parameters(WrongSchema),
        "its own schema refuses the parameters: $.margin: 3 is greater",
    ),
    ("unknown-refused", with_parameters(Open), "'no_such_parameter' was accepted without a word"),
    ("unknown-refused", with_parameters(OpenInside), "models that accept any name: Inner"),
    ("parameters-described", with_parameters(Silent), "without a description: Silent.margin"),
    ("parameters-bounded", with_parameters(Unbounded), "Unbounded.margin (a number), Unbounded.titles (a text)"),
    ("smoke-valid", WrongSmoke, "image_sise"),
    ("smoke-valid", TrialTooSmall, "'image_size': 2"),
    ("bibtex-reads", BrokenBibtex, "line 3, column 2"),
    ("bibtex-reads", NothingCited, "it is empty"),
    ("process-untouched", Seeding, "card() changes numpy's generator"),
    ("process-untouched", Drawing, "sample() changes random's generator"),
    ("process-untouched", Exporting, "preprocessing() changes the environment (OMP_NUM_THREADS)"),
    ("process-untouched", Patching, "index() changes torch's functions (torch.relu)"),
    ("process-untouched", Filtering, "card() changes the warnings filters"),
    ("process-untouched", FilteringToo, "card() changes the warnings filters"),
    ("process-untouched", Defaulting, "index() changes the default dtype, from torch.float32 to torch.float64"),
]


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What the broken ones change is set back."""
    import torch

    monkeypatch.setattr(torch, "relu", torch.relu)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with warnings.catch_warnings():
        yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture(autouse=True)
def _library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that nobody has imported yet; the first import sets a filter of warnings."""
    home = tmp_path / "library"
    home.mkdir()
    (home / "noisy_library.py").write_text("import warnings\nwarnings.filterwarnings('ignore', message='of its own')\n")
    monkeypatch.syspath_prepend(str(home))
    monkeypatch.delitem(sys.modules, "noisy_library", raising=False)


@pytest.mark.parametrize("rule", [rule.id for rule in RULES])
def test_a_sound_component_keeps_the_rule(rule: str, tmp_path: Path) -> None:
    check(Dots, rule, tmp_path)


def test_decoding_is_not_blamed_for_what_a_library_of_pages_switched_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    check(Dots, "process-untouched", tmp_path)


@pytest.mark.parametrize(("rule", "component", "words"), BROKEN, ids=[f"{r}-{c.__qualname__}" for r, c, _ in BROKEN])
def test_a_component_that_breaks_the_rule_is_caught(
    rule: str, component: type[Dots], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Declared, "_module", lambda self: type("Module", (), {component.__qualname__: component}))
    with pytest.raises(Broken) as caught:
        check(component, rule, tmp_path)
    assert words in str(caught.value)


def test_a_module_that_imports_torch_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "heavy_plugin.py").write_text(
        "import torch\nfrom support.contract import Dots\nclass Heavy(Dots): pass\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    import heavy_plugin  # type: ignore[import-not-found]

    with pytest.raises(Broken, match="a new process that imports heavy_plugin has torch loaded"):
        check(heavy_plugin.Heavy, "imports-light", tmp_path)


def test_a_module_that_changes_the_process_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import numpy\nfrom support.contract import Dots\nnumpy.random.seed(0)\nclass Seeding(Dots): pass\n"
    (tmp_path / "seeding_plugin.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    import seeding_plugin  # type: ignore[import-not-found]

    with pytest.raises(Broken, match="importing it changes numpy's generator"):
        check(seeding_plugin.Seeding, "process-untouched", tmp_path)


def test_what_a_library_sets_when_it_is_first_imported_is_not_the_components_doing(tmp_path: Path) -> None:
    check(Importing, "process-untouched", tmp_path)
    assert "noisy_library" in sys.modules


@pytest.mark.slow
def test_the_first_photo_that_a_process_decodes_is_not_the_components_doing(tmp_path: Path) -> None:
    """Whatever other tests have decoded here before."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom support.contract import Dots, check\n"
        "if __name__ == '__main__':\n    check(Dots, 'process-untouched', Path(sys.argv[1]))\n"
    )
    script = tmp_path / "first.py"
    script.write_text(program)
    environment = {**os.environ, "PYTHONPATH": str(Path(support.contract.__file__).parents[1])}
    subprocess.run([sys.executable, script, tmp_path / "own"], check=True, env=environment)


def test_a_label_that_a_language_lacks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(Dots, "labels-name", tmp_path) == "0 labels"
    component = with_parameters(Labelled)
    monkeypatch.setattr(Declared, "_module", lambda self: type("Module", (), {component.__qualname__: component}))
    told = check(component, "labels-name", tmp_path)
    assert told == "printed as they stand in the suite: image_size in English"


def test_every_rule_is_broken_by_something() -> None:
    assert {*(rule for rule, _, _ in BROKEN), "imports-light"} == {rule.id for rule in RULES}


def test_every_way_of_limiting_a_value_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    component = with_parameters(Bounded)
    monkeypatch.setattr(Declared, "_module", lambda self: type("Module", (), {"Bounded": component}))
    for rule in ("parameters-bounded", "parameters-survive", "parameters-schema", "unknown-refused"):
        check(component, rule, tmp_path / rule)


def test_own_photos_have_nothing_to_cite(tmp_path: Path) -> None:
    with pytest.raises(Inapplicable):
        check(Own, "bibtex-reads", tmp_path)
