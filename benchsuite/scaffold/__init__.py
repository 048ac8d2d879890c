"""The scaffold: a complete package for a new plugin, from templates, that passes its own checks before it is edited."""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import benchsuite
from benchsuite import __version__
from benchsuite.atomic_files import write_text
from benchsuite.contracts.kinds import Kind
from benchsuite.contracts.version import API_VERSION
from benchsuite.errors import PluginError
from benchsuite.registry.kinds import KINDS

SAMPLE_SEED = 20


@dataclass(frozen=True)
class Package:
    """What the templates are filled with. `name` is what suites write, `folder` where the package goes."""

    kind: Kind
    name: str
    folder: Path
    year: int

    @property
    def distribution(self) -> str:
        return f"benchsuite-{self.name.replace('_', '-')}"

    @property
    def package(self) -> str:
        return f"benchsuite_{self.name}"

    @property
    def classname(self) -> str:
        return "".join(word[:1].upper() + word[1:] for word in self.name.split("_"))

    @property
    def title(self) -> str:
        return " ".join(word[:1].upper() + word[1:] for word in self.name.split("_"))

    def files(self) -> Iterator[tuple[str, str]]:
        """Each file of the package, by its path in it, and the template that it is made from."""
        source = f"src/{self.package}"
        yield "pyproject.toml", "common/pyproject.toml.jinja"
        yield "README.md", "common/README.md.jinja"
        yield "LICENSE", "common/LICENSE.jinja"
        yield ".gitignore", "common/gitignore.jinja"
        yield ".github/workflows/tests.yaml", "common/ci.yaml.jinja"
        yield f"{source}/__init__.py", "common/init.py.jinja"
        yield f"{source}/py.typed", ""
        yield f"{source}/{self.kind}.py", f"{self.kind}/component.py.jinja"
        yield f"{source}/suites/try_{self.name}.yaml", f"{self.kind}/suite.yaml.jinja"
        yield "tests/conftest.py", "common/tests/conftest.py.jinja"
        yield "tests/test_contract.py", "common/tests/test_contract.py.jinja"


def _unpacked_source() -> str | None:
    """The folder of benchsuite's source as a TOML text where it is used from there, in editable mode: mypy does not see
    it by itself. None where benchsuite lies among the installed packages."""
    folder = Path(benchsuite.__file__).resolve().parent.parent
    return None if folder.name in ("site-packages", "dist-packages") else json.dumps(folder.as_posix())


def check_name(name: str) -> str:
    """The name as suites will write it, from what the user typed. Raises PluginError when it can be none."""
    slug = re.sub(r"[-\s]+", "_", name.strip()).lower()
    slug = slug.removeprefix("benchsuite_")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", slug) or keyword.iskeyword(slug) or slug.endswith("_"):
        raise PluginError(
            f"{name!r} cannot be the name of a component",
            expected="letters, digits and underscores, beginning with a letter, as in my_digits",
            remedy="choose another name",
        )
    return slug


def write_package(package: Package) -> list[Path]:
    """Write a package into its folder; returns the files. Raises PluginError when something is there already."""
    from jinja2 import Environment, StrictUndefined

    if package.folder.exists() and any(package.folder.iterdir()):
        raise PluginError(
            "the folder is not empty",
            where=str(package.folder),
            expected="a folder that does not exist yet, or an empty one",
            remedy="name another with --to",
        )
    templates = files("benchsuite.scaffold") / "templates"
    # The templates are ours and make Python and YAML, for which HTML's escapes would be wrong.
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    values = {
        "kind": package.kind,
        "noun": KINDS[package.kind].noun,
        "base": KINDS[package.kind].base.__name__,
        "name": package.name,
        "distribution": package.distribution,
        "package": package.package,
        "classname": package.classname,
        "title": package.title,
        "year": package.year,
        "seed": SAMPLE_SEED,
        "api": API_VERSION,
        "benchsuite": __version__,
        "source": _unpacked_source(),
    }
    written = []
    for place, template in package.files():
        text = environment.from_string((templates / template).read_text()).render(values) if template else ""
        write_text(package.folder / place, text)
        written.append(package.folder / place)
    return written
