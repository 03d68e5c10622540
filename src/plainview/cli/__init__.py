"""The `plainview` command: reads arguments, calls acts and reads of casework, prints. No rule and no write is here."""
