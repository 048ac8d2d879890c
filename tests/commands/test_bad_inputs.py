"""What a user sees of data, weights, folders and devices that cannot be used: refused before anything trains."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NoReturn

import pytest
from PIL import Image

from benchsuite.registry import registry
from benchsuite.store.run_store import RECORD, Store
from benchsuite.suite import expand
from benchsuite.suite.planning.sample_smoke import smoke_plan
from benchsuite.suite.reader import read_suite
from support.plugins import SUITE, TINY
from support.program import Program
from support.runs import put_planned

BEANS = ("angular_leaf_spot", "bean_rust", "healthy")
COUNTS = {"train": (345, 348, 341), "validation": (44, 45, 44), "test": (43, 43, 42)}


@pytest.fixture
def data(program: Program) -> Path:
    """The tiny data set, as real data in a folder of the user's."""
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0
    (sample,) = (program.cache / "samples").iterdir()
    return Path(shutil.copytree(sample, program.folder / "data"))


@pytest.fixture
def beans(tmp_path: Path) -> Path:
    """A folder of beans with the official counts; every image is the same four pixels."""
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2), "green").save(buffer, "JPEG")
    for split, counts in COUNTS.items():
        for name, count in zip(BEANS, counts, strict=True):
            folder = tmp_path / "data" / "beans" / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                (folder / f"{i}.jpg").write_bytes(buffer.getvalue())
    return tmp_path / "data"


def plan_beans(program: Program, data: Path, *words: str) -> None:
    program.run("run", "beans_freeze", "--no-paper", "--data", str(data)).refused(str(data / "beans"), "remedy", *words)
    assert not list(program.results.rglob("record.json"))


def test_missing_data_under_real_say_what_to_put_where(program: Program) -> None:
    outcome = program.run("run", "beans_freeze", "--no-paper", "--policy", "real")
    outcome.refused("beans", "BENCHSUITE_DATA", "--data", "train", "remedy")


def test_a_data_folder_that_does_not_exist_is_refused(program: Program) -> None:
    program.run("run", "beans_freeze", "--no-paper", "--data", "nowhere").refused("nowhere", "--data", "remedy")


def test_a_missing_image_is_refused(program: Program, beans: Path) -> None:
    next((beans / "beans" / "train" / "healthy").iterdir()).unlink()
    plan_beans(program, beans, "1033", "1034")


def test_a_split_with_other_counts_is_refused(program: Program, beans: Path) -> None:
    shutil.rmtree(beans / "beans" / "test")
    plan_beans(program, beans, "test")


def test_a_class_folder_too_many_is_refused(program: Program, beans: Path) -> None:
    shutil.copytree(beans / "beans" / "test" / "healthy", beans / "beans" / "test" / "mildew")
    plan_beans(program, beans, "mildew")


def test_a_parquet_that_is_none_is_refused(program: Program) -> None:
    folder = program.folder / "data" / "beans" / "data"
    folder.mkdir(parents=True)
    for split in COUNTS:
        (folder / f"{split}-00000-of-00001.parquet").write_bytes(b"PAR1 but not really")
    plan_beans(program, program.folder / "data", "parquet")


def test_an_archive_that_writes_outside_its_folder_is_refused(program: Program) -> None:
    folder = program.folder / "data" / "beans"
    folder.mkdir(parents=True)
    for split in COUNTS:
        with zipfile.ZipFile(folder / f"{split}.zip", "w") as archive:
            archive.writestr("../../escaped.txt", "out")
    plan_beans(program, program.folder / "data", "zip")
    assert not list(program.folder.rglob("escaped.txt"))


def test_a_truncated_archive_is_refused(program: Program) -> None:
    folder = program.folder / "data" / "beans"
    folder.mkdir(parents=True)
    for split in COUNTS:
        with zipfile.ZipFile(folder / f"{split}.zip", "w") as archive:
            archive.writestr(f"{split}/healthy/0.jpg", b"x" * 1000)
        whole = (folder / f"{split}.zip").read_bytes()
        (folder / f"{split}.zip").write_bytes(whole[: len(whole) // 2])
    plan_beans(program, program.folder / "data", "zip")


def test_a_weights_file_that_does_not_exist_is_refused(program: Program) -> None:
    change = ("--set", "model.weights=nowhere.pth")
    outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample", *change)
    outcome.refused("nowhere.pth", "weights", "remedy")


def test_a_weights_file_of_another_kind_is_refused(program: Program) -> None:
    outcome = program.run("plan", "beans_freeze", "--policy", "sample", "--set", "model.weights=resnet18.onnx")
    outcome.refused("--set", "imagenet1k_v1", ".safetensors")


def test_a_results_folder_with_a_file_in_the_way_is_refused(program: Program) -> None:
    program.results.write_text("a note")
    outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample")
    outcome.refused("results", "remedy")
    assert program.results.read_text() == "a note"


@pytest.mark.parametrize(
    ("number", "word"), [(errno.EROFS, "Read-only"), (errno.ENOSPC, "No space left"), (errno.EACCES, "ermission")]
)
def test_a_results_folder_that_cannot_be_written_is_refused(program: Program, number: int, word: str) -> None:
    genuine = os.open

    def refuse(path: str, flags: int, *more: int, **named: int) -> int:
        if str(program.results) in str(path) or str(path).startswith("results"):
            _refuse(number)
        return genuine(path, flags, *more, **named)

    program.patch.setattr("os.fsync", lambda _: _refuse(number))
    program.patch.setattr("os.open", refuse)
    outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample")
    outcome.refused(word, "results", "remedy")


def _refuse(number: int) -> NoReturn:
    raise OSError(number, os.strerror(number))


def test_a_cache_folder_with_a_file_in_the_way_is_refused(program: Program) -> None:
    program.cache.write_text("a note")
    program.run("plan", "squares_width", "--policy", "sample").refused("BENCHSUITE_CACHE", str(program.cache))


def test_cuda_asked_for_and_absent_is_refused(program: Program) -> None:
    program.patch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    outcome = program.run("run", "squares_width", "--no-paper", "--policy", "sample", "--device", "cuda")
    outcome.refused("CUDA", "remedy", "auto")


def test_a_record_that_cannot_be_found_is_refused(program: Program) -> None:
    program.run("show", "0123456789ab").refused("no record", "remedy")
    program.run("why", "squares_width/width=3/0", "--policy", "sample").refused("width=3", "width=2, width=4")
    program.run("verify", "squares_width", "--policy", "sample").refused("no finished run", "benchsuite run")


def test_the_paper_of_a_study_that_was_never_run_is_refused(program: Program) -> None:
    program.run("paper", "squares_width", "--policy", "sample").refused("no run", "benchsuite run squares_width")


def test_a_pickle_that_runs_code_is_never_opened_while_planning(program: Program) -> None:
    bomb = program.folder / "bomb.pth"
    bomb.write_bytes(_bomb(program.folder / "exploded"))
    program.suite(SUITE.replace("name: speck}", f"name: speck, weights: '{bomb}'}}"))
    assert program.run("plan", "squares_width", "--policy", "sample").code == 0
    assert not (program.folder / "exploded").exists()


class _Bomb:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.target,))


