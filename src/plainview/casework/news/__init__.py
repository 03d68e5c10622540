"""Notifications: on every page within seconds, and by letter.

Owns what members are told and when. It must never put a picture, a name, a score, a case or a conclusion in a letter.
"""
