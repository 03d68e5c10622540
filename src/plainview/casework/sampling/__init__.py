"""Random samples of searches that an auditor reviews, drawn so that nobody can steer them.

Owns the draw and the findings. It must never let a search be chosen by hand.
"""