def _bomb(target: Path) -> bytes:
    return pickle.dumps({"stem.0.weight": _Bomb(target)})


def test_a_changed_image_makes_its_runs_due_and_says_so(program: Program, data: Path) -> None:
    arguments = ["squares_width", "--data", str(data), "--json"]
    before = program.run("plan", *arguments)
    Image.new("RGB", (8, 8), "white").save(data / "squares" / "train" / "red" / "0.png")
    after = program.run("plan", *arguments)
    assert before.code == after.code == 0
    assert before.out != after.out


class _Truncating(BaseHTTPRequestHandler):
    """Promises a thousand bytes, and breaks off after a hundred."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 100)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("bytes_due", [1000, 100])
def test_a_truncated_download_is_refused_and_leaves_no_data_set(program: Program, bytes_due: int) -> None:
    program.patch.delenv("HF_HUB_OFFLINE")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Truncating)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    fetch = (
        "from benchsuite.api import Source\n\n        downloader.file("
        f"Source('http://127.0.0.1:{server.server_port}/a.zip', 'a.zip', sha256='0' * 64, bytes={bytes_due}), "
        "folder / 'a.zip')"
    )
    program.install("far-squares", TINY.replace('raise AssertionError("squares are not downloaded in tests")', fetch))
    program.suite(
        SUITE.replace("name: squares}", "name: 'far-squares:squares'}").replace(
            "{name: speck", "{name: 'far-squares:speck'"
        )
    )
    try:
        outcome = program.run("run", "squares_width", "--no-paper", "--policy", "real")
    finally:
        server.shutdown()
        server.server_close()
    outcome.refused("a.zip", "remedy")
    assert not (program.cache / "datasets" / "squares").exists()


@pytest.mark.parametrize(
    ("old", "method"),
    [('return "Speck"', "title"), ('return "@misc{speck, title={Speck}}"', "bibtex")],
)
def test_a_component_that_tells_no_text_is_named_before_anything_runs(program: Program, old: str, method: str) -> None:
    assert old in TINY
    for file in program.plugins.glob("*.py"):
        file.write_text(TINY.replace(old, "return None"))
    outcome = program.run("run", "squares_width", "--policy", "sample", "--no-estimate")
    outcome.refused(f"{method}() of the model speck gives NoneType", "tiny-squares", "mend")
    assert list(program.results.rglob("record.json")) == []


NEWER = (
    "run squares_width --no-paper --no-estimate", "plan squares_width", "paper squares_width", "show squares_width",
    "why squares_width", "verify squares_width", "predict squares_width a.png", "export squares_width -o out",
    "references squares_width", "gc", "gc --delete --weights none --unfinished",
)  # fmt: skip


@pytest.mark.parametrize("command", NEWER)
def test_results_of_a_newer_version_are_refused_by_every_command_and_kept(program: Program, command: str) -> None:
    known = registry()
    plan = smoke_plan(expand(read_suite("squares_width", known), known), known)
    store = Store(program.results / "squares_width@sample")
    for spec in plan.runs:
        path = store.folder(put_planned(store.root, spec, known, sample=True).key) / RECORD
        path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99, "news": "of tomorrow"}))
    before = {path: path.read_bytes() for path in sorted(store.root.rglob("*")) if path.is_file()}
    sample = () if command.startswith("gc") else ("--policy", "sample")
    program.run(*command.split(), *sample).refused("schema version 99", "newer benchsuite", str(store.root.name))
    assert {path: path.read_bytes() for path in before} == before


def test_results_of_a_newer_version_are_not_merged(program: Program) -> None:
    known = registry()
    plan = expand(read_suite("squares_width", known), known)
    store = Store(program.folder / "elsewhere")
    path = store.folder(put_planned(store.root, plan.runs[0], known).key) / RECORD
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema_version": 99}))
    program.run("merge", "elsewhere").refused("version 99", "remedy", code=1)
    assert not list(program.results.rglob(RECORD))
