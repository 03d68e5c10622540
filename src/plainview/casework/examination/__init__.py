"""One-to-one comparison by an examiner, and the independent, blind one of a verifier.

Owns the form, its drafts and who verifies. It must never show a verifier the score, the rank or the first verdict.
"""
