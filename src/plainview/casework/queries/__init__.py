"""Casework readers."""
