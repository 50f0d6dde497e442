"""Equations as MathML, which browsers draw themselves; a long one in pieces that may wrap.

Browsers do not break a line within a formula. One that is wider than a phone becomes several
``<math>`` elements: it is cut outside of brackets, after a comma or before a relation or a sign.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

from latex2mathml.converter import convert

SPACE = "http://www.w3.org/1998/Math/MathML"
LONG = 16  # marks of a formula from which it may be cut
SHORTEST = 5  # marks of a piece; what is shorter stays with the piece before it
RELATIONS = set("=≈≠<>≤≥∈≡→⇒∝←:") | {"\u2254"}
SIGNS = set("+−-±⋆∘·⋅×")
OPEN, CLOSE = set("([{⟨⌊⌈"), set(")]}⟩⌋⌉")


def mathml(tex: str, display: str) -> str:
    """One formula, "inline" or "block".

    Raises
    ------
    ValueError
        If it has a command that the converter does not know, and would leave as it is.
    """
    markup = convert(tex, display=display)
    if "\\" in markup:
        raise ValueError(f"the book cannot show this equation: {tex}")
    ET.register_namespace("", SPACE)
    root = ET.fromstring(markup)
    for sign in root.iter(f"{{{SPACE}}}mo"):
        if (sign.text or "").strip().isalpha() and len(sign.text.strip()) > 1:  # log, max, cos
            sign.set("form", "prefix")
            sign.set("lspace", "0.17em")
            sign.set("rspace", "0.17em")
    row = root[0] if len(root) == 1 and root[0].tag == f"{{{SPACE}}}mrow" else root
    pieces = list(cut(list(row))) if marks(row) > LONG else [list(row)]
    made = [_element(piece, display) for piece in pieces]
    if display == "block":
        return f'<div class="equation">{"".join(made)}</div>\n'
    return f'<span class="formula">{"<wbr>".join(made)}</span>'


def cut(children: list[ET.Element]) -> Iterator[list[ET.Element]]:
    """The formula in pieces: none ends within brackets or is very short."""
    piece: list[ET.Element] = []
    depth, last = 0, "("
    for child in children:
        text = (child.text or "").strip() if child.tag.endswith("}mo") else ""
        begins = depth == 0 and text and (text in RELATIONS or text in SIGNS)
        if begins and sum(map(marks, piece)) >= SHORTEST:
            yield piece
            piece = []
        if text and child.get("form") is None:
            signs_a_number = text in SIGNS and (last in OPEN or last in RELATIONS or last == ",")
            child.set("form", "prefix" if signs_a_number else _form(text))
        last = text if not child.tag.endswith("}mspace") else last
        depth += (text in OPEN) - (text in CLOSE)
        piece.append(child)
        wide = child.tag.endswith("}mspace") and float(child.get("width", "0em")[:-2]) >= 1
        ended = wide or (text == "," and depth == 0)
        if ended and sum(map(marks, piece)) >= SHORTEST:
            yield piece
            piece = []
    if piece:
        yield piece


def _form(text: str) -> str:
    """Whether a sign stands between two things, which the browser cannot see in a piece."""
    if text in OPEN or text in "∑∏∫":
        return "prefix"
    return "postfix" if text in CLOSE or text in "|‖∥!′" else "infix"


def marks(element: ET.Element) -> int:
    """How many letters, digits and signs a formula has, as a measure of its width."""
    if element.tag.endswith(("}mfrac", "}munder", "}mover", "}munderover", "}mtable")):
        return max((marks(child) for child in element), default=0)
    own = len((element.text or "").strip())
    return own + sum(marks(child) for child in element)


def _element(children: list[ET.Element], display: str) -> str:
    root = ET.Element(f"{{{SPACE}}}math")
    if display == "block":
        root.set("displaystyle", "true")
    row = ET.SubElement(root, f"{{{SPACE}}}mrow")
    row.extend(children)
    return ET.tostring(root, encoding="unicode")
