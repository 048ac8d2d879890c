"""A paper carries all it was made from: built again from itself it has the same bytes, and changes are found."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from benchsuite.contracts.recipe import FreezePolicy, Optimizer, Phase
from benchsuite.errors import PaperError
from benchsuite.paper.build import build_paper
from benchsuite.paper.bundle import attachments
from benchsuite.paper.bundle.attachments import attached, pack, read_paper, unpack
from benchsuite.paper.bundle.consistency import inconsistencies
from benchsuite.paper.bundle.pdf_diff import differing_drawings, differing_words, words
from benchsuite.paper.context.material import PaperFiles, PaperMaterial
from benchsuite.paper.document.blocks import Drawing, Figure
from benchsuite.paper.document.numbering import number
from benchsuite.paper.rendering.pdf import render_pdf
from benchsuite.paper.sections.compose import compose
from support.paper_material import SAMPLE, make_material


def changed(material: PaperMaterial, **test: Any) -> PaperMaterial:
    """The material with a measure of the first record's test changed."""
    records = dict(material.results.records)
    key = next(iter(records))
    found = records[key]
    assert found.test is not None
    records[key] = found.model_copy(update={"test": found.test.model_copy(update=test)})
    return replace(material, results=replace(material.results, records=records))


def forged(told: PaperMaterial, carried: PaperMaterial) -> bytes:
    """A PDF that prints one thing and carries another."""
    document = compose(told)
    return render_pdf(replace(document, files=pack(carried)), number(document))


@pytest.fixture(scope="module")
def small() -> PaperMaterial:
    return make_material(cases=2, seeds=2)


@pytest.fixture(scope="module")
def honest(small: PaperMaterial) -> bytes:
    document = compose(small)
    return render_pdf(document, number(document))


@pytest.mark.slow
def test_built_again_from_itself_it_has_the_same_bytes(sample_paper: PaperFiles, tmp_path: Path) -> None:
    again = build_paper(unpack(attached(read_paper(sample_paper.pdf))), tmp_path)
    assert again.pdf.read_bytes() == sample_paper.pdf.read_bytes()
    assert again.html.read_bytes() == sample_paper.html.read_bytes()


def test_what_is_packed_comes_back_whole() -> None:
    material = make_material(**SAMPLE, claims=[{"id": "uno", "text": "Algo", "at_least": 0.5}])
    again = unpack(pack(material))
    assert again.findings == material.findings
    assert pack(again) == pack(material)
    assert again.suite.paper == material.suite.paper


def test_nothing_of_a_traceback_or_of_single_steps_leaves_the_machine() -> None:
    material = make_material(failed=[(0, 0)])
    key = next(iter(material.results.records))
    record = material.results.records[key]
    assert record.failure is not None
    secret = record.model_copy(
        update={"failure": record.failure.model_copy(update={"traceback": "File '/home/ada/x.py'"})}
    )
    material = replace(material, results=replace(material.results, records={**material.results.records, key: secret}))
    told = json.loads(pack(material)["results.json"])
    assert "/home/ada" not in json.dumps(told)
    assert all(record["steps"] == [] for record in told["records"])


def test_no_folder_of_the_machine_leaves_it_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/qxada lovelace")
    material = make_material(failed=[(0, 0)])
    failed, done = list(material.results.records.values())[:2]
    assert failed.failure is not None
    assert done.dataset is not None
    told = {
        "what": "the photo /mnt/qxada/qxhojas/1.jpg cannot be decoded",
        "where": "C:\\Users\\qxada\\plugin.py:3, see https://example.org/a/b",
        "remedy": "look at /home/qxada lovelace/secret/log.txt and train/c0/2.jpg",
    }
    secret = {
        failed.key: failed.model_copy(update={"failure": failed.failure.model_copy(update=told)}),
        done.key: done.model_copy(
            update={"dataset": done.dataset.model_copy(update={"evidence": "found in '/mnt/qxada/qxhojas/train'"})}
        ),
    }
    material = replace(material, results=replace(material.results, records={**material.results.records, **secret}))
    packed = pack(material)
    for private in ("qxada", "lovelace", "secret", "qxhojas"):
        assert private.encode() not in packed["results.json"]
    for kept in (
        "…/1.jpg cannot be decoded",
        "…/plugin.py:3",
        "https://example.org/a/b",
        "…/log.txt",
        "train/c0/2.jpg",
    ):
        assert kept.encode() in packed["results.json"]
    monkeypatch.setenv("HOME", "/")
    assert pack(unpack(packed)) == packed


def test_records_that_follow_from_each_other_have_no_faults(small: PaperMaterial) -> None:
    assert inconsistencies(small) == []


@pytest.mark.parametrize(
    ("test", "fault"),
    [
        ({"accuracy": 0.999}, "on the diagonal"),
        ({"macro_f1": 0.999}, "from its confusion matrix"),
        ({"confusion": ((43, 0, 0), (0, 43, 0), (0, 0, 42)), "accuracy": 1.0, "macro_f1": 1.0}, "images right"),
    ],
)
def test_records_that_contradict_themselves_are_found(small: PaperMaterial, test: Any, fault: str) -> None:
    found = inconsistencies(changed(small, **test))
    assert len(found) == 1
    assert fault in found[0]


