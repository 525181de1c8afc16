"""XML for the two firewalls that keep their configuration in it: written only, never read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Comment, Element, SubElement, indent, tostring

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def document(root: str, head: Sequence[str], content: Mapping[str, Any]) -> str:
    """Return an XML document; a list makes one element an entry, ``@name`` an attribute, None an empty element."""
    element = Element(root)
    # Two hyphens would end the comment.
    element.append(Comment("\n  " + "\n  ".join(line.replace("--", "- -") for line in head) + "\n"))
    _fill(element, content)
    indent(element)
    return '<?xml version="1.0"?>\n' + tostring(element, encoding="unicode", short_empty_elements=True) + "\n"


def _fill(element: Element, content: Mapping[str, Any]) -> None:
    for key, value in content.items():
        if key.startswith("@"):
            element.set(key[1:], str(value))
            continue
        for one in value if isinstance(value, list) else [value]:
            inner = SubElement(element, key)
            if isinstance(one, dict):
                _fill(inner, one)
            elif one is not None:
                inner.text = str(one)
