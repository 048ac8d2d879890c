"""Pages say what the records say, in the same bytes each time, whatever is in the records."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import pytest

from benchsuite.paper.language.current import speaking
from benchsuite.paper.language.metrics import METRICS
from benchsuite.site.build import build_site
from benchsuite.site.gather import gather
from benchsuite.site.pages import pages
from benchsuite.site.run_pages import MOST_CLASSES
from benchsuite.store.record import Deviation
from benchsuite.store.run_store import Store
from benchsuite.suite.cases.plan import RunSpec
from support.paper_material import make_material
from support.runs import put_run
from support.search import make_search_material
from support.site import (
    CASES,
    CLAIMS,
    DUE,
    HOSTILE,
    SEEDS,
    make_reported,
    make_results,
    put_broken,
    put_failure,
    put_paper,
    tree,
)
from support.synthetic import make_case, make_environment, make_record

FOLDER = "/home/ada/fotos"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_results(tmp_path_factory.mktemp("pages") / "results")


@pytest.fixture(scope="module")
def site(results: Path) -> dict[str, str]:
    folder = results.parent / "site"
    build_site(results, folder)
    return {path: content.decode(errors="replace") for path, content in tree(folder).items()}


def made(results: Path, title: str = "Studies") -> dict[str, str]:
    """The pages of a results folder, without writing them."""
    return {page.path: page.make().decode(errors="replace") for page in pages(gather(results), title)}


class Reader(HTMLParser):
    """What a page is made of: tags that are open and not closed, addresses, identifiers, and texts."""

    VOID = frozenset({"meta", "link", "br", "input", "img"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.append(value or "")
            if name == "id":
                self.ids.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"


def html(site: dict[str, str]) -> dict[str, str]:
    return {path: text for path, text in site.items() if path.endswith(".html") and not path.endswith("paper.html")}


def words(text: str) -> str:
    """What a reader reads of a page."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_every_page_is_well_formed_and_every_link_leads_to_a_file_of_the_site(site: dict[str, str]) -> None:
    for path, text in html(site).items():
        read = Reader(text)
        assert read.open == [], path
        assert len(read.ids) == len(set(read.ids)), path
        for link in read.links:
            if link.startswith(("#", "data:")):
                continue
            assert not re.match(r"[a-z]+:|/", link), f"{path} links to {link}"
            assert urljoin(path, link).partition("#")[0] in site, f"{path} links to {link}"


def test_every_run_has_a_page_that_its_study_and_the_table_lead_to(results: Path, site: dict[str, str]) -> None:
    table = json.loads(site["runs.html"].split('id="runs">')[1].split("</script>")[0])
    found = gather(results).runs
    assert len(found) == CASES * SEEDS - DUE + 3
    assert {row[-1] for row in table["rows"]} == {run.page for run in found}
    for run in found:
        assert run.record.key in site[run.page]
    linked = [link for path in html(site) if "studies/" in path for link in Reader(site[path]).links]
    assert all(f"../../{run.page}" in linked for run in found)


def test_what_records_say_is_never_markup_nor_script(site: dict[str, str]) -> None:
    for path, text in html(site).items():
        read = Reader(text)
        assert read.tags.count("script") == (2 if path == "runs.html" else 1), path
        assert "img" not in read.tags
        assert read.handlers == []
    assert any(HOSTILE in unescape(text) for text in html(site).values())


