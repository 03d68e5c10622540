"""Thin pages over casework actions and queries. No rule and no write lives here."""
