from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchsuite.errors import PluginError
from benchsuite.identity import source_fingerprint as fingerprinting
from benchsuite.identity.source_fingerprint import component_fingerprint, libraries, source_fingerprint

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes modules of an importable package `leafplugin`, given as file=source."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def put(**sources: str) -> None:
        for name, source in {"__init__": "", **sources}.items():
            path = tmp_path / "leafplugin" / (name.replace("__in__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(source.encode())

    return put


NET = 'class Net:\n    """A net."""\n\n    width = 3\n\n    def forward(self, x):\n        return x * self.width\n'


@pytest.mark.parametrize(
    "harmless",
    [
        "# a comment\n" + NET,
        NET.replace('    """A net."""\n', '    """Another text."""\n'),
        NET.replace("    width = 3\n", '    width = 3\n    """How wide."""\n'),
        NET.replace("\n", "\r\n"),
        NET.replace("x * self.width", "(x   *   self.width)  # why"),
        '"""A module text."""\n\n\n' + NET,
    ],
)
def test_comments_docstrings_and_layout_do_not_count(write: Write, harmless: str) -> None:
    write(net=NET)
    before = source_fingerprint("leafplugin.net")
    write(net=harmless)
    assert source_fingerprint("leafplugin.net") == before


TOLD = """
def check(x, say):
    if x < 1:
        raise ValueError(f"{x} is too small", "at least 1")
    assert x < 9, "too large"
    print("checked")
    say(f"it was {x}")
    return {"mode": "sum"}
"""


@pytest.mark.parametrize(
    "reworded",
    [
        TOLD.replace("is too small", "is not enough"),
        TOLD.replace("at least 1", "one or more"),
        TOLD.replace("too large", "too much"),
        TOLD.replace("checked", "looked at"),
        TOLD.replace("it was {x}", "{x:.2f} it was"),
    ],
)
def test_what_is_only_told_to_people_does_not_count(write: Write, reworded: str) -> None:
    assert reworded != TOLD
    write(net=TOLD)
    before = source_fingerprint("leafplugin.net")
    write(net=reworded)
    assert source_fingerprint("leafplugin.net") == before


@pytest.mark.parametrize(
    "change",
    [
        ("x < 1", "x < 2"),
        ("ValueError", "TypeError"),
        ("x < 9", "x < 8"),
        ('"sum"', '"mean"'),
        ('"mode"', '"way"'),
        ("print(", "eval("),
        ('    say(f"it was {x}")', '    x = say(f"it was")'),
    ],
)
def test_what_surrounds_a_message_counts(write: Write, change: tuple[str, str]) -> None:
    write(net=TOLD)
    before = source_fingerprint("leafplugin.net")
    write(net=TOLD.replace(*change))
    assert source_fingerprint("leafplugin.net") != before


@pytest.mark.parametrize("change", [("3", "4"), ("x *", "x +"), ("width", "breadth"), ("3", "'3'")])
def test_what_the_code_does_counts(write: Write, change: tuple[str, str]) -> None:
    write(net=NET)
    before = source_fingerprint("leafplugin.net")
    write(net=NET.replace(*change))
    assert source_fingerprint("leafplugin.net") != before


def test_a_package_counts_with_all_that_is_below_it(write: Write) -> None:
    write(net=NET, deep__in__layer="A = 1\n")
    before = source_fingerprint("leafplugin")
    write(deep__in__layer="A = 2\n")
    changed = source_fingerprint("leafplugin")
    write(deep__in__layer="A = 2\n", another="")
    assert len({before, changed, source_fingerprint("leafplugin")}) == 3


@pytest.mark.parametrize(
    "statement",
    [
        "from . import layers",
        "from .layers import conv",
        "import leafplugin.layers",
        "from leafplugin import layers",
        "from leafplugin.layers import *",
        "def build():\n    from .layers import conv\n    return conv",
        "from .between import conv",
    ],
)
def test_a_component_counts_with_the_siblings_it_imports(write: Write, statement: str) -> None:
    write(net=statement + "\n", between="from .layers import conv\n", layers="conv = 1\n", stranger="A = 1\n")
    before = component_fingerprint("leafplugin.net")
    write(net=statement + "\n", stranger="A = 2\n")
    assert component_fingerprint("leafplugin.net") == before
    write(net=statement + "\n", layers="conv = 2\n")
    assert component_fingerprint("leafplugin.net") != before


@pytest.fixture
def surveyed_anew() -> Iterator[None]:
    """Which distributions there are is found out once a process; in this test there is one more."""
    fingerprinting._distributions.cache_clear()
    yield
    fingerprinting._distributions.cache_clear()


@pytest.mark.usefixtures("surveyed_anew")
def test_libraries_are_told_with_their_versions(write: Write, tmp_path: Path) -> None:
    write(
        net="import json\nimport torch\nfrom benchsuite.api import Model\nfrom . import layers\n",
        layers="import rich.table\nimport google.protobuf\nimport sklearn_absent\nimport beside\nimport cv2_like\n",
    )
    (tmp_path / "beside.py").write_text("A = 1\n")
    made = tmp_path / "opencv_like-4.2.dist-info"
    made.mkdir()
    (made / "METADATA").write_text("Metadata-Version: 2.1\nName: opencv-like\nVersion: 4.2\n")
    (made / "top_level.txt").write_text("cv2_like\n")
    found = libraries("leafplugin.net")
    assert found["rich"] == metadata.version("rich")
    assert found["protobuf"] == metadata.version("protobuf")
    assert found["opencv-like"] == "4.2"
    assert len(found.pop("beside")) == 64
    assert found.keys() == {"rich", "opencv-like", "protobuf"}


def test_siblings_that_import_each_other_are_no_trap(write: Write) -> None:
    write(net="from . import layers\n", layers="from . import net\n")
    assert len(component_fingerprint("leafplugin.net")) == 64


def test_a_module_without_source_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "leafprogram", ModuleType("leafprogram"))
    with pytest.raises(PluginError, match="leafprogram"):
        component_fingerprint("leafprogram")
    with pytest.raises(PluginError, match=r"leafplugin\.missing"):
        source_fingerprint("leafplugin.missing")
    with pytest.raises(PluginError, match="builtins"):
        component_fingerprint("builtins")


def test_a_module_that_is_no_python_is_an_error_that_names_the_file(write: Write) -> None:
    write(net="def (:\n")
    for fingerprint in (source_fingerprint, component_fingerprint):
        with pytest.raises(PluginError) as caught:
            fingerprint("leafplugin.net")
        assert "net.py" in str(caught.value)


def test_fingerprints_and_numerics_are_had_without_importing_torch() -> None:
    program = (
        "import sys\n"
        "from benchsuite.identity import key_diff, numerics, run_key, source_fingerprint\n"
        "source_fingerprint.core_fingerprint()\n"
        "numerics.describe()\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.fixture
def remembering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that keeps what was read, were it written just now."""
    monkeypatch.setenv("BENCHSUITE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("benchsuite.file_stamps.SETTLED_NS", -(10**12))
    forget()
    return tmp_path / "cache"


def forget() -> None:
    """As a process begins."""
    fingerprinting._KNOWN.clear()
    fingerprinting._recall.cache_clear()


def test_another_process_reads_no_source_that_is_unchanged(
    write: Write, remembering: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(net="from . import parts\nimport os.path, json\n" + NET, parts="import os\nWIDTH = 3\n")
    found = component_fingerprint("leafplugin.net"), libraries("leafplugin.net")
    forget()

    def unread(path: Path) -> str:
        raise AssertionError(path)

    with monkeypatch.context() as patch:
        patch.setattr(fingerprinting, "_source", unread)
        assert (component_fingerprint("leafplugin.net"), libraries("leafplugin.net")) == found
    write(parts="import os\nWIDTH = 44\n")
    forget()
    assert component_fingerprint("leafplugin.net") != found[0]
    (memory,) = remembering.rglob("*.json")
    for damage in (b"", b"{", b'{"a": 1}'):
        memory.write_bytes(damage)
        forget()
        write(parts="import os\nWIDTH = 3\n")
        assert component_fingerprint("leafplugin.net") == found[0]


@given(texts=st.lists(st.sampled_from(["1", "2", "11", "f()", "'a'", "# a", "import os"]), min_size=2, max_size=5))
@settings(max_examples=8)
def test_whatever_is_edited_is_seen(texts: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("edited")
        patch.syspath_prepend(str(folder))
        patch.setenv("BENCHSUITE_CACHE", str(folder / "cache"))
        for text in texts:
            (folder / "leafmodule.py").write_text(f"{text}\n")
            found = []
            for cache in ("cache", "empty"):
                patch.setenv("BENCHSUITE_CACHE", str(folder / cache))
                shutil.rmtree(folder / "empty", ignore_errors=True)
                forget()
                found.append(source_fingerprint("leafmodule"))
            assert found[0] == found[1]
