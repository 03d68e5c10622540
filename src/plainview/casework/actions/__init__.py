"""Casework verbs: the only writers; each names its acting member and writes its audit entry in the same transaction."""
