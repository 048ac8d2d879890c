"""The folder of a site holds what was built, all of it, and nothing of anybody else is ever touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchsuite.errors import StoreError
from benchsuite.file_locks import FileLock
from benchsuite.site.folder import LIST, LOCK, Page, SiteFolder, Tally, _own
from support.site import tree


def page(path: str, content: str = "x") -> Page:
    return Page(path, f"order of {content}", content.encode)


def refuse_to_make() -> bytes:
    raise AssertionError("a page that stands is not made again")


def update(root: Path, *pages: Page) -> Tally:
    return SiteFolder(root).update(pages)


def pages_of(root: Path) -> dict[str, bytes]:
    return {path: content for path, content in tree(root).items() if path not in (LIST, LOCK)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "site"


def test_pages_are_written_and_those_that_stand_are_not_made_again(root: Path) -> None:
    assert update(root, page("index.html"), page("a/b/c.html")) == Tally(2, 0, 0)
    before = tree(root)
    assert set(pages_of(root)) == {"index.html", "a/b/c.html"}
    stamps = {path: (root / path).stat().st_mtime_ns for path in before}
    standing = [Page(one, "order of x", refuse_to_make) for one in ("index.html", "a/b/c.html")]
    assert update(root, *standing) == Tally(0, 2, 0)
    assert tree(root) == before
    assert {path: (root / path).stat().st_mtime_ns for path in before if path != LOCK} == {
        path: stamp for path, stamp in stamps.items() if path != LOCK
    }


def test_what_has_changed_is_written_and_what_is_gone_is_removed_with_its_folder(root: Path) -> None:
    update(root, page("index.html"), page("a/b/c.html"), page("d.html"))
    assert update(root, page("index.html", "new"), page("d.html")) == Tally(1, 1, 1)
    assert pages_of(root) == {"index.html": b"new", "d.html": b"x"}
    assert not (root / "a").exists()


def test_other_files_beside_the_site_are_left_alone(root: Path) -> None:
    update(root, page("a/b.html"))
    (root / "CNAME").write_text("lab.example")
    (root / "a" / "mine.txt").write_text("mine")
    assert update(root, page("index.html")) == Tally(1, 0, 1)
    assert pages_of(root) == {"index.html": b"x", "CNAME": b"lab.example", "a/mine.txt": b"mine"}


def test_a_folder_that_holds_anything_else_is_refused(root: Path) -> None:
    root.mkdir()
    (root / "thesis.tex").write_text("mine")
    with pytest.raises(StoreError, match=r"no site, and holds other files: thesis\.tex"):
        SiteFolder(root)
    assert tree(root) == {"thesis.tex": b"mine"}


def test_hidden_files_do_not_make_a_folder_somebody_elses(root: Path) -> None:
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref")
    update(root, page("index.html"))
    assert pages_of(root) == {".git/HEAD": b"ref", "index.html": b"x"}


def put_file(root: Path) -> None:
    (root / "new.html").write_text("mine")


def put_folder(root: Path) -> None:
    (root / "new.html").mkdir()


def put_link(root: Path) -> None:
    (root.parent / "elsewhere").write_text("mine")
    (root / "new.html").symlink_to(root.parent / "elsewhere")


def put_dangling_link(root: Path) -> None:
    (root / "new.html").symlink_to(root.parent / "nowhere")


@pytest.mark.parametrize("put", [put_file, put_folder, put_link, put_dangling_link])
def test_a_foreign_file_where_a_page_would_go_is_refused_before_anything_is_written(
    root: Path, put: Callable[[Path], None]
) -> None:
    update(root, page("index.html"))
    put(root)
    before = tree(root.parent)
    with pytest.raises(StoreError, match=r"did not write.*new\.html"):
        update(root, page("index.html", "new"), page("new.html"))
    assert tree(root.parent) == before


def test_nothing_is_written_through_a_link_out_of_the_folder(root: Path) -> None:
    update(root, page("index.html"))
    (root.parent / "elsewhere").mkdir()
    (root / "runs").symlink_to(root.parent / "elsewhere")
    with pytest.raises(StoreError, match="did not write"):
        update(root, page("index.html"), page("runs/a.html"))
    assert not list((root.parent / "elsewhere").iterdir())


def test_a_page_that_somebody_has_changed_is_not_overwritten(root: Path) -> None:
    update(root, page("index.html"), page("gone.html"))
    (root / "gone.html").write_text("with my remarks")
    with pytest.raises(StoreError, match=r"something else has changed.*gone\.html"):
        update(root, page("index.html"))
    assert (root / "gone.html").read_text() == "with my remarks"


def test_a_page_that_somebody_has_removed_is_written_again(root: Path) -> None:
    update(root, page("index.html"), page("a.html"))
    (root / "a.html").unlink()
    assert update(root, page("index.html"), page("a.html")) == Tally(1, 1, 0)


def test_a_build_that_was_killed_is_made_good_by_the_next(root: Path) -> None:
    def die() -> bytes:
        raise KeyboardInterrupt

    update(root, page("index.html"), page("old.html"))
    with pytest.raises(KeyboardInterrupt):
        update(root, page("a/new.html"), page("index.html", "new"), Page("z/last.html", "order", die))
    assert (root / "a" / "new.html").read_bytes() == b"x"
    update(root, page("index.html", "newer"))
    assert pages_of(root) == {"index.html": b"newer"}
    fresh = root.parent / "fresh"
    update(fresh, page("index.html", "newer"))
    assert (fresh / LIST).read_bytes() == (root / LIST).read_bytes()


@pytest.mark.parametrize("path", ["../outside.html", "/outside.html", "a/../../outside.html", "", "a\\b", "C:/x"])
def test_a_list_that_leads_out_of_the_folder_is_refused(root: Path, path: str) -> None:
    update(root, page("index.html"))
    outside = root.parent / "outside.html"
    outside.write_text("mine")
    content = json.loads((root / LIST).read_text())
    content["files"][path] = ["order", "digest"]
    (root / LIST).write_text(json.dumps(content))
    with pytest.raises(StoreError, match="damaged"):
        update(root, page("index.html", "new"))
    assert outside.read_text() == "mine"


@given(st.text(max_size=30))
def test_whatever_a_list_names_lies_in_the_folder(path: str) -> None:
    try:
        named = _own(path)
    except ValueError:
        return
    assert (Path("/site") / named).resolve().is_relative_to("/site")
    assert (Path("/site") / named).resolve() != Path("/site")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 1}', '{"format": 1, "files": 3, "changing": []}'])
def test_a_damaged_list_is_told_and_nothing_is_touched(root: Path, content: str) -> None:
    update(root, page("index.html"))
    (root / LIST).write_text(content)
    with pytest.raises(StoreError, match="damaged"):
        update(root, page("index.html", "new"))
    assert (root / "index.html").read_bytes() == b"x"


def test_a_site_of_a_later_format_is_refused(root: Path) -> None:
    update(root, page("index.html"))
    content = json.loads((root / LIST).read_text())
    (root / LIST).write_text(json.dumps({**content, "format": 2}))
    with pytest.raises(StoreError, match="format 2"):
        SiteFolder(root)


def test_a_file_in_the_place_of_the_folder_is_told(root: Path) -> None:
    root.write_text("mine")
    with pytest.raises(StoreError):
        update(root, page("index.html"))
    assert root.read_text() == "mine"


def test_two_builds_at_once_do_not_mix(root: Path) -> None:
    update(root, page("index.html"))
    with FileLock(root / LOCK), pytest.raises(StoreError, match="another process"):
        update(root, page("index.html", "new"))
    assert (root / "index.html").read_bytes() == b"x"
