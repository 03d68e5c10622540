"""Reports of an agency's use, as page, PDF, CSV and JSON, counted from the log.

Owns the period and the figures. It must never count anything that is not in the log.
"""
