"""A network for other programs: the file says what it is, computes what torch computes, and has its card."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import yaml

from benchsuite.store.record import RunRecord
from benchsuite.store.run_store import WEIGHTS, Store
from support.program import Program
from support.trained import CLASSES

pytestmark = pytest.mark.slow


def record_of(study: Program, case: str) -> RunRecord:
    """The run of a case that did best in validation."""

    def standing(one: RunRecord) -> tuple[float, float]:
        assert one.best is not None
        return one.best.validation_accuracy, -one.best.validation_loss

    return max((one for one in Store(study.results).records() if one.spec.case.name == case), key=standing)


def check_metadata(told: dict[str, str], record: RunRecord) -> None:
    assert record.test is not None
    assert told["key"] == record.key
    assert json.loads(told["classes"]) == list(CLASSES)
    assert json.loads(told["preprocessing"])["size"] == [16, 16]
    assert json.loads(told["metrics"])["test"]["accuracy"] == record.test.accuracy
    assert json.loads(told["data"]).keys() == {"title", "provenance", "licence"}
    assert json.loads(told["versions"])["torch"] == record.environment.packages["torch"]


def test_safetensors_have_the_runs_weights_and_say_what_they_are(study: Program) -> None:
    from safetensors import safe_open

    record = record_of(study, "whole")
    stored = (study.results / "runs" / record.key / WEIGHTS).read_bytes()
    outcome = study.run("export", "colours/whole", "-o", "out")
    assert outcome.code == 0, outcome.err
    with safe_open("out/model.safetensors", "numpy") as file:
        check_metadata(file.metadata(), record)
        exported = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    with safe_open(study.results / "runs" / record.key / WEIGHTS, "numpy") as file:
        assert not file.metadata(), "what lies in the results has the checksum that its record lists"
        assert exported.keys() == set(file.keys())
        for name, tensor in exported.items():
            assert tensor.tobytes() == file.get_tensor(name).tobytes()
    assert (study.results / "runs" / record.key / WEIGHTS).read_bytes() == stored


def test_a_torch_program_computes_the_stored_predictions_without_benchsuite(study: Program) -> None:
    import torch

    record = record_of(study, "frozen")
    outcome = study.run("export", "colours/frozen", "--format", "torch", "-o", "out")
    assert outcome.code == 0, outcome.err
    assert "on the test split its probabilities differ from torch's by at most" in outcome.err
    extra = {"metadata.json": ""}
    network = torch.export.load("out/model.pt2", extra_files=extra).module()
    told = json.loads(extra["metadata.json"])
    check_metadata(told, record)
    probabilities = network(test_images(study, json.loads(told["preprocessing"]))).softmax(1).detach().numpy()
    close_to_stored(study, record, probabilities)


def test_onnx_computes_them_in_another_runtime_and_any_number_at_once(study: Program) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    for case in ("whole", "flat"):
        record = record_of(study, case)
        outcome = study.run("export", f"colours/{case}", "--format", "onnx", "-o", "out")
        assert outcome.code == 0, outcome.err
        session = onnxruntime.InferenceSession("out/model.onnx")
        told = session.get_modelmeta().custom_metadata_map
        check_metadata(told, record)
        images = test_images(study, json.loads(told["preprocessing"])).numpy()
        logits = [session.run(["logits"], {"images": part})[0] for part in (images[:1], images[1:])]
        raised = np.exp(np.concatenate(logits).astype(np.float64))
        close_to_stored(study, record, raised / raised.sum(axis=1, keepdims=True))


def test_images(study: Program, preprocessing: dict[str, object]) -> object:
    """The test photos as somebody prepares them who has nothing but the metadata."""
    import torch
    from PIL import Image

    height, width = preprocessing["size"]  # type: ignore[misc]
    mean, std = (np.array(preprocessing[name], np.float32)[:, None, None] for name in ("mean", "std"))
    found = []
    for name in sorted(CLASSES):
        for path in sorted(Path("photos/test", name).glob("*.jpg")):
            picture = Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BILINEAR)
            found.append((np.asarray(picture, np.float32).transpose(2, 0, 1) * preprocessing["scale"] - mean) / std)
    return torch.from_numpy(np.stack(found).astype(np.float32))


test_images.__test__ = False  # type: ignore[attr-defined]


def close_to_stored(study: Program, record: RunRecord, probabilities: np.ndarray) -> None:
    """To float32, or to bf16 where the processor has it and the run computed so."""
    tolerance = 1e-4 if record.environment.precision == "fp32" else 0.03
    stored = Store(study.results).read_predictions(record).test_probabilities
    np.testing.assert_allclose(probabilities, stored, atol=tolerance)


def test_the_card_has_the_tables_of_the_paper_and_metadata_that_the_hub_reads(study: Program) -> None:
    record = record_of(study, "whole")
    assert study.run("export", "colours/whole", "-o", "out").code == 0
    card = Path("out/README.md").read_text(encoding="utf-8")
    _, front, body = card.split("---\n", 2)
    (entry,) = yaml.safe_load(front)["model-index"]
    assert record.test is not None
    assert {"type": "accuracy", "value": record.test.accuracy} in entry["results"][0]["metrics"]
    assert "**Resultados por configuración**" in body
    for words in ("whole", "frozen", "flat", record.key, "## Procedencia y licencia", "Licencia de los datos"):
        assert words in body
    for number, name in enumerate(CLASSES):
        assert f"{number}. {name}" in body
    rows = [line for line in body.splitlines() if line.startswith("|")]
    tables = re.findall(r"(?:^\|.*\n)+", body, re.M)
    assert sum(table.count("\n") for table in tables) == len(rows)
    for table in tables:
        widths = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(widths) == 1, table
    assert not re.search(r"\{\{|\[\[|\\\\", body), "nothing of the paper's grammar is left"


def test_without_the_study_the_card_tells_of_the_run_alone(study: Program) -> None:
    record = record_of(study, "whole")
    (study.folder / "suites" / "colours.yaml").unlink()
    assert study.run("export", record.key).code == 0
    card = Path(f"exported/colours-{record.key[:12]}/README.md").read_text(encoding="utf-8")
    assert record.key in card
    assert "Resultados por configuración" not in card


def test_without_the_data_a_program_is_refused_and_weights_are_not(study: Program) -> None:
    (study.folder / "photos").rename(study.folder / "elsewhere")
    study.run("export", "colours/whole", "--format", "torch", "-o", "out").refused("photos", "--format safetensors")
    assert not Path("out").exists()
    assert study.run("export", "colours/whole", "-o", "out").code == 0


ODD = '''
"""A network with an operation that ONNX lacks, or with code that cannot be followed."""

from typing import Literal

import torch
from torch import nn

from benchsuite.api import Model, Parameters


class Bessel(nn.Module):
    def forward(self, x):
        return x + torch.special.bessel_j0(x.detach().float()).to(x.dtype)


class Deciding(nn.Module):
    def forward(self, x):
        return x + 1 if x.is_meta or float(x.sum()) > 0 else x - 1


class OddParameters(Parameters):
    part: Literal["bessel", "deciding"] = "bessel"
    """What is odd about it."""


class Odd(Model[OddParameters]):
    """A convolution, an odd part and a linear layer."""

    name = "odd"
    Parameters = OddParameters

    def title(self, params):
        return "Odd"

    def bibtex(self, params):
        return "@misc{odd, title={Odd}}"

    def build(self, params, task):
        part = Bessel() if params.part == "bessel" else Deciding()
        head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, task.classes))
        network = nn.Sequential()
        network.add_module("stem", nn.Sequential(nn.Conv2d(3, 2, 3), part))
        network.add_module("head", head)
        return network

    def stages(self, module):
        return dict(module.named_children())
'''
ODD_SUITE = """
name: odd_ones
title: Redes raras
size: {cases: 2, seeds: 1}
dataset: {name: squares}
model: {name: odd}
recipe: {name: finetune, max_epochs: 1, batch_size: 4}
plugins: [odd.py]
vary:
  model.part: [bessel, deciding]
