"""Shared searches: one agency asks, the other searches its own gallery under the rules of both.

Owns requests, answers and withdrawals. It must never move a template or a gallery to another agency.
"""
