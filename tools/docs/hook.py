"""MkDocs asks this file for the reference pages while it builds; they are written nowhere else.

A link to one of them is written as a link into docs/reference/index.md, so that it leads somewhere without the site too.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from tools.docs.reference import pages

_NAMES = "|".join(PurePosixPath(path).stem for path in pages())
_LINK = re.compile(rf"\]\(((?:(?:\.\./)?reference/)?)index\.md#({_NAMES})\)")
_HEADING = re.compile(rf"^## ({_NAMES})$", re.M)


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    for path, page in pages().items():
        files.append(File.generated(config, path, content=page()))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page whose links lead to the pages that are made from the code."""
    if page.file.src_uri == "reference/index.md":
        return _HEADING.sub(r"## [\1](\1.md)", markdown)
    return _LINK.sub(r"](\1\2.md)", markdown)