seeds: 1
paper:
  authors: [{name: Ada Ejemplo}]
  abstract: Un estudio mínimo sobre {{seeds}}.
"""


def test_what_a_format_cannot_say_is_refused_with_the_operation_and_the_other_formats(program: Program) -> None:
    pytest.importorskip("onnxscript")
    program.suite(ODD_SUITE, "odd_ones")
    (program.folder / "suites" / "odd.py").write_text(ODD)
    made = program.run("run", "odd_ones", "--policy", "sample", "--no-paper", "--no-estimate")
    assert made.code == 0, made.err

    def export(case: str, format: str) -> object:
        return program.run("export", f"odd_ones@sample/part={case}", "--format", format, "-o", f"{case}-{format}")

    export("bessel", "onnx").refused("it has no prims.bessel_j0", "--format safetensors or --format torch")  # type: ignore[attr-defined]
    assert not list(program.folder.glob("bessel-onnx/*"))
    assert export("bessel", "torch").code == 0  # type: ignore[attr-defined]
    export("deciding", "torch").refused("cannot say this network", "--format safetensors")  # type: ignore[attr-defined]
    assert export("deciding", "safetensors").code == 0  # type: ignore[attr-defined]
    assert "MUESTRA SINTÉTICA" in (program.folder / "deciding-safetensors" / "README.md").read_text(encoding="utf-8")


class Hub(BaseHTTPRequestHandler):
    """What of the Hugging Face Hub a push meets; it keeps what it was given."""

    pushed: dict[str, bytes]
    refuses: bool

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.refuses:
            return self._answer(401, {"error": "Invalid username or password."})
        if self.path == "/api/repos/create":
            return self._answer(200, {"url": f"{self._home()}/ada/colours", "name": "ada/colours"})
        if self.path.endswith("/preupload/main"):
            files = [
                {"path": one["path"], "uploadMode": "regular", "shouldIgnore": False}
                for one in json.loads(content)["files"]
            ]
            return self._answer(200, {"files": files})
        if self.path.endswith("/commit/main"):
            for line in content.splitlines():
                told = json.loads(line)
                if told["key"] == "file":
                    self.pushed[told["value"]["path"]] = base64.b64decode(told["value"]["content"])
            commit = {
                "success": True,
                "commitOid": "0" * 40,
                "commitUrl": f"{self._home()}/ada/colours/commit/{'0' * 40}",
            }
            return self._answer(200, commit)
        return self._answer(200, {"errors": [], "warnings": []})  # of the card's metadata

    def do_GET(self) -> None:
        self._answer(200, {"id": "ada/colours", "sha": "0" * 40, "siblings": []})

    def _home(self) -> str:
        return f"http://{self.headers['Host']}"

    def _answer(self, code: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(params=[False, True], ids=["takes", "refuses"])
def hub(request: pytest.FixtureRequest) -> Iterator[ThreadingHTTPServer]:
    handler = type("OwnHub", (Hub,), {"pushed": {}, "refuses": request.param})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def test_a_push_brings_the_file_and_its_card_to_the_hub(study: Program, hub: ThreadingHTTPServer) -> None:
    """By the Hub's own client, which speaks to a server on this machine."""
    done = subprocess.run(
        [sys.executable, "-m", "benchsuite", "export", "colours/flat", "-o", "out", "--hub", "ada/colours"],
        env={
            **os.environ,
            "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": "hf_of_nobody",
            "HF_HOME": str(study.folder / "hf"),
            "no_proxy": "127.0.0.1",
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    handler = hub.RequestHandlerClass
    assert isinstance(handler, type)
    if handler.refuses:  # type: ignore[attr-defined]
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert "cannot be pushed" in done.stderr
        assert "hf auth login" in done.stderr
        assert Path("out/model.safetensors").is_file(), "what was written stays"
        return
    assert done.returncode == 0, done.stderr
    pushed = handler.pushed  # type: ignore[attr-defined]
    assert pushed == {name: Path("out", name).read_bytes() for name in ("README.md", "model.safetensors")}
