"""What a trained network takes photos for: bit for bit what the run had stored, and one screen for what is no photo."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from benchsuite.commands.completion import complete_case
from benchsuite.contracts.dataset import Dataset
from benchsuite.registry import registry
from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import PREDICTIONS, RECORD, WEIGHTS, Store
from support.program import Program
from support.trained import CASES, CLASSES


def test_photos(study: Program) -> list[str]:
    """The photos of the test split, in the order of its index."""
    entry = registry().dataset("image_folder")
    index = cast(Dataset[Any], entry.component).index(entry.parse({"folder": "photos"}), study.folder / "photos")
    return [f"photos/{name}" for name in index.test.images.names]


test_photos.__test__ = False  # type: ignore[attr-defined]


def records(study: Program, case: str) -> list[RunRecord]:
    return sorted(
        (one for one in Store(study.results).records() if one.spec.case.name == case), key=lambda one: one.spec.seed
    )


def predicted(study: Program, *arguments: str) -> dict[str, Any]:
    outcome = study.run("predict", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def matrix(answer: dict[str, Any]) -> np.ndarray:
    return np.array([[photo["probabilities"][name] for name in CLASSES] for photo in answer["photos"]], np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_photos_of_the_test_split_get_the_stored_predictions_bit_for_bit(study: Program, case: str) -> None:
    photos = test_photos(study)
    assert len(photos) > 64, "more than one batch"
    for record in records(study, case):
        answer = predicted(study, f"colours/{case}/{record.spec.seed}", *photos)
        assert answer["runs"] == [{"key": record.key, "seed": record.spec.seed}]
        stored = Store(study.results).read_predictions(record).test_probabilities
        assert matrix(answer).tobytes() == stored.tobytes()
        assert [photo["class"] for photo in answer["photos"]] == [CLASSES[i] for i in stored.argmax(axis=1)]


@pytest.mark.slow
def test_a_study_means_its_best_case_and_seed_by_validation_and_an_ensemble_the_mean_of_all(study: Program) -> None:
    means = {
        case: np.mean([one.best.validation_accuracy for one in records(study, case) if one.best]) for case in CASES
    }
    photos = test_photos(study)
    answer = predicted(study, "colours", *photos)
    assert means[answer["case"]] == max(means.values())
    named = records(study, "whole")
    first = max(
        named, key=lambda one: (one.best.validation_accuracy, -one.best.validation_loss) if one.best else (0, 0)
    )
    assert predicted(study, "colours/whole", *photos[:2])["runs"] == [{"key": first.key, "seed": first.spec.seed}]
    answer = predicted(study, "colours/whole", *photos, "--ensemble")
    assert {run["seed"] for run in answer["runs"]} == {0, 1}
    stored = [Store(study.results).read_predictions(record).test_probabilities for record in named]
    assert matrix(answer).tobytes() == np.mean(stored, axis=0, dtype=np.float64).astype(np.float32).tobytes()


@pytest.mark.slow
def test_no_metric_of_the_test_split_chooses_the_case(study: Program) -> None:
    """Records that tell nothing of the test split give the same choice."""
    before = predicted(study, "colours", "photos/test/blue")["runs"]
    for case in CASES:
        for record in records(study, case):
            path = study.results / "runs" / record.key / RECORD
            content = json.loads(path.read_text())
            content["test"] = None
            content["files"].pop(PREDICTIONS)
            content["predictions_hash"] = None
            path.write_text(json.dumps(content))
    assert predicted(study, "colours", "photos/test/blue")["runs"] == before


@pytest.mark.slow
def test_the_main_process_imports_no_torch(study: Program) -> None:
    code = (
        "import sys; from benchsuite.cli import app\n"
        "try: app(['predict', 'colours/whole', 'photos/test/red', '--json', '--html', 'page.html'])\n"
        "except SystemExit as leaving: assert not leaving.code, leaving.code\n"
        "assert 'torch' not in sys.modules, 'torch'"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["photos"]) == 35
    page = Path("page.html").read_text(encoding="utf-8")
    assert page.count("<img") == 2 * 35
    assert "Grad-CAM" in page


@pytest.mark.slow
def test_a_network_without_maps_has_a_page_without_heat_maps(study: Program) -> None:
    assert study.run("predict", "colours/flat", "photos/test/red", "--html", "flat.html").code == 0
    page = Path("flat.html").read_text(encoding="utf-8")
    assert page.count("<img") == 35
    assert "There are no heat maps" in page


def odd_photos(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    draw = np.random.default_rng(0)
    rgb = Image.fromarray(draw.integers(0, 256, (20, 30, 3), dtype=np.uint8))
    yield "cmyk.jpg", rgb.convert("CMYK")
    yield "grey.png", rgb.convert("L")
    yield "palette.png", rgb.convert("P")
    glass = rgb.convert("P")
    glass.info["transparency"] = bytes(256)
    yield "palette-alpha.png", glass
    clear = rgb.convert("RGBA")
    clear.putalpha(0)
    yield "alpha.png", clear


@pytest.mark.slow
def test_photos_of_other_modes_are_taken_as_a_run_takes_them_and_what_is_none_is_named(study: Program) -> None:
    folder = study.folder / "odd"
    folder.mkdir()
    for name, picture in odd_photos(folder):
        picture.save(folder / name)
    Image.new("RGB", (30, 20), "white").save(folder / "white.png")
    answer = {
        Path(one["photo"]).name: one["probabilities"] for one in predicted(study, "colours/whole", "odd")["photos"]
    }
    assert sorted(answer) == ["alpha.png", "cmyk.jpg", "grey.png", "palette-alpha.png", "palette.png", "white.png"]
    for clear in ("alpha.png", "palette-alpha.png"):
        assert answer[clear] == pytest.approx(answer["white.png"], abs=1e-6), "what is transparent lies on white"

    (folder / "notes.txt").write_text("no photo")
    assert len(predicted(study, "colours/whole", "odd")["photos"]) == 6, "in a folder only photos are looked at"
    deep = folder / "deep.png"
    Image.fromarray(np.full((20, 30), 40_000, np.uint16)).save(deep)
    outcome = study.run("predict", "colours/whole", "odd/notes.txt", "odd/deep.png", "odd/white.png")
    outcome.refused("odd/notes.txt", "it is no image file", "odd/deep.png", "more than 8 bits", "--skip-broken")
    kept = predicted(study, "colours/whole", "odd/notes.txt", "odd/deep.png", "odd/white.png", "--skip-broken")
    assert [photo["photo"] for photo in kept["photos"]] == ["odd/white.png"]
    assert kept["left_out"] == ["odd/notes.txt", "odd/deep.png"]
    study.run("predict", "colours/whole", "odd/absent.png").refused("absent.png", "No such file")
    (study.folder / "empty").mkdir()
    study.run("predict", "colours/whole", "empty").refused("no photo lies in this folder")


@pytest.mark.slow
def test_a_name_that_means_no_trained_network_is_told_with_what_there_is(study: Program) -> None:
    photo = "photos/test/red"
    study.run("predict", "colours/hole", photo).refused("no record of 'colours/hole'", "flat, frozen, whole")
    study.run("predict", "clours", photo).refused("no record of 'clours'", "colours")
    shutil.rmtree(study.results)
    study.run("predict", "colours", photo).refused("no record of 'colours'", "benchsuite run colours")


@pytest.mark.slow
def test_weights_that_are_gone_or_anothers_are_told(study: Program) -> None:
    photo = "photos/test/red"
    first, second = records(study, "whole")
    gone = study.results / "runs" / first.key / WEIGHTS
    kept = gone.read_bytes()
    gone.unlink()
    outcome = study.run("predict", "colours/whole/0", photo)
    outcome.refused("no record", WEIGHTS)
    assert predicted(study, "colours/whole", photo)["runs"] == [{"key": second.key, "seed": 1}]

    path = gone.with_name(RECORD)
    content = json.loads(path.read_text())
    content["files"].pop(WEIGHTS)  # as where they were never brought home
    path.write_text(json.dumps(content))
    study.run("predict", "colours/whole/0", photo).refused(
        "weights of this run are not here", "copy it", f"{first.key}/{WEIGHTS}"
    )
    gone.write_bytes((study.results / "runs" / second.key / WEIGHTS).read_bytes())
    study.run("predict", "colours/whole/0", photo).refused("not those that the record tells of")
    gone.write_bytes(kept[:200])
    study.run("predict", "colours/whole/0", photo).refused("cannot be read")


@pytest.mark.slow
def test_a_run_that_failed_says_why(program: Program) -> None:
    program.run(
        "run", "squares_width", "--policy", "sample", "--no-paper", "--set", "model.fault=build", "--seeds", "1"
    )
    outcome = program.run("predict", "squares_width", "x.png", "--policy", "sample", "--set", "model.fault=build")
    outcome.refused("none is done", "the bolt is loose", "benchsuite show")


@pytest.mark.slow
def test_code_that_changed_since_the_run_is_told(study: Program) -> None:
    record = records(study, "flat")[0]
    path = study.results / "runs" / record.key / RECORD
    content = json.loads(path.read_text())
    content["key_fields"]["code"]["benchsuite_plugins.models.mlp"] = "0" * 64
    content["environment"]["torch"] = "2.0.0"
    path.write_text(json.dumps(content))
    told = study.run("predict", record.key, "photos/test/red").err
    assert "the code of benchsuite_plugins.models.mlp, which has changed" in told
    assert "(the run: 2.0.0)" in told


def test_the_shell_completes_suites_and_their_cases(program: Program) -> None:
    assert complete_case("squares") == ["squares_width"]
    assert complete_case("squares_width/width") == ["squares_width/width=2", "squares_width/width=4"]
    assert complete_case("nothing/") == []
