"""Thin pages: read, call an action, render."""
