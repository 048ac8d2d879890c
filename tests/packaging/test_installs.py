"""What less than everything is enough for: the base for a study and its paper, and no torch for whoever reads one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchsuite.extras import EXTRAS
from support.pages import DOCS, blocks
from support.plugins import SUITE, TINY, install
from support.smaller import brought_by, make_environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TPE = """
search: {space: {recipe.batch_size: [2, 4]}, sampler: tpe, budget: 2}
"""
MODULES = "import importlib.util, sys; print(*(one for one in sys.argv[1:] if importlib.util.find_spec(one)))"


@dataclass(frozen=True)
class Installed:
    """benchsuite in an environment, below a folder of its own."""

    python: Path
    folder: Path

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run benchsuite; on a synthetic sample, with one thread, and no network."""
        return self.start("-m", "benchsuite", *words)

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith(("BENCHSUITE", "PYTHON"))}
        environment: Mapping[str, str] = own | {
            "BENCHSUITE_CACHE": str(self.folder / "cache"),
            "BENCHSUITE_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            "PYTHONPATH": str(self.folder / "plugins"),
            "COLUMNS": "120",
        }
        return subprocess.run(
            [self.python, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
            timeout=600,
        )  # fmt: skip

    def has(self, *modules: str) -> list[str]:
        """Those of these modules that are installed."""
        return self.start("-c", MODULES, *modules).stdout.split()


def installed(folder: Path, requirements: list[str]) -> Installed:
    (folder / "suites").mkdir()
    (folder / "suites" / "squares_width.yaml").write_text(SUITE)
    install(folder / "plugins", "tiny-squares", TINY)
    return Installed(make_environment(folder, requirements), folder)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What `pip install benchsuite` brings."""
    return installed(tmp_path_factory.mktemp("base"), PROJECT["dependencies"])


@pytest.fixture(scope="module")
def study(base: Installed) -> Path:
    """A study made with the base: the folder of its results."""
    done = base.run("run", "squares_width", "--policy", "sample", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    return base.folder / "results" / "squares_width@sample"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """What the documentation tells a reader to install."""
    requirements = told_to_readers()
    return installed(tmp_path_factory.mktemp("reader"), requirements)


def told_to_readers() -> list[str]:
    """The packages of the second command of «Only to read papers»."""
    commands = [
        command
        for block in blocks(DOCS / "installation.md")
        if block.language == "console"
        for command, _ in block.commands
    ]
    at = commands.index("pip install --no-deps ./benchsuite")
    words = commands[at + 1].split()
    assert words[:2] == ["pip", "install"]
    return words[2:]


def test_the_base_has_nothing_of_the_extras(base: Installed) -> None:
    assert base.has(*(module for modules in EXTRAS.values() for module in modules)) == []


def test_the_base_makes_a_study_and_a_paper_that_can_be_checked(base: Installed, study: Path) -> None:
    assert (study / "paper.pdf").is_file()
    assert not list(study.rglob("tensorboard"))
    checked = base.run("check", str(study / "paper.pdf"))
    assert checked.returncode == 0, checked.stderr


def test_the_base_tells_what_is_lacking_and_how_to_have_it(base: Installed) -> None:
    suite = SUITE.replace("seeds: 2}", "seeds: 2, trials: 2}").replace("squares_width", "searched") + TPE
    (base.folder / "suites" / "searched.yaml").write_text(suite)
    for words, extra in ((["plan", "searched", "--policy", "sample"], "search"), (["check-plugin", "speck"], None)):
        refused = base.run(*words)
        assert refused.returncode == 2, refused.stderr
        assert f"pip install 'benchsuite[{extra or words[0]}]'" in refused.stderr
        assert "Traceback" not in refused.stderr
    told = base.run("doctor").stdout
    assert "not installed: check-plugin, dask" in " ".join(told.split())


def test_the_reader_is_told_of_all_packages_of_the_base_but_those_that_compute() -> None:
    base = {requirement.partition(">")[0] for requirement in PROJECT["dependencies"]}
    assert set(told_to_readers()) == base - {"torch", "torchvision", "nvidia-ml-py"}
    assert not {"torch", "torchvision", "triton", "sympy"} & brought_by(told_to_readers())


def test_whoever_reads_papers_needs_no_torch(reader: Installed, study: Path) -> None:
    assert reader.has("torch", "torchvision", "jinja2") == ["jinja2"]
    paper = shutil.copy(study / "paper.pdf", reader.folder)
    checked = reader.run("check", paper)
    assert checked.returncode == 0, checked.stderr
    assert "the same bytes: every number" in checked.stderr
    again = reader.run("reproduce", paper)
    assert again.returncode == 0, again.stderr
    built = reader.folder / "reproduced" / "squares_width" / "paper.pdf"
    assert built.read_bytes() == Path(paper).read_bytes()
    compared = reader.run("paper", "--compare", paper, str(built))
    assert compared.returncode == 0, compared.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["list"],
        ["schema"],
        ["show", "squares_width"],
        ["merge", "{study}"],
        ["site", "-o", "pages"],
        ["inspect", "data", "photos"],
    ],
    ids=lambda words: words[0],
)
def test_what_computes_nothing_needs_no_torch(reader: Installed, study: Path, words: list[str]) -> None:
    if not (reader.folder / "photos").exists():
        (photos,) = study.parents[1].glob("cache/**/squares/train")
        shutil.copytree(photos, reader.folder / "photos")
        shutil.copytree(study.parent, reader.folder / "results")
    done = reader.run(*(word.format(study=study.parent) for word in words))
    assert done.returncode == 0, done.stderr


def test_what_computes_says_that_torch_is_lacking(reader: Installed) -> None:
    for command in ("plan", "run"):
        refused = reader.run(command, "squares_width", "--policy", "sample")
        assert refused.returncode == 2
        assert "torch is not installed" in refused.stderr
        assert "pip install torch torchvision" in refused.stderr
        assert "Traceback" not in refused.stderr
