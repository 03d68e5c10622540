"""Links to where a picture came from.

Owns the neutral link of a picture that has no other. It must never return a path of a machine: candidate lists and
packages for the defence show these links.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

FILE = "urn:plainview:file:"
"""Beginning of the link of a file that no publisher's link names; its name follows."""


def own_link(name: str) -> str:
    """Return the link of a file: its name below the folder that was enrolled, with the name of that folder."""
    return FILE + quote(name)


def without_path(link: str) -> str:
    """Return a link as it is, and for a file of some machine only its name: where it is, is nobody else's concern."""
    if link[:5].lower() != "file:":
        return link
    address, mark, number = link.partition("#")
    return own_link(unquote(address).rstrip("/").rpartition("/")[2]) + mark + number