def test_a_report_has_a_card_and_a_page_with_its_chain_and_its_studies_lead_to_it(tmp_path: Path) -> None:
    site = made(make_reported(tmp_path))
    assert set(html(site)) >= {"reports/both/index.html", "studies/step2/index.html"}
    assert {"reports/both/paper.html", "reports/both/paper.pdf"} <= set(site)
    assert "reports/both/index.html" in Reader(site["index.html"]).links
    assert "1 report" in words(site["index.html"])
    page, report = site["reports/both/index.html"], gather(tmp_path).reports[0]
    assert "A report on 2 studies with 6 finished runs" in words(page)
    assert "../../studies/step2/index.html" in Reader(page).links
    assert "../../reports/both/index.html" in Reader(site["studies/step2/index.html"]).links
    assert "../../reports/both/index.html" not in Reader(site["studies/beans_freeze/index.html"]).links
    chosen = report.told.chain[0].chosen.estimates["test_accuracy"]
    with speaking("en"):
        mean = METRICS["test_accuracy"].format(chosen.mean)
    assert f" {mean} " in words(page).partition("step1 step1 freeze_blocks=2")[2].partition("step2")[0]
    for path, text in html(site).items():
        read = Reader(text)
        assert read.open == [], path
        for link in read.links:
            if not link.startswith(("#", "data:")):
                assert urljoin(path, link).partition("#")[0] in site, f"{path} links to {link}"


def test_the_same_results_give_the_same_bytes_and_are_only_read(results: Path, site: dict[str, str]) -> None:
    before = tree(results)
    build_site(results, results.parent / "second")
    assert tree(results.parent / "second") == tree(results.parent / "site")
    assert tree(results) == before


def test_a_second_build_writes_nothing(tmp_path: Path) -> None:
    put_run(tmp_path / "results")
    written = build_site(tmp_path / "results", tmp_path / "site").tally.written
    before = tree(tmp_path / "site")
    again = build_site(tmp_path / "results", tmp_path / "site").tally
    assert (again.written, again.kept, again.removed) == (0, written, 0)
    assert tree(tmp_path / "site") == before


def test_of_a_new_run_only_what_tells_of_it_is_written(tmp_path: Path) -> None:
    results, folder = tmp_path / "results", tmp_path / "site"
    first = put_run(results, spec=RunSpec(suite="alone", case=make_case(0), seed=0))
    put_run(results, spec=RunSpec(suite="other", case=make_case(1), seed=0))
    build_site(results, folder)
    before = tree(folder)
    second = put_run(results, spec=RunSpec(suite="alone", case=make_case(0), seed=1))
    build_site(results, folder)
    after = tree(folder)
    changed = {path for path in after if after[path] != before.get(path)}
    runs = {f"runs/{first.key}.html", f"runs/{second.key}.html"}  # each names the other seeds of its case
    assert changed == {"index.html", "runs.html", "studies/alone/index.html", "benchsuite-site.json", *runs}


