"""The web application; it connects the sign-in library's signals to the log."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages, templates and static files."""

    name = "plainview.web"
    label = "web"

    def ready(self) -> None:
        """Connect the signals, and let a code be taken once."""
        from plainview.web import second_factor, signals

        signals.connect()
        second_factor.remember_codes()
