r"""The mini grammar of prose, and the gate through which foreign text enters a paper.

`**bold**`, `*foreign words*`, `` `code` ``, `$tex$`, `[words](https://… or #id)`, `[[work]]`, `{{reference}}`; a
backslash takes a sign literally. Everything else is escaped. Paragraphs are separated by blank lines, lines that
begin with `- ` are a list, a paragraph that begins with `1. ` is a numbered one, each of whose items begins with the
next number, and `$$tex$$ reading` is a displayed equation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup, escape

from benchsuite.errors import PaperError
from benchsuite.paper.document.blocks import Block, Bullets, Equation, Paragraph
from benchsuite.paper.document.quantities import TOKEN
from benchsuite.suite.schema.base import LONGEST_TEXT
from benchsuite.suite.schema.suite import Language

MOJIBAKE = re.compile("Ã(?![A-ZÁÉÍÓÚÑÜÕÇ])|â€|ğŸ|Â[\u00a0-\u00bf]|\ufffd")
LONGEST_CODE = 200
DROPPED = {"Cc", "Cf", "Co", "Cs", "Cn"}
WORDS_OPEN: Mapping[Language, str] = {"en": "\ue004", "es": "\ue006"}
WORDS_CLOSE = "\ue005"
"""Around the words of a text that are in another language and not in italics: what no foreign text can contain."""
_INLINE = re.compile(
    r"\\(?P<literal>[\\*`\[\]{}$])"
    r"|\*\*(?P<bold>[^*]+(?:\*[^*]+\*[^*]*)*)\*\*"
    r"|\*(?P<italic>(?:\\.|[^*\\\s])(?:(?:\\.|[^*\\])*(?:\\.|[^*\\\s]))?)\*"
    r"|`(?P<code>[^`]+)`"
    r"|\$(?P<tex>[^$\s](?:[^$\n]{0,298}[^$\s])?)\$(?!\d)"
    r"|\[(?P<words>[^\[\]]+)\]\((?P<target>https://[^\s()<>\"']+|\#[A-Za-z][\w-]*)\)"
    + "".join(f"|{opens}(?P<{language}>[^{WORDS_CLOSE}]*){WORDS_CLOSE}" for language, opens in WORDS_OPEN.items())
    + r"|\[\[(?P<work>[^\[\]]+)\]\]"
    r"|\{\{(?P<reference>[^{}]+)\}\}" + f"|{TOKEN.pattern.replace('(', '(?P<quantity>', 1)}"
)


_ADDRESS = re.compile(r"https://[^\s()<>\"']+")
_FOLDERS = re.compile(r"(?:(?<![\w.:/\\…])|(?<=file://))(?:~|[A-Za-z]:)?[\\/]+(?:[^\s\\/:;,'\"()<>]+[\\/]+)+")
"""The folders of an absolute path; no part of an address."""


@dataclass(frozen=True)
class Links:
    """How a renderer turns identifiers into markup; each raises PaperError for what it does not know."""

    citation: Callable[[str], Markup]
    reference: Callable[[str], Markup]
    quantity: Callable[[int], Markup]
    equation: Callable[[str], Markup]


def clean(text: str, where: str) -> str:
    """Foreign text made safe to set: composed, without control, bidirectional, private or unassigned characters.

    Raises PaperError for text that was UTF-8 and has been read as Latin-1, and for text beyond all measure.
    """
    if len(text) > LONGEST_TEXT:
        raise PaperError(
            f"this text has {len(text)} characters",
            where=where,
            expected=f"at most {LONGEST_TEXT}",
            remedy="split it into sections, or shorten it",
        )
    if found := MOJIBAKE.search(text):
        start = max(0, found.start() - 15)
        raise PaperError(
            f"this text was spoilt by a wrong encoding: «{text[start : found.end() + 15]}»",
            where=where,
            expected="UTF-8 text such as «clasificación»",
            remedy="save the file as UTF-8 again from its source",
        )
    composed = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return "".join(c for c in composed if c in "\n\t" or unicodedata.category(c) not in DROPPED)


def line(text: str, where: str) -> str:
    """Foreign text for one line: cleaned, and its white space drawn together."""
    return on_one_line(clean(text, where))


def on_one_line(text: str) -> str:
    """Text whose lines are drawn together, and whose no-break spaces stay: «80 %» is to break no more than before."""
    return re.sub(r"[ \t\n\u2028\u2029]+", " ", text).strip()


def words_of(language: Language, text: str) -> str:
    """A text of the mini grammar said to be in this language."""
    return f"{WORDS_OPEN[language]}{text}{WORDS_CLOSE}"


def literal(text: str) -> str:
    """`text` written in the mini grammar so that it means itself."""
    return re.sub(r"([\\*`\[\]{}$])", r"\\\1", text)


def code(text: str, where: str) -> str:
    """Foreign text for one line as code, without the folders of somebody's machine."""
    shown = file_name(line(text, where)).replace("`", "")
    return f"`{shown[:LONGEST_CODE]}`"


