"""Schema history of the casework tables."""
