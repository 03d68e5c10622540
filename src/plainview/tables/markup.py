"""XML of strangers, looked through before a parser builds anything of it.

Owns what lists, workbooks and answers of sign-in services never have, and what makes their parsers slow or large:
declarations of their own, hundreds of attributes in one element, deep nesting. It must never build a tree, and never
open what the XML names. No Django here.
"""

from __future__ import annotations

from xml.parsers.expat import ParserCreate

from plainview.recognition.foreign import Unreadable

ATTRIBUTES = 100
"""Most attributes of one element: chosen, feeds and workbooks have some twenty. Feedparser, lxml's `attrib` and canonical
XML take the square of this number."""

DEPTH = 100
"""Most elements inside each other: chosen, lists have some ten; libxml2 ends at 256."""


def look_through(data: bytes) -> int:
    """Return the number of elements and pieces of text, which is what reading XML costs.

    Args:
        data: the document, in UTF-8 or with the encoding that it states.

    Raises:
        Unreadable: it defines entities or attributes, or is beyond the limits; the text names the line.
        ExpatError: it is not well-formed.
    """
    parser = ParserCreate()
    depth = events = 0

    def refuse(why: str) -> Unreadable:
        return Unreadable(f"line {parser.CurrentLineNumber}: {why}")

    def doctype(_name: str, _system: str | None, _public: str | None, internal: int) -> None:
        if internal:
            raise refuse("it defines entities or attributes of its own, which are not read")

    def start(_name: str, attributes: list[str]) -> None:
        nonlocal depth, events
        depth, events = depth + 1, events + 1
        if len(attributes) > 2 * ATTRIBUTES:
            raise refuse(f"an element has {len(attributes) // 2:,} attributes, and {ATTRIBUTES} are read")
        if depth > DEPTH:
            raise refuse(f"more than {DEPTH} elements are inside each other")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def text(_text: str) -> None:
        nonlocal events
        events += 1

    parser.ordered_attributes = True
    parser.StartDoctypeDeclHandler, parser.CharacterDataHandler = doctype, text
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return events
