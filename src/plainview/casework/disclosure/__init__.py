"""Disclosure packages, the defence's access to them, exoneration reviews.

Owns what the defence receives and what is redacted. It must never withhold an item without saying so.
"""
