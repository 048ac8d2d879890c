"""The pages, followed word by word by a reader in an empty folder: every file written, every command run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.fresh import shell
from support.pages import DOCS, blocks, pages, write

WALKS = [page for page in pages() if any(block.language == "console" and not block.reason for block in blocks(page))]
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def agrees(said: str, printed: str) -> bool:
    """Whether a page shows what was said: `...` stands for anything, and any white space for any other."""
    found, parts = " ".join(said.split()), [" ".join(part.split()) for part in printed.split("...")]
    at = 0
    for part in parts:
        at = found.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return found.startswith(parts[0]) and found.endswith(parts[-1])


def test_what_a_page_shows_is_compared() -> None:
    assert agrees("a  b\nc d\n", "a ... d")
    assert agrees("a b c d", "...b c...")
    assert not agrees("a b c d", "a ... e")
    assert not agrees("a b c d", "b ...")
    assert not agrees("a b c d", "a ... c")


def test_there_are_pages_to_follow() -> None:
    assert len(WALKS) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("page", WALKS, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_can_be_followed_word_by_word(page: Path, tmp_path: Path) -> None:
    reader = shell(tmp_path)
    for block in blocks(page):
        if block.reason:
            continue
        if block.caption:
            write(block, reader.folder)
        if block.language != "console":
            continue
        for command, printed in block.commands:
            done = reader.run(command)
            said = COLOURS.sub("", done.stdout)
            assert done.returncode == 0, f"{block.place}: {command}\n{said}"
            if printed.strip():
                assert agrees(said, printed), f"{block.place}: {command}\nexpected\n{printed}\nsaid\n{said}"
