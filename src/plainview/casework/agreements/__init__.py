"""What two agencies agreed about shared searches, and the check that it still holds.

Owns reading the terms in force. It must never decide a search by itself: it answers facts to `policy.sharing`.
"""
