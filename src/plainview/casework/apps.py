"""Registers the casework tables with Django."""

from __future__ import annotations

from django.apps import AppConfig


class CaseworkConfig(AppConfig):
    """The only app with tables."""

    name = "plainview.casework"
    label = "casework"
