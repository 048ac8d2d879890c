"""What WeasyPrint leaves to do for PDF/A-3a and PDF/UA-1: formulas tagged as such, links described by their words, and
both standards declared."""

from __future__ import annotations

import itertools
from types import MethodType
from typing import Any

from benchsuite.paper.rendering.equations import FORMULA
from benchsuite.paper.rendering.line_breaks import JOINER

_PDFUA = (
    '<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"><pdfuaid:part>1</pdfuaid:part>'
    '</rdf:Description><rdf:Description rdf:about="" '
    'xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/" '
    'xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" '
    'xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#"><pdfaExtension:schemas><rdf:Bag>'
    '<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>'
    "<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>"
    "<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix><pdfaSchema:property><rdf:Seq>"
    '<rdf:li rdf:parseType="Resource"><pdfaProperty:name>part</pdfaProperty:name>'
    "<pdfaProperty:valueType>Integer</pdfaProperty:valueType>"
    "<pdfaProperty:category>internal</pdfaProperty:category>"
    "<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>"
    "</rdf:li></rdf:Seq></pdfaSchema:property></rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"
)


def declare_accessible(laid_out: Any) -> None:
    """Declare PDF/UA-1 beside PDF/A-3a in the metadata; WeasyPrint admits one variant a document."""
    plain = laid_out.metadata.generate_rdf_metadata

    def both(_: Any, *arguments: Any) -> bytes:
        text: str = plain(*arguments).decode()
        return text.replace("</rdf:RDF>", f"{_PDFUA}</rdf:RDF>").encode()

    laid_out.metadata.generate_rdf_metadata = MethodType(both, laid_out.metadata)


def finish(laid_out: Any, pdf: Any) -> None:
    """Mend the objects of a PDF before it is written: WeasyPrint tags every drawing as a figure, describes a link by
    the name of its destination, and lists each associated file twice."""
    import pydyf  # type: ignore[import-untyped]

    for *_, box in itertools.chain(*(page.links for page in laid_out.pages)):
        if words := " ".join("".join(box.element.itertext()).replace(JOINER, "").split()):
            box.link_annotation["Contents"] = pydyf.String(words)
    for element in pdf.objects:
        if isinstance(element, dict) and element.get("S") == "/Figure" and "Alt" in element:
            _, *parts = element["Alt"].string.split(FORMULA)
            if len(parts) == 2:
                reading, text = map(pydyf.String, parts)
                element.update({"S": "/Formula", "Alt": reading, "ActualText": text})
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(dict.fromkeys(pdf.catalog["AF"]))