def test_pages_of_runs_that_are_gone_are_removed(tmp_path: Path) -> None:
    results, folder = tmp_path / "results", tmp_path / "site"
    put_run(results, spec=RunSpec(suite="alone", case=make_case(0), seed=0))
    gone = put_run(results / "alone@sample", spec=RunSpec(suite="alone", case=make_case(0), seed=0))
    build_site(results, folder)
    assert (folder / "runs" / "alone@sample" / f"{gone.key}.html").is_file()
    for path in sorted((results / "alone@sample").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    build_site(results, folder)
    assert not (folder / "runs" / "alone@sample").exists()
    assert not (folder / "studies" / "alone@sample").exists()


def test_the_index_tells_each_study_with_its_best_case_and_its_claims(results: Path, site: dict[str, str]) -> None:
    card = words(site["index.html"].split("<article")[1])
    study = gather(results).studies[0]
    best = max(study.findings.cases, key=lambda case: case.estimates["test_accuracy"].mean)
    estimate = best.estimates["test_accuracy"]
    assert "Un estudio de prueba" in card
    assert f"{CASES * SEEDS - DUE - 1} runs done, 1 failed, {DUE} due" in card
    assert f"Best test accuracy {100 * estimate.mean:.1f}%" in card
    with speaking("en"):
        assert words(METRICS["test_accuracy"].interval(estimate)) in card
    assert f"{best.case.name}, {estimate.n} seeds" in card
    assert "2 open" in card
    assert 'lang="es">Un estudio de prueba</a>' in site["index.html"]


def test_papers_are_copied_as_they_are(results: Path, site: dict[str, str]) -> None:
    for name in ("paper.html", "paper.pdf"):
        copied = (results.parent / "site" / "studies" / "beans_freeze" / name).read_bytes()
        assert copied == (results / "beans_freeze" / name).read_bytes()
    assert 'href="studies/beans_freeze/paper.pdf"' in site["index.html"]
    assert "studies/no_such_suite/paper" not in "".join(site)


def test_a_runs_page_tells_all_of_the_record(tmp_path: Path) -> None:
    record = put_run(tmp_path, blocks=1, seed=3)
    page = words(made(tmp_path)[f"runs/{record.key}.html"])
    assert record.test is not None
    assert record.best is not None
    assert record.cost is not None
    for said in (
        record.key,
        record.weights_hash,
        record.predictions_hash,
        *(file.sha256 for file in record.files.values()),
        "Beans: official",
        "all 1,295 checksums match",
        "resnet18-f37072fd.pth",
        "recipe.freeze.blocks (varied) 1",
        "recipe.max_epochs 30",
        record.environment.device_name,
        "torchvision 0.29.1",
        "241f5eb3e70172a070b7ee3dccd25f177a3461ce",
        f"epoch {record.best.epoch}, which validation chose",
        f"{len(record.epochs)} epochs as numbers",
        f"{100 * record.test.accuracy:.1f}%",
        f"Peak memory {record.cost.peak_memory_bytes / 2**20:,.1f} MiB",
        "benchsuite verify beans_freeze/freeze_blocks=1/3",
    ):
        assert said
        assert said in page, said
    for row in record.test.confusion:
        assert " ".join(map(str, row)) in page


def test_a_failed_runs_page_says_why_and_how_to_make_it(tmp_path: Path) -> None:
    record = put_failure(tmp_path, blocks=1)
    page = words(made(tmp_path)[f"runs/{record.key}.html"])
    assert "What the training loss became NaN in epoch 3" in page
    assert "What to do lower the learning rate" in page
    assert "benchsuite run beans_freeze" in page
    assert "<svg" not in page


def test_the_command_has_what_was_changed_of_the_study(tmp_path: Path) -> None:
    arguments = ("beans_freeze", "--seeds", "1", "--set", "recipe.max_epochs=2", "--policy", "sample")
    material = replace(make_material(cases=1, seeds=1, sample=True), study_arguments=arguments)
    put_paper(tmp_path / "beans_freeze@sample", material)
    record = put_run(tmp_path / "beans_freeze@sample", sample=True)
    page = words(made(tmp_path)[f"runs/beans_freeze@sample/{record.key}.html"])
    command = "benchsuite verify beans_freeze@sample/freeze_blocks=0/0 --seeds 1 --set recipe.max_epochs=2"
    assert command in page
    assert "--policy" not in page


def test_names_of_cases_are_quoted_for_the_shell(site: dict[str, str]) -> None:
    command = next(
        unescape(found[1])
        for text in html(site).values()
        if (found := re.search(r"<pre[^>]*>(benchsuite verify [^<]*script.*?)</pre>", text))
    )
    assert HOSTILE in shlex.split(command)[2]


def test_what_is_not_as_the_suite_asked_is_told(tmp_path: Path) -> None:
    deviations = (Deviation(kind="no cuda"), Deviation(kind="changed", detail="recipe.max_epochs = 2"))
    spec = RunSpec(suite="no_such_suite", case=make_case(), seed=0)
    record = put_run(tmp_path, spec=spec, deviations=deviations)
    page = words(made(tmp_path)[f"runs/{record.key}.html"])
    assert "no CUDA GPU: computed on the CPU" in page
    assert "changed: recipe.max_epochs = 2" in page
    assert "has to be given again, with --set" in page


def test_no_page_names_a_folder_of_this_machine(tmp_path: Path) -> None:
    case = make_case()
    case = case.model_copy(update={"dataset": case.dataset.model_copy(update={"parameters": {"folder": FOLDER}})})
    spec = RunSpec(suite="no_such_suite", case=case, seed=0)
    record = make_record(spec)
    assert record.dataset is not None
    told = record.dataset.model_copy(update={"evidence": f"looked at {FOLDER}/a.jpg"})
    put_run(tmp_path / "results", spec=spec, dataset=told)
    put_failure(tmp_path / "results", seed=1)
    put_broken(tmp_path / "results")
    text = "".join(made(tmp_path / "results").values())
    assert "/home/ada" not in text
    assert str(tmp_path) not in text
    assert "fotos" in text


def test_what_could_not_be_read_is_on_the_first_page(tmp_path: Path) -> None:
    keys = put_broken(tmp_path)
    page = words(made(tmp_path)["index.html"])
    assert "2 runs whose record is damaged, or not for this version" in page
    assert all(f"runs/{key}" in page for key in keys)
    assert "There are no runs in this results folder yet." in page


def test_of_many_classes_the_most_frequent_mistakes_are_told(tmp_path: Path) -> None:
    size = MOST_CLASSES + 1
    record = make_record(spec=RunSpec(suite="no_such_suite", case=make_case(), seed=0))
    assert record.test is not None
    confusion = tuple(tuple(9 if a == b else 7 if (a, b) == (3, 5) else 0 for b in range(size)) for a in range(size))
    changed = record.model_copy(update={"test": record.test.model_copy(update={"confusion": confusion})})
    Store(tmp_path).write(changed)
    page = made(tmp_path)[f"runs/{record.key}.html"]
    assert "3 taken for 5: 7" in words(page)
    assert "confusion" in page
    assert "<table class" not in page


def test_environments_may_tell_little(tmp_path: Path) -> None:
    record = put_run(tmp_path, environment=make_environment(git=None, packages={}, capability=None))
    page = made(tmp_path)[f"runs/{record.key}.html"]
    assert "Commit" not in page
    assert "packages" not in page


def test_the_site_is_english_whatever_its_papers_are(tmp_path: Path) -> None:
    record = put_run(tmp_path)
    with speaking("es"):
        found = made(tmp_path)
    page = words(found[f"runs/{record.key}.html"])
    assert re.search(r"Overfitting gap −?\d+\.\d points", page)
    assert re.search(r"Training rate \d+ images/s", page)
    assert not re.search(
        "puntos|imágenes|exactitud", " ".join(found[path] for path in found if path.startswith("runs/"))
    )


def test_titles_and_claims_say_their_language(tmp_path: Path) -> None:
    material = make_material(cases=2, seeds=2, claims=CLAIMS)
    paper = material.suite.paper.model_copy(update={"language": "en", "written_in": "es"})
    suite = material.suite.model_copy(update={"paper": paper})
    put_paper(tmp_path / "beans_freeze", replace(material, results=replace(material.results, suite=suite)))
    found = made(tmp_path)
    assert 'lang="es">Un estudio de prueba</a>' in found["index.html"]
    assert 'hreflang="en">Paper</a>' in found["index.html"]
    assert '<span lang="es">Se supera el azar &amp; más</span>' in found["studies/beans_freeze/index.html"]


def test_a_search_has_its_trials_and_counts_them(tmp_path: Path) -> None:
    material = make_search_material()
    put_paper(tmp_path / "beans_freeze", material)
    for record in material.results.records.values():
        Store(tmp_path).write(record)
    found = material.findings.search
    assert found is not None
    page = made(tmp_path)["studies/beans_freeze/index.html"]
    due = found.planned - found.done - found.failed + material.findings.planned
    assert f"{found.done} runs done" in words(page)
    assert f"{due} due" in words(page)
    assert f"Search {found.done} of {found.planned} runs of trials" in words(page)
    assert all(f"runs/{key}.html" in page for key in material.results.records)


def test_a_study_of_which_no_run_is_here_has_a_page(tmp_path: Path) -> None:
    put_paper(tmp_path / "beans_freeze", make_material(cases=2, seeds=2))
    found = made(tmp_path)
    assert "0 runs done, 4 due" in words(found["studies/beans_freeze/index.html"])
    assert "0 of 2 none none none" in words(found["studies/beans_freeze/index.html"])
    assert "Best" not in words(found["index.html"])
