"""MkDocs asks this file for the reference pages while it builds; they are written nowhere else."""

from __future__ import annotations

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from tools.docs.reference import pages


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    for path, page in pages().items():
        files.append(File.generated(config, path, content=page()))
    return files
