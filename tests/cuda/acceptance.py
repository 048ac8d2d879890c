"""The acceptance of a GPU: everything that only a GPU can tell, in one command, with a report and an exit code.

    python tests/cuda/acceptance.py --out report --minutes 10          (make gpu-check)
    python tests/cuda/acceptance.py --device cpu --minutes 5           (the same code, shrunk: that it runs at all)

Each section is made in a process of its own, so that a fault in one spoils no other, and the report (Markdown for
readers, JSON for programs) is written anew after each. Nothing is read from the network. The exit code is 1 when any
section fails, or was not made because the time was up, or there is no GPU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parents[2])]

SECTIONS: Mapping[str, tuple[float, str]] = {
    "facts": (1, "what torch and the driver say of the card, and that no TF32 is used"),
    "ops": (2, "sixteen layers, forward and backward, three times: the same bits"),
    "runs": (7, "models, recipes and precisions, each run made in two processes: the same bits"),
    "architectures": (6, "every architecture of torchvision, twice: the same gradients"),
    "resume": (4, "runs that are interrupted and go on: the same bits"),
    "verify": (3, "a study through the worker processes, repeated by `benchsuite verify`"),
    "syncs": (2, "no step of training waits for the card"),
    "graphs": (3, "training with CUDA graphs and without: the same bits, and the time of both"),
    "packing": (3, "one, two and four processes on one card: the same bits, and the images a second of all"),
    "agreement": (1, "the losses of the first steps against those on the processor"),
    "memory": (1, "the peak of a run, repeated, and what is kept afterwards"),
    "faults": (1, "what a card refuses is told as the card's, and the next run is made"),
    "energy": (1, "the watts of a card at work"),
    "speed": (7, "milliseconds a step, against no determinism and against a DataLoader"),
}
"""Each section with its share of the time and what it is for."""
LEAST_SECONDS = 45.0
"""What a section may take however small its share: a process with CUDA takes several to begin."""


@dataclass
class Check:
    """What a section is given, and what it leaves: numbers by name, and what failed, in words."""

    device: str
    small: bool
    ends: float
    folder: Path
    found: dict[str, Any] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def fail(self, what: str) -> None:
        print("FAILED", what, flush=True)
        self.failures.append(what)

    def left(self) -> float:
        """Seconds that are left."""
        return self.ends - time.time()

    def each(self, items: Iterable[Any], name: Callable[[Any], str] = str) -> Iterator[Any]:
        """The items as long as there is time; the others are noted."""
        for item in items:
            if self.left() > 0:
                yield item
            else:
                self.left_out.append(name(item))

    @contextmanager
    def attempt(self, what: str) -> Iterator[None]:
        """What the block raises is a failure of the section, which goes on."""
        try:
            yield
        except Exception as error:
            lines = str(error).strip().splitlines() or [""]
            self.fail(f"{what}: {type(error).__name__}: {lines[0][:300]}")


def main() -> int:
    given = _arguments()
    if given.section:
        return _child(given)
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as cache:
        # One for all sections, so that the card is tried once before it is trusted.
        os.environ |= {"BENCHSUITE_CACHE": cache, "BENCHSUITE_HANG_SECONDS": "120", "HF_HUB_OFFLINE": "1"}
        if given.device == "cuda" and (why := why_no_gpu()):
            print(
                f"there is no GPU to accept: {why}\n"
                "benchsuite doctor --gpu says what to do; --device cpu (make gpu-check DEVICE=cpu) tries all of this on"
                " the processor, shrunk",
                file=sys.stderr,
            )
            return 1
        return _accept(given)


def why_no_gpu() -> str | None:
    """Why torch computes on no GPU here; None where it does."""
    from benchsuite.identity import gpu_trial, gpus

    return None if gpu_trial.usable_gpus() else "; ".join(gpu_trial.faults()) or gpus.why_no_gpu()


def _accept(given: argparse.Namespace) -> int:
    """Make the sections and write the report; the exit code."""
    given.out.mkdir(parents=True, exist_ok=True)
    wanted = given.only
    ends = time.time() + 60 * given.minutes
    report: dict[str, Any] = {"machine": _machine(given.device), "sections": {}}
    for position, name in enumerate(wanted):
        shares = sum(SECTIONS[other][0] for other in wanted[position:])
        left = ends - time.time()
        seconds = min(max(left * SECTIONS[name][0] / shares, LEAST_SECONDS), left)
        part = _section(name, given, seconds, left) if left > 1 else {"failures": ["not made: the time was up"]}
        report["sections"][name] = part
        report["passed"] = not any(made["failures"] for made in report["sections"].values()) and position + 1 == len(
            wanted
        )
        _write(given.out, report)
        verdict = "FAILED" if part["failures"] else "skipped" if part.get("skipped") else "good"
        print(f"{name:14} {verdict:8} {part.get('seconds', 0):6.1f} s", flush=True)
        for failure in part["failures"][:5]:
            print("    " + failure.replace("\n", "\n    ")[:1500], flush=True)
    print(f"the report is in {given.out / 'report.md'}")
    return 0 if report["passed"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="sections:\n" + "\n".join(f"  {name:14} {what}" for name, (_, what) in SECTIONS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("gpu-report"), help="folder of the report")
    parser.add_argument("--minutes", type=float, default=10, help="how long all of it may take")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda", help="cpu: a dry run with small sizes")
    parser.add_argument("--only", type=_names, default=[*SECTIONS], help="some of the sections: facts,ops")
    parser.add_argument("--section", help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=600, help=argparse.SUPPRESS)
    parser.add_argument("--answer", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _names(text: str) -> list[str]:
    """The sections that a list names."""
    named = text.split(",")
    if unknown := [name for name in named if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose among {', '.join(SECTIONS)}")
    return named


def _section(name: str, given: argparse.Namespace, seconds: float, left: float) -> dict[str, Any]:
    """Make a section in a process of its own; what it answers, or how it ended without an answer."""
    start = time.time()
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as folder:
        answer = Path(folder) / "answer.json"
        # It minds its time by itself; this is for one that hangs.
        code, said = run_part(name, given.device, seconds, answer, timeout=min(2 * seconds + 30, max(left, seconds)))
        if answer.is_file():
            part: dict[str, Any] = json.loads(answer.read_text())
        else:
            part = {"found": {}, "failures": [f"no answer: {code}\n{said}"], "left_out": []}
    return {**part, "seconds": round(time.time() - start, 1)}


def run_part(name: str, device: str, seconds: float, answer: Path, timeout: float) -> tuple[str, str]:
    """Run a part of the acceptance as a process; how it ended, and what it said."""
    process = start_part(name, device, seconds, answer)
    try:
        process.wait(timeout)
        how = f"its process ended with {process.returncode}"
    except subprocess.TimeoutExpired:
        how = f"it took more than {timeout:.0f} s"
        process.kill()
        process.wait()
    return how, what_it_said(answer)


def start_part(name: str, device: str, seconds: float, answer: Path) -> subprocess.Popen[bytes]:
    """A process that writes its answer into this file, and what it says beside it."""
    command = [sys.executable, str(HERE), "--section", name, "--device", device, "--seconds", str(seconds)]
    with answer.with_suffix(".log").open("wb") as log:
        return subprocess.Popen([*command, "--answer", str(answer)], stdout=log, stderr=subprocess.STDOUT)


def what_it_said(answer: Path) -> str:
    """The end of what the process of an answer has printed."""
    return answer.with_suffix(".log").read_text(encoding="utf-8", errors="replace")[-1500:]


def _child(given: argparse.Namespace) -> int:
    """Make one section in this process, as deterministic as a worker, and write its answer."""
    folder = given.answer.parent / f"{given.answer.stem}-files"
    folder.mkdir()
    check = Check(given.device, given.device == "cpu", time.time() + given.seconds, folder)
    try:
        from benchsuite.engine.determinism.torch_settings import configure, prepare_environment
        from benchsuite.identity.gpu_trial import usable_gpus
        from benchsuite.identity.numerics import describe

        numerics = describe(given.device, threads=1 if given.device == "cpu" else None)
        prepare_environment(numerics, usable_gpus()[0].uuid if given.device == "cuda" else None)
        configure(numerics)
        import acceptance_sections

        getattr(acceptance_sections, given.section)(check)
    except Exception:
        check.fail(traceback.format_exc()[-1500:])
    write_answer(check, given.answer)
    return 1 if check.failures else 0


def write_answer(check: Check, file: Path) -> None:
    """What a section has found, for the process that wants to know."""
    answer = {name: value for name, value in asdict(check).items() if name in ("found", "failures", "left_out")}
    if check.found.get("skipped"):
        answer["skipped"] = check.found["skipped"]
    file.write_text(json.dumps(answer, default=str))


def _machine(device: str) -> dict[str, Any]:
    """Where and of what the report is."""
    from benchsuite import __version__
    from benchsuite.identity.torch_build import torch_build

    commit = subprocess.run(
        ["git", "-C", str(HERE.parent), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "device": device,
        "benchsuite": __version__,
        "commit": commit.stdout.strip() or None,
        "torch": torch_build()["version"],
        "python": platform.python_version(),
        "system": platform.platform(),
        "processors": os.cpu_count(),
    }


def _write(folder: Path, report: Mapping[str, Any]) -> None:
    """Both forms of the report, each put in place of the one before at once."""
    for name, text in (("report.json", json.dumps(report, indent=1, default=str)), ("report.md", _markdown(report))):
        new = folder / f".{name}"
        new.write_text(text, encoding="utf-8")
        new.replace(folder / name)


def _markdown(report: Mapping[str, Any]) -> str:
    sections = report["sections"]
    card = sections.get("facts", {}).get("found", {}).get("name", report["machine"]["device"])
    # The documentation takes it as it is, as a page to which only a link leads.
    lines = ["---", "orphan: true", "---", "", f"# Acceptance on {card}", "", "| | |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in report["machine"].items()]
    lines += ["", "**Passed.**" if report["passed"] else "**Not passed.**"]
    missing = [name for name in SECTIONS if name not in sections]
    lines += ["", f"Not made: {', '.join(missing)}."] if missing else []
    lines += ["", "| section | | s | what |", "|---|---|---|---|"]
    for name, part in sections.items():
        verdict = "**failed**" if part["failures"] else "skipped" if part.get("skipped") else "good"
        lines.append(f"| {name} | {verdict} | {part.get('seconds', 0)} | {SECTIONS[name][1]} |")
    for name, part in sections.items():
        lines += ["", f"## {name}", ""]
        lines += [f"- **{failure.splitlines()[0]}**" for failure in part["failures"]]
        lines += [f"- left out, for want of time: {', '.join(part['left_out'])}"] if part.get("left_out") else []
        lines += [f"- {key}: {value}" for key, value in part.get("found", {}).items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
