"""Files that must not be lost, altered or read by strangers: content-addressed, encrypted at rest.

Owns blobs (pictures and other originals) and the sealing of bytes that the database keeps. It must never know
what the bytes mean or who may read them.
"""
