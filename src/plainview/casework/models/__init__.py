"""Casework nouns."""
