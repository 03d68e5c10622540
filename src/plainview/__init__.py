"""Plainview: face search for investigations that can account for every search it runs.

This package owns nothing but its version, so that the decoder's restricted child can import it cheaply.
"""

__version__ = "0.1.0"
