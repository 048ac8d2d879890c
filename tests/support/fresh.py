"""A reader's shell: an empty folder, and an environment into which plugins are really installed.

The environment has all that this one has, benchsuite from this checkout included, and no network: `pip` takes what is
here already (no index, no dependencies, no isolated build). Each command is handed to bash word by word; the current
folder and exported variables last from one to the next.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("pip", "pytest", "benchsuite", "dask")
OFFLINE = {
    "PIP_NO_INDEX": "1",
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "0",  # pip reads it as the value of --build-isolation
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "HF_HUB_OFFLINE": "1",
}


@dataclass(frozen=True)
class Shell:
    """A shell in `home`; what it keeps for itself lies in `backstage`."""

    home: Path
    backstage: Path

    @property
    def folder(self) -> Path:
        """The current folder."""
        at = self.backstage / "folder"
        return Path(at.read_text().strip()) if at.exists() else self.home

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command; `stdout` is all that it said, errors in between."""
        state = self.backstage / "state"
        script = f"""
            [ ! -e {state} ] || . {state}
            cd "{self.folder}"
            {command}
            code=$?
            export -p > {state}
            pwd > {self.backstage / "folder"}
            exit $code
        """
        names = ("BENCHSUITE_DATA", "BENCHSUITE_RESULTS", "BENCHSUITE_PLUGINS", "PYTHONPATH", "VIRTUAL_ENV")
        environment = {name: value for name, value in os.environ.items() if name not in names}
        environment |= OFFLINE | {
            "PATH": f"{self.backstage / 'env' / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "BENCHSUITE_CACHE": str(self.backstage / "cache"),
            "BENCHSUITE_CARDS": str(self.backstage / "cards"),
            "BENCHSUITE_THREADS": "1",
            "COLUMNS": "120",
        }
        return subprocess.run(
            ["bash", "-c", script],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )


def shell(folder: Path) -> Shell:
    """A shell in a new home below `folder`."""
    home, backstage = folder / "home", folder / "backstage"
    home.mkdir()
    environment = backstage / "env"
    venv.create(environment)
    (packages,) = environment.glob("lib/python*/site-packages")
    # Not by PYTHONPATH: editable installs, such as this checkout's, are found through .pth files.
    (packages / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = environment / "bin" / Path(sys.executable).name
    for name in PROGRAMS:
        program = environment / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{python}" -m {name} "$@"\n')
        program.chmod(0o755)
    return Shell(home, backstage)
