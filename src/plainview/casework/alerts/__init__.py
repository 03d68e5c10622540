"""Alerts: a saved probe compared with every newly enrolled reference until it expires.

Owns what an alert raises and who is notified. It must never raise the same reference twice.
"""