def jump(words: str, block: str, where: str) -> str:
    """Foreign words that lead to a block of the paper; the words alone where they have what links cannot hold."""
    shown = literal(line(words, where))
    return shown if re.search(r"[\[\]\\]", shown) else f"[{shown}](#{block})"


def link(words: str, address: str, where: str) -> str:
    """Foreign words that lead to a foreign address; the words alone where it is none that a paper links to."""
    shown = literal(line(words, where))
    return f"[{shown}]({address})" if _ADDRESS.fullmatch(address) and not re.search(r"[\[\]\\]", shown) else shown


def file_name(value: str) -> str:
    """`value` with the folders of a path that lies on somebody's machine taken off: a paper has no use for them."""
    return re.sub(r"(?<![^=\s\"'])(?:~|\.{1,2}|[A-Za-z]:)?[\\/](?=\S)(?:[^\\/=;]+[\\/])*(?=[^\\/=;])", "", value)


def without_folders(text: str) -> str:
    """A sentence about files of somebody's machine, with the folders of each path left out: «…/photo.jpg»."""
    with suppress(RuntimeError):  # nobody's home
        if len((home := Path.home()).parts) > 2:  # whose name may have spaces, where the path would seem to end
            text = text.replace(str(home), "~")
    return _FOLDERS.sub("…/", text)


def plain(text: str) -> str:
    """The words of a text without its marks: for titles of windows, alternative texts and metadata."""

    def bare(match: re.Match[str]) -> str:
        groups = {name: value for name, value in match.groupdict().items() if value is not None}
        if marked := next((groups[name] for name in ("bold", "italic", *WORDS_OPEN) if groups.get(name)), None):
            return plain(marked)
        return next((groups[name] for name in ("literal", "code", "tex", "words") if name in groups), "")

    return _INLINE.sub(bare, text).strip()


def render(text: str, links: Links) -> Markup:
    """A text of the mini grammar as markup. What is not grammar is escaped."""

    def parts(source: str) -> Iterator[str]:
        position = 0
        for match in _INLINE.finditer(source):
            yield str(escape(source[position : match.start()]))
            yield piece(match)
            position = match.end()
        yield str(escape(source[position:]))

    def piece(match: re.Match[str]) -> str:
        name = match.lastgroup or ""
        value = match[name]
        match name:
            case "literal":
                return str(escape(value))
            case "bold":
                return f"<b>{''.join(parts(value))}</b>"
            case "italic":
                return f'<i lang="en">{"".join(parts(value))}</i>'
            case "en" | "es":
                return f'<span lang="{name}">{"".join(parts(value))}</span>'
            case "code":
                return f"<code>{escape(value)}</code>"
            case "tex":
                return str(links.equation(value))
            case "target":
                return f'<a href="{escape(value)}">{escape(match["words"])}</a>'
            case "work":
                return str(links.citation(value))
            case "quantity":
                return str(links.quantity(int(value)))
            case _:
                return str(links.reference(value.strip()))

    return Markup("".join(parts(text)))


def blocks(source: str, name: str) -> tuple[Block, ...]:
    """Cleaned prose as blocks. `name` begins the identifiers of its equations."""
    out: list[Block] = []
    equations = 0
    for chunk in re.split(r"\n\s*\n", source.strip()):
        shown = re.fullmatch(r"\$\$(.{1,500}?)\$\$\s*(.*)", chunk.strip(), re.DOTALL)
        if shown:
            equations += 1
            tex, reading = map(on_one_line, shown.groups())
            out.append(Equation(f"eq-{name}-{equations}", tex, reading or tex))
            continue
        prose: list[str] = []
        items: list[str] = []
        numbered = chunk.lstrip().startswith("1. ")
        for row in chunk.splitlines():
            stripped = row.strip()
            mark = f"{len(items) + 1}. " if numbered else "- "
            if stripped.startswith(mark):
                items.append(stripped[len(mark) :])
            elif items and stripped:
                items[-1] += f" {stripped}"
            elif stripped:
                prose.append(stripped)
        if prose:
            out.append(Paragraph(" ".join(prose)))
        if items:
            out.append(Bullets(tuple(items), numbered=numbered))
    return tuple(out)
