"""The search: authorise, record, embed, compare, rank, answer.

Owns the order of these steps: the record is durable before a candidate is computed. It must never answer without a
case, a purpose and an authorisation.
"""
