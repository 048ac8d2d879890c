"""Papers made to hurt who reads them, each from an honest one: too large once unpacked, too deep, or with results that
cannot be."""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    EncodedStreamObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from benchsuite.suite.schema.suite import MOST_RUNS

RESULTS = "results.json"
Change = Callable[[dict[str, Any]], object]


def with_files(paper: bytes, files: Mapping[str, bytes]) -> bytes:
    """The pages of a paper with other files inside."""
    writer = PdfWriter()
    for page in PdfReader(io.BytesIO(paper)).pages:
        writer.add_page(page)
    for name, content in files.items():
        writer.add_attachment(name, content)
    return _written(writer)


def with_results(paper: bytes, change: Change | bytes) -> bytes:
    """The paper with other results: `change` alters them in place, or is what stands instead."""
    files = {name: contents[0] for name, contents in PdfReader(io.BytesIO(paper)).attachments.items()}
    if isinstance(change, bytes):
        return with_files(paper, {**files, RESULTS: change})
    content = json.loads(files[RESULTS])
    change(content)
    return with_files(paper, {**files, RESULTS: json.dumps(content).encode()})


def _written(writer: PdfWriter) -> bytes:
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _test(**measures: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        for record in content["records"]:
            record["test"] |= measures

    return change


def _epochs(**measures: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        for record in content["records"]:
            record["best"] |= measures
            for epoch in record["epochs"]:
                epoch |= {"train_loss": 1e308, **measures}

    return change


def _outcomes(count: object) -> Change:
    return lambda content: [packed.__setitem__(0, count) for packed in content["outcomes"].values()]


def _uneven(content: dict[str, Any]) -> None:
    key = next(iter(content["outcomes"]))
    content["outcomes"][key] = [3, base64.b64encode(b"\0").decode()]


def _none_of(kind: str) -> Change:
    return lambda content: content.update({kind: type(content[kind])()})


RESULTS_THAT_CANNOT_BE: dict[str, Change | bytes] = {
    "more outcomes than there are": _outcomes(10_000_000_000),
    "fewer outcomes than none": _outcomes(-1),
    "a text for a count of outcomes": _outcomes("3"),
    "outcomes of one run only": _uneven,
    "a confusion of nothing": _test(confusion=[]),
    "a confusion of zeros": _test(confusion=[[0, 0, 0]] * 3),
    "a ragged confusion": _test(confusion=[[1, 2, 3], [1], []]),
    "a confusion of another size": _test(confusion=[[1, 0], [0, 1]]),
    "a confusion beyond 64 bits": _test(confusion=[[10**30, 0, 0], [0, 1, 0], [0, 0, 1]]),
    "an accuracy that is no number": _test(accuracy=float("nan")),
    "an infinite loss": _test(loss=float("inf")),
    "a loss near the largest number": _test(loss=1.7e308),
    "huge losses in all epochs": _epochs(validation_loss=1.7e308),
    "epochs that are no numbers": _epochs(validation_loss=float("nan"), validation_accuracy=float("nan")),
    "no plan": _none_of("plan"),
    "a plan without end": lambda content: content["plan"].update(seeds=list(range(MOST_RUNS + 1))),
    "more prose than a paper can hold": lambda content: content["suite"]["paper"].update(
        sections=[{"title": f"S{number}", "text": "palabra " * 5000} for number in range(60)]
    ),
    "no records": _none_of("records"),
    "no keys": _none_of("keys"),
    "records that are none": lambda content: content.update(records=[1, None, "x"]),
    "keys that are none": lambda content: content.update(keys=[[[], {}, None]]),
    "titles that are none": lambda content: content.update(class_titles=[1], model=[None, 3]),
    "photos that are not there": lambda content: content.update(photos=["a"] * 5000),
    "arrays too deep": b"[" * 200_000,
    "results of another kind": b'{"schema": 3, "suite": 1}',
    "nothing": b"",
}


def nested_forms(paper: bytes, depth: int = 40) -> bytes:
    """A page that draws a form twice, which draws another twice, and so on."""
    writer = PdfWriter(clone_from=io.BytesIO(paper))
    form: Any = None
    for level in range(depth):
        stream = DecodedStreamObject()
        stream.set_data(b"BT /F1 9 Tf (x) Tj ET" if form is None else b"/X Do /X Do")
        stream.update(
            {
                NameObject("/Type"): NameObject("/XObject"),
                NameObject("/Subtype"): NameObject("/Form"),
                NameObject("/BBox"): ArrayObject([NumberObject(0), NumberObject(0), NumberObject(9), NumberObject(9)]),
                NameObject("/Resources"): DictionaryObject(
                    {NameObject("/Font"): _font()}
                    if form is None
                    else {NameObject("/XObject"): DictionaryObject({NameObject("/X"): form})}
                ),
            }
        )
        form = writer._add_object(stream)
        assert level < depth
    page = writer.pages[0]
    resources: Any = page["/Resources"]
    resources[NameObject("/XObject")] = DictionaryObject({NameObject("/X"): form})
    contents = DecodedStreamObject()
    contents.set_data(b"/X Do /X Do")
    page[NameObject("/Contents")] = writer._add_object(contents)
    return _written(writer)


def _font() -> DictionaryObject:
    font = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    made = DictionaryObject({NameObject(name): NameObject(value) for name, value in font.items()})
    return DictionaryObject({NameObject("/F1"): made})


def many_pages(paper: bytes, count: int = 20_000) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(paper))
    for _ in range(count):
        writer.add_blank_page(100, 100)
    return _written(writer)


def many_words(paper: bytes, pages: int = 30, words: int = 20_000) -> bytes:
    """Pages of words that are all the same, which are slow to compare."""
    writer = PdfWriter(clone_from=io.BytesIO(paper))
    stream = DecodedStreamObject()
    stream.set_data(b"BT /F1 9 Tf " + b"(a b ) Tj " * words + b"ET")
    contents = writer._add_object(stream)
    for _ in range(pages):
        page = writer.add_blank_page(100, 100)
        page[NameObject("/Contents")] = contents
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): _font()})
    return _written(writer)


