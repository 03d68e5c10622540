"""Leads: released or withheld by a supervisor, with their sheet and outcome.

Owns the decision after examination and verification. It must never call a lead an identification.
"""
