"""Requests of people about themselves: access, objection and erasure.

Owns these requests, from filing to the letter that answers them. It must never search before the identity is
confirmed, nor keep a template of the person who asks.
"""