def large_once_unpacked(paper: bytes, files: int = 60, size: int = 70_000_000, name: str = "{}.txt") -> bytes:
    """Some gigabytes of zeros in as many attachments, each small enough."""
    writer = PdfWriter(clone_from=io.BytesIO(paper))
    stream = EncodedStreamObject()
    stream._data = zlib.compress(bytes(size), 9)
    stream.update({NameObject("/Type"): NameObject("/EmbeddedFile"), NameObject("/Filter"): NameObject("/FlateDecode")})
    one = writer._add_object(stream)
    names = ArrayObject()
    for number in range(files):
        called = TextStringObject(name.format(number))
        specification = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Filespec"),
                NameObject("/F"): called,
                NameObject("/UF"): called,
                NameObject("/EF"): DictionaryObject({NameObject("/F"): one}),
            }
        )
        names += [called, writer._add_object(specification)]
    tree = DictionaryObject({NameObject("/EmbeddedFiles"): DictionaryObject({NameObject("/Names"): names})})
    writer._root_object[NameObject("/Names")] = tree
    return _written(writer)


def encrypted(paper: bytes) -> bytes:
    writer = PdfWriter(clone_from=io.BytesIO(paper))
    writer.encrypt("secret", algorithm="RC4-128")
    return _written(writer)


def encrypted_as_few_can_read(paper: bytes) -> bytes:
    """By AES, for which pypdf needs another library."""
    return encrypted(paper).replace(b"/V 2", b"/V 5").replace(b"/R 3", b"/R 6")


def huge_photo(paper: bytes) -> bytes:
    """A photo of a few kilobytes that is 400 megapixels large."""
    target = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(target, "PNG", optimize=True)
    files = {name: contents[0] for name, contents in PdfReader(io.BytesIO(paper)).attachments.items()}
    return with_files(paper, {**files, "photo-000.jpg": target.getvalue()})


FILES_THAT_HURT: dict[str, Callable[[bytes], bytes]] = {
    "encrypted": encrypted,
    "encrypted by AES": encrypted_as_few_can_read,
    "cut in half": lambda paper: paper[: len(paper) // 2],
    "its head alone": lambda paper: paper[:20],
    "a page of nested forms": nested_forms,
    "twenty thousand pages": many_pages,
    "many words": many_words,
    "gigabytes of attachments": large_once_unpacked,
    "gigabytes under one name": lambda paper: large_once_unpacked(paper, name="results.json"),
    "a huge photo": huge_photo,
    "without attachments": lambda paper: with_files(paper, {}),
}
