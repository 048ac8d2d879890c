"""The golden runs of a release: two tiny runs whose bits must come out the same in every later version.

`make golden` makes them and writes `VERSION.json` beside this file: for each run what its key covers, the machine
left out, and for the installed torch the hashes of its weights and predictions. They are made with the plainest
kernels of torch, so that every x86-64 processor gives the same bits. (A worker process would put the kernels back
that the processor is best at; so the runs are made here.)
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLAIN_KERNELS = {
    "ATEN_CPU_CAPABILITY": "default",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "MKL_CBWR": "COMPATIBLE",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
"""What torch's libraries read when they are first used."""


class Silent:
    """A watcher of runs that says nothing."""

    def say(self, text: str) -> None: ...
    def epoch(self, report: Any, max_epochs: int) -> None: ...
    def steps(self, epoch: int, done: int, total: int) -> None: ...


def torch_version() -> str:
    """The version of torch without its build, such as 2.14.1."""
    return metadata.version("torch").partition("+")[0]


def make_runs(folder: Path) -> dict[str, Any]:
    """Make the golden runs in this process: by case, what the key covers but for the machine, and the two hashes."""
    os.environ.update(PLAIN_KERNELS)
    import torch

    # The choice of kernels is made once, here, before the run's own preparation would undo it.
    torch.nn.functional.conv2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 1, 1)) @ torch.ones(4, 4)
    from benchsuite.engine.determinism.torch_settings import configure
    from benchsuite.engine.run.execute import execute
    from benchsuite.execution.preparation import Place, prepare
    from benchsuite.registry import registry
    from benchsuite.suite import expand, read_suite

    place = Place(policy="auto", data=None, cache=folder / "cache", results=folder, device="cpu", threads=1)
    plan = expand(read_suite(HERE / "golden.yaml", registry()), registry())
    preparation = prepare(plan, registry(), place, download=False, say=lambda _: None)
    configure(preparation.numerics)
    records = [execute(task, registry(), Silent()) for task in preparation.tasks]
    return {
        record.spec.case.name: {
            "key": {name: value for name, value in record.key_fields.items() if name != "numerics"},
            "hashes": {"weights": record.weights_hash, "predictions": record.predictions_hash},
        }
        for record in records
    }


def run_golden() -> dict[str, Any]:
    """What `make_runs` gives, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__, "--in", folder], capture_output=True, text=True, check=False, cwd=folder
        )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))


def releases() -> list[Path]:
    """The files of all releases, oldest first."""
    return sorted(HERE.glob("*.json"), key=lambda path: [int(part) for part in re.findall(r"\d+", path.stem)])


def main() -> None:
    """Write the golden runs of the installed version, keeping what other versions of torch gave."""
    if sys.argv[1:2] == ["--in"]:
        print(json.dumps(make_runs(Path(sys.argv[2]))))
        return
    target = HERE / f"{metadata.version('benchsuite')}.json"
    known = json.loads(target.read_text(encoding="utf-8")) if target.exists() else {}
    runs = {
        case: {
            "key": run["key"],
            "torch": known.get(case, {}).get("torch", {}) | {torch_version(): run["hashes"]},
        }
        for case, run in run_golden().items()
    }
    target.write_text(json.dumps(runs, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(target)


if __name__ == "__main__":
    main()
