"""Seconds of whole studies, from the command to the end of the process: benchsuite against what users would write.

The rivals are the plain scripts of `scripts.py`: a loop over a DataLoader with two and with four workers, Lightning
(where it is installed), and a script tuned by hand with all images in memory, which is the limit. All do the same work:
the same photos, networks of the same shape, batches, optimizers and epochs, in fp32; each validates every epoch and
tests once. One contestant is benchsuite in bf16, which is what `precision: auto` takes on a processor that has it.

Everything is measured in turn, `--rounds` times, so that a machine that slows down slows all; the table gives median
wall and CPU seconds (those of all processes), and the median of the ratios round by round with its 95 % bootstrap
interval. `--neighbours 2` measures all of it beside two busy processes, too; `--first` tells the seconds from the
command to the end of the first epoch, in a second table.

Without BENCHSUITE_DATA the images are generated.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import pickle
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchsuite.identity.numerics import bf16_set
from tests.benchmarks.engine import data_folder, interval

SCRIPTS = Path(__file__).with_name("scripts.py")
RIVALS = {
    "loader2": "DataLoader, 2 workers",
    "loader4": "DataLoader, 4 workers",
    "lightning": "Lightning, 4 workers",
    "memory": "by hand, in memory",
}
ENGINE = {
    "benchsuite": "benchsuite, with paper",
    "bf16": "benchsuite, with paper, bf16",
    "warm": "benchsuite, with paper, again with its cache",
    "bare": "benchsuite, no paper, no estimate",
}
PHOTOS = {"train": 300, "validation": 48, "test": 48}
CASES = {
    "dense": [[250, 120, 84], [250, 150, 150, 84], [250, 120], [250, 200, 200, 84], [125, 50, 42], [120], [50]],
}
PAPER = {"authors": [{"name": "benchsuite"}], "abstract": "Medida de tiempos."}


@dataclass(frozen=True)
class Study:
    """One study, as a suite and as the work of the scripts."""

    title: str
    suite: Mapping[str, Any]
    work: Mapping[str, Any]
    data: Path | None = None
    """What --data names."""


@dataclass(frozen=True)
class Took:
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    crowded: list[float] = field(default_factory=list)


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    contestants = [name for name in (options.only or [*ENGINE, *RIVALS]) if _is_there(name)]
    print(f"{_processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before, torch {_torch()}, "
          f"{platform.system()}, {time.strftime('%Y-%m-%d')}; {options.rounds} rounds")  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="benchsuite-bench-") as scratch:
        for name in options.studies:
            study = STUDIES[name](Path(scratch), options)
            print(f"\n{study.title}\n", flush=True)
            places = {each: Place(study, Path(scratch, name, each)) for each in contestants}
            took = {each: Took() for each in contestants}
            for number in range(options.rounds):
                # The other way round the next time: nobody always follows the same one.
                for each in contestants if number % 2 == 0 else contestants[::-1]:
                    wall, cpu = places[each].whole(each)
                    took[each].wall.append(wall)
                    took[each].cpu.append(cpu)
                    if options.neighbours:
                        with _busy(options.neighbours):
                            took[each].crowded.append(places[each].whole(each)[0])
            _report(took, options.neighbours)
            if options.first:
                print("\n| from the command to the end of the first epoch | seconds (median) | least to most |")
                print("|---|---|---|")
                for each in contestants:
                    seconds = [places[each].first_epoch(each) for _ in range(options.rounds)]
                    print(f"| {_title(each)} | {np.median(seconds):.2f} | {min(seconds):.2f} to {max(seconds):.2f} |")


class Place:
    """The files of one contestant."""

    def __init__(self, study: Study, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._study, self._folder = study, folder
        self._suites = {each: folder / f"{each}.yaml" for each in ("fp32", "bf16")}
        for precision, path in self._suites.items():
            recipe = {**study.suite["recipe"], "precision": precision}
            path.write_text(json.dumps({**study.suite, "recipe": recipe}))  # which is YAML
        self._work = folder / "work.json"
        self._work.write_text(json.dumps(study.work))

    def whole(self, name: str) -> tuple[float, float]:
        """Wall and CPU seconds of the whole study."""
        if name == "warm" and not (self._folder / "cache").exists():
            self._start(name).wait()
        start = time.perf_counter()
        process = self._start(name)
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:  # Ctrl-C, which does not reach it
            os.killpg(process.pid, signal.SIGKILL)
            raise
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{name} failed:\n{(self._folder / 'printed').read_text()[-3000:]}")
        return time.perf_counter() - start, used.ru_utime + used.ru_stime

    def first_epoch(self, name: str) -> float:
        """Seconds to the end of the first epoch, at which it is ended."""
        mark = self._folder / "mark"
        mark.unlink(missing_ok=True)
        start = time.perf_counter()
        process = self._start(name, BENCH_MARK=str(mark), BENCHSUITE_CHECKPOINT_SECONDS="0")
        while not mark.exists() and not any(self._folder.glob("results/runs/*/checkpoint.pt")):
            if process.poll() is not None:
                raise SystemExit(f"{name} failed:\n{(self._folder / 'printed').read_text()[-3000:]}")
            time.sleep(0.005)
        seconds = time.perf_counter() - start
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return seconds

    def _start(self, name: str, **environment: str) -> subprocess.Popen[bytes]:
        for folder in ("results", "cache")[: 1 if name == "warm" else 2]:
            shutil.rmtree(self._folder / folder, ignore_errors=True)
        command = [sys.executable, str(SCRIPTS), name, str(self._work)]
        if name in ENGINE:
            suite = self._suites["bf16" if name == "bf16" else "fp32"]
            command = [sys.executable, "-m", "benchsuite", "run", str(suite)]
            command += ["--results", str(self._folder / "results"), "--device", "cpu"]
            command += ["--data", str(self._study.data)] if self._study.data else []
            command += ["--no-paper", "--no-estimate"] if name == "bare" else []
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=(self._folder / "printed").open("wb"),
            stderr=subprocess.STDOUT,
            env={**os.environ, "BENCHSUITE_CACHE": str(self._folder / "cache"), **environment},
            start_new_session=True,
        )


def _source(scratch: Path, options: Any) -> Study:
    """ResNet18 on photos of beans at 112 pixels: 0 to 4 frozen blocks, two seeds."""
    photos = scratch / "photos"
    found = sorted((options.data / "beans").glob("train/*/*")) if options.data else []
    classes = sorted({path.parent.name for path in found}) or ["a", "b", "c"]
    draw = np.random.default_rng(0)
    for label, title in enumerate(classes):
        files = [path for path in found if path.parent.name == title]
        for split, count in PHOTOS.items():
            folder = photos / split / title
            folder.mkdir(parents=True)
            for number in range(count // len(classes)):
                if found:
                    (folder / files[-1].name).symlink_to(files.pop())
                else:
                    _photo(folder / f"{split}-{number}.jpg", draw, label)
    recipe = {"name": "finetune", "optimizer": "adam", "learning_rate": 1e-4, "batch_size": 16,
              "max_epochs": options.epochs, "patience": 10}  # fmt: skip
    suite = {
        "name": "bench_source", "title": "Banco", "size": {"cases": 5, "seeds": 2},
        "dataset": {"name": "image_folder", "folder": "photos", "image_size": 112},
        "model": {"name": "resnet", "depth": 18, "weights": "none"},
        "recipe": {name: value for name, value in recipe.items() if name != "optimizer"},
        "vary": {"recipe.freeze.blocks": [0, 1, 2, 3, 4]}, "seeds": 2, "paper": PAPER,
    }  # fmt: skip
    runs = [
        {"network": {"name": "resnet18"}, "blocks": blocks, "seed": seed, "batch": 16, "optimizer": "adam",
         "options": {"lr": 1e-4}, "epochs": options.epochs}
        for blocks in range(5) for seed in range(2)
    ]  # fmt: skip
    kind = "real" if found else "generated"
    work = {"photos": str(photos), "size": 112, "classes": len(classes), "runs": runs}
    title = f"ResNet18 on 396 {kind} photos at 112 pixels, 5 cases x 2 seeds x {options.epochs} epochs"
    return Study(title, suite, work, scratch)


def _photo(path: Path, draw: Any, label: int) -> None:
    from PIL import Image

    coarse = draw.integers(0, 256, (25, 25, 3), dtype=np.uint8)
    coarse[..., label] //= 2
    Image.fromarray(coarse).resize((500, 500), Image.Resampling.BICUBIC).save(path, quality=90)


def _cifar(title: str, cases: Sequence[tuple[dict[str, Any], dict[str, Any]]], scratch: Path, options: Any) -> Study:
    """Cases as (what the suite sets, network of the scripts)."""
    arrays, draw = scratch / "cifar.npz", np.random.default_rng(0)
    # Pixels of noise cost the scripts what photos do: nothing here is compared but seconds.
    made = {}
    for split, count in (("train", options.images), ("validation", 10_000), ("test", 10_000)):
        made[f"{split}_x"] = draw.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
        made[f"{split}_y"] = np.arange(count) % 10
    np.savez(arrays, **made)
    real = options.data is not None and (options.data / "cifar-10-batches-py").is_dir()
    data = options.data if real else scratch
    if not real:
        _write_batches(scratch / "cifar-10-batches-py", draw)
    suite = {
        "name": "bench_cifar", "title": "Banco", "size": {"cases": len(cases), "seeds": 1},
        "dataset": {"name": "cifar10", "validation": 0.2, "train_images": options.images},
        "model": {"name": "mlp"},
        "recipe": {"name": "train", "optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9, "batch_size": 64,
                   "max_epochs": options.epochs},
        "cases": [{"name": f"case-{number}", "set": change} for number, (change, _) in enumerate(cases)],
        "seeds": 1, "paper": PAPER,
    }  # fmt: skip
    runs = [
        {"network": network, "blocks": 0, "seed": 0, "batch": 64, "optimizer": "sgd",
         "options": {"lr": 0.01, "momentum": 0.9}, "epochs": options.epochs}
        for _, network in cases
    ]  # fmt: skip
    work = {"photos": None, "arrays": str(arrays), "classes": 10, "runs": runs}
    what = "CIFAR-10" if real else "noise in place of CIFAR-10"
    return Study(f"{title} on {what}, {options.images:,} images, {options.epochs} epochs", suite, work, data)


def _write_batches(folder: Path, draw: Any) -> None:
    """Noise in the layout of CIFAR-10."""
    folder.mkdir(exist_ok=True)
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        pixels = draw.integers(0, 256, (10_000, 3072), dtype=np.uint8)
        content = {b"data": pixels, b"labels": [row % 10 for row in range(10_000)]}
        (folder / name).write_bytes(pickle.dumps(content, protocol=2))
    names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    meta = {b"label_names": [name.encode() for name in names], b"num_cases_per_batch": 10_000, b"num_vis": 3072}
    (folder / "batches.meta").write_bytes(pickle.dumps(meta, protocol=2))


def _dense(scratch: Path, options: Any) -> Study:
    """The seven dense networks of the suite cifar10_dense."""
    cases = [({"model": {"name": "mlp", "hidden": each}}, {"name": "mlp", "hidden": each}) for each in CASES["dense"]]
    return _cifar("7 MLPs", cases, scratch, options)


def _convolutional(scratch: Path, options: Any) -> Study:
    """The two small convolutional networks of the suite cifar10_cnn."""
    cases = [
        ({"model": {"name": "lenet5"}}, {"name": "lenet5", "hidden": [120, 84]}),
        ({"model": {"name": "small_cnn"}}, {"name": "small_cnn", "hidden": [60, 42]}),
    ]
    return _cifar("LeNet-5 and the small CNN", cases, scratch, options)


STUDIES = {"source": _source, "dense": _dense, "convolutional": _convolutional}


def _report(took: Mapping[str, Took], neighbours: int) -> None:
    ours = np.array(next(iter(took.values())).wall)
    first = next(iter(took))
    crowded = f" beside {neighbours} busy processes |" if neighbours else ""
    print(f"| | wall (s) | CPU (s) | times the wall of {first} | 95 % interval |{crowded}")
    print("|---|---|---|---|---|" + "---|" * bool(neighbours))
    for name, times in took.items():
        ratios = np.array(times.wall) / ours
        low, high = interval(ratios)
        slower = np.median(np.array(times.crowded) / np.array(times.wall)) if times.crowded else 0
        print(
            f"| {_title(name)} | {np.median(times.wall):.1f} | {np.median(times.cpu):.1f} | {np.median(ratios):.2f} | "
            f"{low:.2f} to {high:.2f} |" + (f" {slower:.2f} times as long |" if neighbours else ""),
            flush=True,
        )


@contextmanager
def _busy(count: int) -> Iterator[None]:
    """Processes that compute all the time."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _title(name: str) -> str:
    return {**ENGINE, **RIVALS}[name]


def _is_there(name: str) -> bool:
    if name == "lightning" and importlib.util.find_spec("lightning") is None:
        print("Lightning is not installed, and left out: pip install lightning")
        return False
    if name == "bf16" and bf16_set() is None:
        print("the processor has no bf16, which is left out")
        return False
    return True


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _torch() -> str:
    from importlib.metadata import version

    return version("torch")


def _options() -> Any:
    parser = argparse.ArgumentParser(
        prog="make bench BENCH=studies ARGS=…",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, default=data_folder(), help="folder with the real data")
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES), help="which ones (default all)")
    parser.add_argument(
        "--only", nargs="+", choices=[*ENGINE, *RIVALS], help="these contestants; the first is the unit"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (%(default)s)")
    parser.add_argument("--images", type=int, default=10_000, help="training images of CIFAR-10 (%(default)s)")
    parser.add_argument("--epochs", type=int, default=2, help="epochs of each run (%(default)s)")
    parser.add_argument("--neighbours", type=int, default=0, help="measure beside so many busy processes, too")
    parser.add_argument("--first", action="store_true", help="also from the command to the end of the first epoch")
    return parser.parse_args()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
