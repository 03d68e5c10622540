"""Pixels to templates, pure: it knows no gallery and no person. Kept import-free: the decoder child loads it."""
