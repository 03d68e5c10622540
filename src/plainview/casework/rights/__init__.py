"""People who ask what an agency holds about them, and object or ask for erasure.

Owns their requests, from filing to the letter of answer. It must never search before an identity is confirmed, nor
keep a template of the person who asks.
"""
