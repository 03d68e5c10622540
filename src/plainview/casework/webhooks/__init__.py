"""Webhooks: signed messages to an agency's own systems about what happened, by id.

Owns which entry of the log becomes which message, and the delivery of each. It must never put a picture, a name, a score
or a conclusion in a message.
"""
