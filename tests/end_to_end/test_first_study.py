"""From a folder of photos to a paper about it in three commands and no editor; then one's own model in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pypdf import PdfReader

from support.fresh import shell

NETWORK = '''
from benchsuite.api import Model, Parameters


class Mine(Model):
    """A network of one's own."""

    name = "mine"
    Parameters = Parameters

    def title(self, params):
        return "Mi red"

    def bibtex(self, params):
        return ""

    def build(self, params, task):
        from torch import nn

        return nn.Sequential(nn.Conv2d(3, 8, 3, stride=4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, task.classes))

    def stages(self, module):
        from torch import nn

        return {"body": module[:4], "head": module[4]}
'''  # noqa: E501


def draw(home: Path) -> None:
    """Photos of discs and of bars, in folders of their own."""
    chance = np.random.default_rng(0)
    for label in ("discos", "barras"):
        for number in range(24):
            ground = chance.integers(60, 120, (96, 128, 3), np.uint8)
            picture = Image.fromarray(ground)
            x, y, half = (int(value) for value in chance.integers((30, 30, 12), (98, 66, 24)))
            box = (x - half, y - half, x + half, y + half) if label == "discos" else (x - half, y - 4, x + half, y + 4)
            pen = ImageDraw.Draw(picture)
            (pen.ellipse if label == "discos" else pen.rectangle)(box, fill=(230, 200, int(chance.integers(255))))
            (home / label).mkdir(parents=True, exist_ok=True)
            picture.save(home / label / f"{number:02d}.jpg")


@pytest.mark.slow
def test_three_commands_make_a_paper_of_a_folder_of_photos(tmp_path: Path) -> None:
    user = shell(tmp_path)
    draw(user.folder / "photos")

    def run(command: str) -> str:
        done = user.run(command)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    assert "every image can be decoded" in run("benchsuite inspect data photos")
    assert "benchsuite run shapes" in run("benchsuite new suite shapes --data photos")
    said = run("benchsuite run shapes --seeds 2 --set recipe.max_epochs=2 --set dataset.image_size=64")
    assert "MobileNetV3-Small, seed 1: test accuracy" in said
    pages = PdfReader(user.folder / "results" / "shapes" / "paper.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    for words in ("Comparación de ResNet18 y MobileNetV3-Small en el conjunto photos", "Los modelos alcanzan casi"):
        assert words in text, words
    assert "torchvision mobilenet" not in text

    (user.folder / "mine.py").write_text(NETWORK)
    suite = user.folder / "suites" / "shapes.yaml"
    changed = suite.read_text(encoding="utf-8").replace(
        "    - {name: torchvision, architecture: mobilenet_v3_small}\n", "    - {name: mine}\n"
    )
    suite.write_text(changed, encoding="utf-8")
    again = "--plugins mine.py --seeds 2 --set recipe.max_epochs=2 --set dataset.image_size=64"
    run(f"benchsuite run shapes {again}")
    pages = PdfReader(user.folder / "results" / "shapes" / "paper.pdf").pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert "Comparación de ResNet18 y Mi red en el conjunto photos" in text
    done = json.loads(user.run(f"benchsuite references shapes {again} --json 2>/dev/null").stdout)
    says = {one["reference"]: one["says"] for one in done}
    assert "%" in says["{{test_accuracy Mi red}}"]
