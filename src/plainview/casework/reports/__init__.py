"""Reports on an agency's use, as page, PDF, CSV and JSON, counted from the log.

Owns the figures of a period. It must never present a figure from the records as counted from the log.
"""
