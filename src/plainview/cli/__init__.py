"""The `plainview` command: reads arguments, calls casework actions and queries, prints. No rule and no write lives here."""
