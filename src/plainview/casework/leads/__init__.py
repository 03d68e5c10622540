"""Leads: released or withheld by a supervisor, their sheet, their outcome.

Owns the decision after examination and verification. It must never call a lead an identification.
"""
