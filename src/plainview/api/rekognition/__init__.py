"""The interface of Amazon Rekognition, for software that was written with boto3: the same acts, rules and log.

Owns the translation of names. A collection is a gallery, a face is a reference, and a search needs a case and a purpose
like every other.
"""
