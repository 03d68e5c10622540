"""Accessible PDFs from plain values: typesetting and bar charts.

Owns the templates' language and its escape rules. Pure: it must never read a database.
"""
