"""The pages of the documentation as a reader follows them: blocks in order, in one folder.

Conventions: a block with a `:caption:` is a file of that name, below the current folder; a `python` block without one
is executed; a `yaml` block without one replaces the same top-level keys of the last whole suite before it (claims and
paper, which speak of cases, are left out where `size` changes), unless it is a report, which stands by itself; of a
`console` block the lines after `$ ` are executed, and what stands below them is what they print (`...` stands for
anything). A comment `% not run: REASON` before a block exempts it. Of other languages there is only TOML, a piece of a
file for the eye.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(
    r"^(?:% not run: (?P<reason>[^\n]*)\n\n)?```(?:\{code-block\} )?(?P<language>\w+)\n"
    r"(?::caption: (?P<caption>[^\n]*)\n)?(?P<body>.*?)^```$",
    re.M | re.S,
)
_KEY = re.compile(r"^(?=[a-z_]+:)", re.M)


@dataclass(frozen=True)
class Block:
    """A block of a page. `line` is its first line in the page, `reason` why it is not run."""

    page: str
    line: int
    language: str
    caption: str | None
    reason: str | None
    body: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands of a console block, each with what it prints."""
        parts = re.split(r"^\$ (.*)\n", self.body, flags=re.M)
        assert not parts[0], f"{self.place}: text before the first command"
        return list(zip(parts[1::2], parts[2::2], strict=True))


def pages() -> list[Path]:
    return sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)


def blocks(page: Path) -> Iterator[Block]:
    """The blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start("language")) + 1
        name = page.relative_to(ROOT).as_posix()
        yield Block(name, line, found["language"], found["caption"], found["reason"], found["body"])


def suites(page: Path) -> Iterator[tuple[Block, str]]:
    """Each YAML block of a page with the whole suite that it amounts to."""
    whole = ""
    for block in blocks(page):
        if block.language != "yaml" or _is_report(block):
            continue
        text = block.body if re.search(r"^name:", block.body, re.M) else _changed(whole, block)
        if re.search(r"^name:", block.body, re.M):
            whole = text
        yield block, text


def reports(page: Path) -> Iterator[Block]:
    """Each YAML block of a page that is a report, whose studies the page has in files."""
    return (block for block in blocks(page) if block.language == "yaml" and _is_report(block))


def _is_report(block: Block) -> bool:
    return re.search(r"^kind: report$", block.body, re.M) is not None


def _changed(whole: str, block: Block) -> str:
    """A suite with the top-level keys of a block in the place of its own."""
    assert whole, f"{block.place}: no whole suite stands before it"
    new = dict(_parts(block.body))
    gone = {*new, *(("claims", "paper") if "size" in new else ())}
    kept = [text for key, text in _parts(whole) if key not in gone]
    return "".join((*kept, *new.values()))


def _parts(text: str) -> list[tuple[str, str]]:
    return [(part.partition(":")[0], part) for part in _KEY.split(text) if part.strip()]


def write(block: Block, folder: Path) -> Path:
    """Write the file that a captioned block is."""
    assert block.caption is not None
    path = folder / block.caption
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.body, encoding="utf-8")
    return path
