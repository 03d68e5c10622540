"""Videos: uploaded in parts, read into people and stills, exported, erased.

Owns the stored video and the grouping of faces inside one video. It must never compare a face with a gallery: a
picked still becomes a probe, and a probe is searched like any other.
"""