def test_a_changed_parameter_no_longer_gives_its_key(small: PaperMaterial) -> None:
    key, record = next(iter(small.results.records.items()))
    other = record.model_copy(update={"key_fields": {**record.key_fields, "seed": 99}})
    records = {**small.results.records, key: other}
    found = inconsistencies(replace(small, results=replace(small.results, records=records)))
    assert "its key is not the hash of its fields" in found[0]


@pytest.mark.slow
def test_a_number_that_the_results_do_not_give_is_found_with_its_page(small: PaperMaterial, honest: bytes) -> None:
    assert differing_words(honest, honest) == []
    better = forged(changed(small, accuracy=0.5), small)
    found = differing_words(better, honest)
    assert any("," in one.printed and one.printed != one.recomputed for one in found)
    assert {one.page for one in found} <= set(range(1, len(words(honest)) + 1))


def test_words_in_figures_count(honest: bytes) -> None:
    told = " ".join(word for page in words(honest) for word in page)
    assert "Pérdida" in told
    assert "mancha angular" in told


def bluer(figure: Figure, _: str) -> Drawing:
    return replace(figure.drawing, svg=figure.drawing.svg.replace("#0072b2", "#0072b3"))


def test_a_drawing_that_the_results_do_not_give_is_found(small: PaperMaterial, honest: bytes) -> None:
    document = compose(small)
    body = tuple(
        replace(block, draw=partial(bluer, block)) if isinstance(block, Figure) and block.id == "fig-loss" else block
        for block in document.body
    )
    before, after = (
        next(b.drawing for b in all_ if getattr(b, "id", "") == "fig-loss") for all_ in (document.body, body)
    )
    assert before != after
    lie = render_pdf(replace(document, body=body), number(document))
    assert differing_words(lie, honest) == []
    assert differing_drawings(lie, honest) != []
    assert differing_drawings(honest, honest) == []


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no results are attached"),
        ({"results.json": b"{}"}, "have format None"),
        ({"results.json": b'{"schema": 2}'}, "cannot be read"),
        ({"results.json": b'{"schema": 3}'}, "cannot be read"),
        ({"results.json": b'{"schema": 4}'}, "have format 4"),
        ({"results.json": b"["}, "cannot be read"),
        ({"results.json": b"\xff"}, "cannot be read"),
        ({"results.json": b"[1]"}, "cannot be read"),
    ],
)
def test_attachments_that_are_not_ours_are_refused(files: dict[str, bytes], message: str) -> None:
    with pytest.raises(PaperError, match=message):
        unpack(files)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\nnothing", b"hello", b"%PDF-" + bytes(2000)])
def test_files_that_are_no_papers_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.pdf"
    file.write_bytes(content)
    with pytest.raises(PaperError):
        unpack(attached(read_paper(file)))


def test_a_paper_of_format_2_is_read_and_its_records_are_migrated(small: PaperMaterial) -> None:
    files = pack(small)
    content = json.loads(files["results.json"]) | {"schema": 2}
    for record in content["records"]:
        record["schema_version"] = 2
        for name in ("capability", "torch", "torchvision", "numpy", "pillow", "deterministic"):
            del record["environment"][name]
    old = unpack(files | {"results.json": json.dumps(content).encode()})
    assert old.results.records == unpack(files).results.records


def test_a_paper_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PaperError, match="cannot be read"):
        read_paper(tmp_path / "nowhere.pdf")


def test_results_are_written_as_json_writes_them() -> None:
    text = pack(make_material(**SAMPLE, failed=[(0, 0)]))["results.json"].decode()
    content = json.loads(text)
    assert len(content["records"]) > 1
    assert text == json.dumps(content, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n"


def test_what_a_paper_may_unpack_to_grows_with_it(honest: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    assert attachments.most_unpacked(1000) == attachments.LARGEST
    unpacked = sum(map(len, attached(honest).values()))
    monkeypatch.setattr(attachments, "LARGEST", unpacked // 2)
    assert attachments.most_unpacked(len(honest)) > unpacked, "records of one study repeat each other"
    attached(honest)
    monkeypatch.setattr(attachments, "UNPACKS", unpacked // 2 // len(honest))
    with pytest.raises(PaperError, match="it unpacks to more than"):
        attached(honest)


def test_what_only_some_papers_have_is_attached_where_it_is() -> None:
    plain = replace(make_material(), normalisation=None)
    content = json.loads(pack(plain)["results.json"])
    assert not {"normalisation", "source", "phases"} & content.keys()
    assert "further" not in content["suite"]["paper"]
    optimizer = Optimizer("adam", 0.1, {"betas": (0.9, 0.95), "weight_decay": 0.0})
    phases = {
        "freeze_blocks=0": (Phase("head", 5, 32, optimizer, FreezePolicy(train_last=1)), Phase("all", 5, 32, optimizer))
    }
    asking = replace(make_material({"further": ["fig-source"]}), source="def build(): ...", phases=phases)
    again = unpack(pack(asking))
    assert again.phases == phases
    assert (again.normalisation, again.source) == (asking.normalisation, asking.source)
    assert again.suite.paper.further == ("fig-source",)
