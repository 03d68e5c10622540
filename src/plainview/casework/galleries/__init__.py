"""Galleries and their passports: legal basis, source, owner, expiry, sharing, calibration, exchange.

Owns what a gallery is and the ordered log of its references. It must never let a gallery be searched whose legal
basis has ended.
"""
