"""The thin typed HTTP API, bearer tokens only, over casework actions and queries."""
